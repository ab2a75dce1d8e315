import {
  CreateSecretCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  fillableVault,
  secretsManagerVault,
} from '../../../lambdas/minting/credential-vault.secrets-manager.ts';
import { createSecretsManager } from '../../../local/aws/secrets-manager.ts';
import { SystemClock } from '../../../local/clock.ts';
import { Policy } from '../../../local/iam/policy.ts';
import { serve } from '../local/emulated-aws.ts';

const ACCOUNT = '000000000000';
const roleArn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const SECRETS_ARN = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:`;
const GRANTEE = roleArn('grantee');
const NAME = 'sallyport/grants/g1';
const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/data`;
const material = { password: 'first' };

const keyStatements = [
  { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
  {
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: 'kms:Decrypt',
    Resource: '*',
    Condition: {
      StringEquals: {
        'kms:CallerAccount': ACCOUNT,
        'kms:ViaService': 'secretsmanager.us-east-1.amazonaws.com',
      },
      StringLike: {
        'kms:EncryptionContext:SecretARN': `${SECRETS_ARN}sallyport/grants/*`,
      },
    },
  },
];

/** Roles of one account, each permitted to do anything with any secret and key. */
async function account() {
  const { service } = createSecretsManager({
    clock: new SystemClock(),
    directory: undefined,
    region: 'us-east-1',
    accountId: ACCOUNT,
  });
  const emulated = await serve(service);
  const as = (name: string, Action = ['secretsmanager:*', 'kms:*']): SecretsManagerClient => {
    const arn = roleArn(name);
    const statement = { Effect: 'Allow', Action, Resource: '*' };
    emulated.authorization.addRole({ arn, trust: [] });
    emulated.authorization.attachPolicy(arn, Policy.parse({ Statement: statement }), {});
    const client = new SecretsManagerClient(emulated.clientAs(arn));
    onTestFinished(() => client.destroy());
    return client;
  };
  // As `cdk/stacks/state-stack.ts` has it.
  emulated.authorization.addResourcePolicy(
    KEY,
    Policy.parse({ Version: '2012-10-17', Statement: keyStatements }),
  );
  const writer = as('Sallyport/minters/Claim');
  const filling = {
    kmsKeyId: KEY,
    secretsArn: SECRETS_ARN,
    writers: roleArn('Sallyport/minters/*'),
    readers: roleArn('Sallyport/revokers/*'),
  };
  return {
    as,
    writer,
    vault: fillableVault(writer, filling),
    ending: secretsManagerVault(as('Sallyport/revokers/Revoke'), SECRETS_ARN),
  };
}

const reading = new GetSecretValueCommand({ SecretId: NAME });

describe('what is kept for a grant', () => {
  it('is read by its grantee and by who ends it, and by no other role, whatever that role is permitted', async () => {
    const { as, writer, vault, ending } = await account();
    await vault.keep('g1', material, GRANTEE);
    expect(JSON.parse((await as('grantee').send(reading)).SecretString ?? '')).toEqual(material);
    expect(await ending.read('g1')).toEqual(material);
    for (const other of [as('administrator'), as('elsewhere/Sallyport/revokers/Revoke'), writer])
      await expect(other.send(reading)).rejects.toThrow('explicit deny in a resource-based policy');
  });

  it('is read by its grantee without any permission of its own, and nothing else with that key is', async () => {
    const { as, writer, vault } = await account();
    await vault.keep('g1', material, GRANTEE);
    const grantee = as('grantee', ['s3:*']);
    expect(JSON.parse((await grantee.send(reading)).SecretString ?? '')).toEqual(material);
    const elsewhere = { Name: 'other', SecretString: 'x', KmsKeyId: KEY };
    await writer.send(new CreateSecretCommand(elsewhere));
    const mayReadAll = as('reader', ['secretsmanager:*']);
    await expect(mayReadAll.send(new GetSecretValueCommand({ SecretId: 'other' }))).rejects.toThrow(
      'kms:Decrypt',
    );
  });

  it('is read by nobody but who ends it where it has no grantee in AWS', async () => {
    const { as, vault, ending } = await account();
    await vault.keep('g1', material, undefined);
    expect(await ending.read('g1')).toEqual(material);
    await expect(as('grantee').send(reading)).rejects.toThrow('explicit deny');
  });

  it('is changed and opened to others by nobody, its grantee included', async () => {
    const { as, vault, ending } = await account();
    await vault.keep('g1', material, GRANTEE);
    const ResourcePolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' },
    });
    for (const other of [as('grantee'), as('administrator')]) {
      await expect(
        other.send(new PutResourcePolicyCommand({ SecretId: NAME, ResourcePolicy })),
      ).rejects.toThrow('explicit deny');
      await expect(
        other.send(new PutSecretValueCommand({ SecretId: NAME, SecretString: '{}' })),
      ).rejects.toThrow('explicit deny');
    }
    expect(await ending.read('g1')).toEqual(material);
  });

  it('takes the place of what a try before has left, also where that stopped before it was closed or filled', async () => {
    const { writer, vault, ending } = await account();
    await writer.send(new CreateSecretCommand({ Name: NAME }));
    expect(await ending.read('g1')).toBeUndefined();
    await vault.keep('g1', material, undefined);
    await vault.keep('g1', { password: 'second' }, GRANTEE);
    expect(await ending.read('g1')).toEqual({ password: 'second' });
    const { ResourcePolicy } = await writer.send(new GetResourcePolicyCommand({ SecretId: NAME }));
    expect(ResourcePolicy).toContain(GRANTEE);
  });

  it('is gone for good once it is destroyed, which may be done again', async () => {
    const { as, vault, ending } = await account();
    await vault.keep('g1', material, GRANTEE);
    await ending.destroy('g1');
    await ending.destroy('g1');
    expect(await ending.read('g1')).toBeUndefined();
    await expect(as('grantee').send(reading)).rejects.toThrow("can't find");
  });
});
