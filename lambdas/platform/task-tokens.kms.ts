import { DecryptCommand, EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import { SendTaskSuccessCommand, type SFNClient, TaskDoesNotExist, TaskTimedOut } from '@aws-sdk/client-sfn';
import { DependencyUnavailable } from './failures.ts';
import type { TaskTokenSealer, WaitingWorkflow } from './task-tokens.port.ts';

/** Seals task tokens with a KMS key; the id that a token is bound to is its encryption context. */
export function kmsTaskTokenSealer(kms: KMSClient, keyId: string): TaskTokenSealer {
  return {
    async seal(taskToken, boundTo) {
      try {
        const { CiphertextBlob } = await kms.send(
          new EncryptCommand({
            KeyId: keyId,
            Plaintext: Buffer.from(taskToken),
            EncryptionContext: { boundTo },
          }),
        );
        return Buffer.from(CiphertextBlob ?? []).toString('base64');
      } catch (cause) {
        throw new DependencyUnavailable('KMS did not seal the task token', { cause });
      }
    },
  };
}

export function stepFunctionsWaitingWorkflow(
  kms: KMSClient,
  keyId: string,
  stepFunctions: SFNClient,
): WaitingWorkflow {
  return {
    async resume(sealedTaskToken, boundTo, output) {
      try {
        const { Plaintext } = await kms.send(
          new DecryptCommand({
            KeyId: keyId,
            CiphertextBlob: Buffer.from(sealedTaskToken, 'base64'),
            EncryptionContext: { boundTo },
          }),
        );
        await stepFunctions.send(
          new SendTaskSuccessCommand({
            taskToken: Buffer.from(Plaintext ?? []).toString(),
            output: JSON.stringify(output),
          }),
        );
      } catch (cause) {
        if (cause instanceof TaskTimedOut || cause instanceof TaskDoesNotExist) return;
        throw new DependencyUnavailable('The workflow that waits was not reached', { cause });
      }
    },
  };
}
