import { DescribeExecutionCommand, ExecutionDoesNotExist, type SFNClient } from '@aws-sdk/client-sfn';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { RequestExecutions } from './request-executions.port.ts';

export function stepFunctionsRequestExecutions(
  stepFunctions: SFNClient,
  stateMachineArn: string,
): RequestExecutions {
  const executions = stateMachineArn.replace(':stateMachine:', ':execution:');
  return {
    async statusOf(requestId) {
      const executionArn = `${executions}:${requestId}`;
      try {
        const { status } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
        // One that somebody is about to redrive goes on by itself.
        return status === undefined || status === 'PENDING_REDRIVE' ? 'RUNNING' : status;
      } catch (cause) {
        if (cause instanceof ExecutionDoesNotExist) return undefined;
        throw new DependencyUnavailable('Step Functions did not say how an execution stands', { cause });
      }
    },
  };
}
