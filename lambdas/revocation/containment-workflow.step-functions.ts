import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DependencyUnavailable } from '../platform/failures.ts';
import { type ContainmentWorkflow, legName } from './containment-workflow.port.ts';

export function stepFunctionsContainmentWorkflow(
  stepFunctions: SFNClient,
  stateMachineArn: string,
): ContainmentWorkflow {
  return {
    async start(leg) {
      try {
        await stepFunctions.send(
          new StartExecutionCommand({
            stateMachineArn,
            name: legName(leg),
            input: JSON.stringify(leg),
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
