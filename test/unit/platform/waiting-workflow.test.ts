import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { ExecutionAlreadyExists, SFNClient, TaskDoesNotExist, TaskTimedOut } from '@aws-sdk/client-sfn';
import { describe, expect, test } from 'vitest';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import {
  kmsTaskTokenSealer,
  stepFunctionsWaitingWorkflow,
} from '../../../lambdas/platform/task-tokens.kms.ts';
import { stepFunctionsWorkflowStarter } from '../../../lambdas/requests/workflow-starter.step-functions.ts';

/** KMS that binds what it seals to its encryption context, as KMS does. */
function sealingKms(): KMSClient {
  const kms = new KMSClient({ region: 'us-east-1' });
  kms.send = (async (command: unknown) => {
    if (command instanceof EncryptCommand) {
      const { Plaintext, EncryptionContext } = command.input;
      const sealed = { text: Buffer.from(Plaintext ?? []).toString('hex'), context: EncryptionContext };
      return { CiphertextBlob: Buffer.from(JSON.stringify(sealed)) };
    }
    if (!(command instanceof DecryptCommand)) throw new Error('Nobody expects this');
    const { text, context } = JSON.parse(Buffer.from(command.input.CiphertextBlob ?? []).toString());
    if (JSON.stringify(context) !== JSON.stringify(command.input.EncryptionContext))
      throw new Error('InvalidCiphertext');
    return { Plaintext: Buffer.from(text, 'hex') };
  }) as unknown as typeof kms.send;
  return kms;
}

/** Step Functions that keeps what it is sent, and may throw. */
function stepFunctions(thrown?: Error) {
  const sent: unknown[] = [];
  const client = new SFNClient({ region: 'us-east-1' });
  client.send = (async (command: { readonly input: unknown }) => {
    sent.push(command.input);
    if (thrown !== undefined) throw thrown;
    return {};
  }) as unknown as typeof client.send;
  return { client, sent };
}

const about = { message: '', $metadata: {} };
const kms = sealingKms();
const sealed = await kmsTaskTokenSealer(kms, 'key').seal('token-1', 'approval-1');

describe('a workflow that waits', () => {
  test('is answered with the token that was sealed', async () => {
    const { client, sent } = stepFunctions();
    await stepFunctionsWaitingWorkflow(kms, 'key', client).resume(sealed, 'approval-1', {
      outcome: 'approved',
    });
    expect(sent).toEqual([{ taskToken: 'token-1', output: '{"outcome":"approved"}' }]);
  });

  test('is not answered with a token that was sealed for something else', async () => {
    const { client, sent } = stepFunctions();
    const resume = stepFunctionsWaitingWorkflow(kms, 'key', client).resume(sealed, 'grant-1', {
      outcome: 'returned',
    });
    await expect(resume).rejects.toThrow(DependencyUnavailable);
    expect(sent).toEqual([]);
  });

  test.for([new TaskTimedOut(about), new TaskDoesNotExist(about)])(
    'and waits no longer is no failure: %s',
    async (thrown) => {
      const { client } = stepFunctions(thrown);
      const resume = stepFunctionsWaitingWorkflow(kms, 'key', client).resume(sealed, 'approval-1', {
        outcome: 'approved',
      });
      await expect(resume).resolves.toBeUndefined();
    },
  );

  test('and cannot be reached is unavailable, and the token is in no message', async () => {
    const { client } = stepFunctions(new Error('no route for token-1'));
    const error = await stepFunctionsWaitingWorkflow(kms, 'key', client)
      .resume(sealed, 'approval-1', { outcome: 'approved' })
      .catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(DependencyUnavailable);
    expect(String(error)).not.toContain('token-1');
  });
});

describe('starting a workflow', () => {
  test('names the execution by its request', async () => {
    const { client, sent } = stepFunctions();
    await stepFunctionsWorkflowStarter(client, 'arn:machine').start('req-1');
    expect(sent).toEqual([{ stateMachineArn: 'arn:machine', name: 'req-1', input: '{"requestId":"req-1"}' }]);
  });

  test('twice is starting once', async () => {
    const { client } = stepFunctions(new ExecutionAlreadyExists(about));
    await expect(stepFunctionsWorkflowStarter(client, 'arn:machine').start('req-1')).resolves.toBeUndefined();
  });

  test('without an answer is unavailable', async () => {
    const { client } = stepFunctions(new Error('timeout'));
    await expect(stepFunctionsWorkflowStarter(client, 'arn:machine').start('req-1')).rejects.toThrow(
      DependencyUnavailable,
    );
  });
});
