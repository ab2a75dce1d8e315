import { DescribeExecutionCommand, ExecutionDoesNotExist, type SFNClient } from '@aws-sdk/client-sfn';
import type { Executions } from './executions.port.ts';
import { DependencyUnavailable } from './failures.ts';

export function stepFunctionsExecutions(stepFunctions: SFNClient, stateMachineArn: string): Executions {
  const executions = stateMachineArn.replace(':stateMachine:', ':execution:');
  return {
    async statusOf(name) {
      const executionArn = `${executions}:${name}`;
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
