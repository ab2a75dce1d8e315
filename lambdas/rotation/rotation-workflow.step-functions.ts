import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { RotationWorkflow } from './rotation-workflow.port.ts';

export function stepFunctionsRotationWorkflow(
  stepFunctions: SFNClient,
  stateMachineArn: string,
): RotationWorkflow {
  return {
    async start(rotationId) {
      try {
        await stepFunctions.send(
          new StartExecutionCommand({
            stateMachineArn,
            name: rotationId,
            input: JSON.stringify({ rotationId }),
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
