import { IAMClient, ListRolePoliciesCommand } from '@aws-sdk/client-iam';
import {
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsSession } from '../../../demo/aws-session.ts';
import { demoArtifacts } from '../../../demo/deploy-artifacts.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import { type AccessCase, ask, claim, giveBack, grantOf } from '../../support/access-path.ts';
import { chainOf } from '../../support/system-state.ts';

const MINUTE = 60_000;
const EXPLICITLY_DENIED = expect.stringMatching(
  /^AccessDeniedException: .* with an explicit deny in an identity-based policy$/,
);
const BY_SESSION = expect.stringMatching(/because no session policy allows/);

let world: EmbeddedWorld;
let iam: IAMClient;
beforeAll(async () => {
  world = await startWorld();
  iam = new IAMClient(world.runtime.client);
});
afterAll(async () => {
  iam.destroy();
  await world.stop();
});

const granted = async (permissions: readonly string[], duration = 'PT20M'): Promise<AccessCase> =>
  ask(world, await world.as('deploy-bot'), {
    target: 'deploy-artifacts',
    permissions,
    duration,
    justification: 'Release 42',
  });

async function sessionOf(access: AccessCase) {
  const answer = await claim(access);
  expect(answer).toMatchObject({ status: 200 });
  return awsSession(world.runtime.client, answer.body.credential);
}

const end = async (access: AccessCase) => {
  expect((await giveBack(access)).status).toBeLessThan(300);
  await world.runtime.settled();
};

const denials = async (): Promise<string[]> =>
  ((await iam.send(new ListRolePoliciesCommand({ RoleName: 'deploy-artifacts' }))).PolicyNames ?? []).filter(
    (name) => name.startsWith('sallyport-revoked-'),
  );

const kept = (): Promise<string[]> =>
  new SecretsManagerClient(world.runtime.client)
    .send(new ListSecretsCommand({ Filters: [{ Key: 'name', Values: ['sallyport/grants/'] }] }))
    .then(({ SecretList = [] }) => SecretList.map(({ Name = '' }) => Name));

describe('a grant of a role in AWS', () => {
  it('gives a session that does what was granted and nothing more, and that is refused once it is given back', async () => {
    const access = await granted(['artifacts:read']);
    const session = await sessionOf(access);
    expect(await session.read('demo/artifacts/web')).toBe(demoArtifacts['demo/artifacts/web']);
    expect(await session.read('demo/signing-key')).toEqual(BY_SESSION);
    expect(await session.list()).toEqual(BY_SESSION);
    expect(await kept()).toEqual([`sallyport/grants/${access.grantId}`]);

    await end(access);
    expect(await session.read('demo/artifacts/web')).toEqual(EXPLICITLY_DENIED);
    expect(await grantOf(access)).toMatchObject({
      status: 'ended',
      reason: 'returned',
      credential: { receipt: { answer: 'dead', how: expect.stringContaining('explicit deny') } },
    });
    expect(await kept()).toEqual([]);
    const events = await chainOf(world.runtime, access.requestId);
    expect(verifyChain(access.requestId, events)).toMatchObject({ verified: true });
    expect(JSON.stringify(events)).toContain('"bound_seconds":60');
  });

  it('ends beside another one of the same role, which goes on', async () => {
    const [one, other] = [
      await granted(['artifacts:read']),
      await granted(['artifacts:read', 'artifacts:list']),
    ];
    const [first, second] = [await sessionOf(one), await sessionOf(other)];
    await end(one);
    expect(await first.read('demo/artifacts/api')).toEqual(EXPLICITLY_DENIED);
    expect(await second.read('demo/artifacts/api')).toBe(demoArtifacts['demo/artifacts/api']);
    expect(await second.list()).toBe('listed');
    await end(other);
    expect(await second.list()).toEqual(EXPLICITLY_DENIED);
  });

  it('of a few minutes ends with them, though AWS has no session so short', async () => {
    const access = await granted(['artifacts:read'], 'PT5M');
    const session = await sessionOf(access);
    await world.leap(4 * MINUTE);
    expect(await session.read('demo/artifacts/web')).toBe(demoArtifacts['demo/artifacts/web']);
    await world.leap(2 * MINUTE);
    expect(await session.read('demo/artifacts/web')).toEqual(EXPLICITLY_DENIED);
  });

  it('leaves nothing on the role once its session would be over anyway', async () => {
    const first = await granted(['artifacts:read']);
    await sessionOf(first);
    await end(first);
    expect((await denials()).length).toBeGreaterThan(0);
    await world.leap(70 * MINUTE);
    const last = await granted(['artifacts:sign']);
    await sessionOf(last);
    await end(last);
    expect(await denials()).toEqual([expect.stringContaining(last.grantId)]);
  });

  it('that nobody claims takes no room on the role', async () => {
    const before = await denials();
    await end(await granted(['artifacts:read']));
    expect(await denials()).toEqual(before);
  });

  it('is not claimed by others, nor read from the vault by who may read every secret', async () => {
    const access = await granted(['artifacts:list', 'artifacts:read']);
    const session = await sessionOf(access);
    const secret = `sallyport/grants/${access.grantId}`;
    expect(await session.read(secret)).toMatch(/explicit deny in a resource-based policy$/);
    // Not even by the operator of the machine, who is the account itself.
    const operator = new SecretsManagerClient(world.runtime.client);
    await expect(operator.send(new GetSecretValueCommand({ SecretId: secret }))).rejects.toThrow(
      'explicit deny',
    );
    await end(access);
  });
});
