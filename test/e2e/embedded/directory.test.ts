import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { creation } from '../../../lambdas/platform/entity.ts';
import { NESTING_ID, nestingType } from '../../../lambdas/verification/nesting.ts';
import { ask, claimToken, isActive, readRequest } from '../../support/access-path.ts';
import { readContainment } from '../../support/containments.ts';
import { chainOf, ledgerOf } from '../../support/system-state.ts';
import { breakIt, broken } from '../../support/trouble.ts';

const MINUTE = 60_000;

let world: EmbeddedWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => world.runtime.faults.clear());
afterAll(() => world.stop());

const suspend = (provider: ApiClient) =>
  provider.send(
    'PATCH',
    '/scim/v2/Users/leaver',
    JSON.stringify({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value: false }],
    }),
    { 'content-type': 'application/scim+json' },
  );

describe('a suspension whose containment cannot be started', () => {
  it('denies all the same, is not told as done, and is taken up by the reconciler', async () => {
    const access = await ask(world, await world.as('leaver'), readRequest);
    const token = await claimToken(access);
    breakIt(world, broken('ProvisionDirectory', 'start an execution'));
    const answer = await suspend(await world.as('directory-sync'));
    expect(answer).toMatchObject({ status: 503, body: { status: '503' } });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await isActive(world, token)).toBe(false);
    await expect(world.as('leaver')).rejects.toThrow('400');

    await world.leap(6 * MINUTE);
    const suspended = (await chainOf(world.runtime, 'principal-leaver')).at(-1);
    const report = await readContainment(
      await world.as('responder'),
      String(suspended?.details['containment']),
    );
    expect(report).toMatchObject({ status: 'contained', counts: { grants: 1 } });
  });
});

describe('groups that are members of each other, in a record that is broken', () => {
  it('deny whoever is in them, aloud, and nobody else', async () => {
    const [engineer, enforcementPoint] = [await world.as('engineer'), await world.as('ticketing-api')];
    const mayRead = async (id: string) =>
      enforcementPoint.post('/access/v1/evaluation', {
        subject: { type: 'user', id },
        action: { name: 'tickets:read' },
        resource: { type: 'target', id: 'ticketing-ops' },
      });
    const memberOf = { engineering: ['circle'], circle: ['engineering'] };
    await ledgerOf(world.runtime).commit({
      chain: 'group-circle',
      opens: true,
      event: {
        type: 'group.broken',
        at: new Date().toISOString(),
        txn: 'broken',
        who: { service: 'test' },
        details: {},
      },
      changes: [creation(nestingType, { id: NESTING_ID, memberOf })],
    });
    const answers = [await mayRead('engineer'), await engineer.get('/v1/grants'), await mayRead('owner')];
    expect(answers).toMatchObject([
      { status: 200, body: { decision: false, context: { reason: 'unknown_or_inactive' } } },
      { status: 401 },
      { status: 200, body: { context: { policies: [] } } },
    ]);
    expect(answers[2]?.body.context.reason).not.toBe('unknown_or_inactive');
    for (const name of ['EvaluateAccess', 'AuthorizeCaller'])
      expect(world.runtime.functionLog(name)).toContain('groups are members of each other');
  });
});
