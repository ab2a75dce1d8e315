import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { WorkflowStarter } from './workflow-starter.port.ts';

export function stepFunctionsWorkflowStarter(
  stepFunctions: SFNClient,
  stateMachineArn: string,
): WorkflowStarter {
  return {
    async start(requestId) {
      try {
        await stepFunctions.send(
          new StartExecutionCommand({
            stateMachineArn,
            name: requestId,
            input: JSON.stringify({ requestId }),
          }),
        );
      } catch (cause) {
        // It has started before, and ended.
        if (cause instanceof ExecutionAlreadyExists) return;
        throw new DependencyUnavailable('Step Functions did not confirm the start', { cause });
      }
    },
  };
}
