import fc from 'fast-check';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ApiAnswer, ApiClient } from '../../../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { grantType } from '../../../lambdas/minting/grant.ts';
import {
  type AccessCase,
  caseOf,
  claim,
  commentRequest,
  giveBack,
  isActive,
} from '../../support/access-path.ts';
import { Callers } from '../../support/callers.ts';
import { readCase, violationsOf } from '../../support/case-invariants.ts';
import { changingNothing, ledgerOf } from '../../support/system-state.ts';
import { breakages, breakIt, waitForTheEnd } from '../../support/trouble.ts';

const RUNS = 12;
const SEED = 20_260_101;
const MOST_TRIES = 6;

const everyBreakage = [
  ...breakages({
    SubmitAccessRequest: ['read', 'write', 'start an execution'],
    DecideApproval: ['read', 'write', 'decrypt', 'answer a task'],
    ClaimCredential: ['read', 'write', 'sign'],
    ReturnGrant: ['read', 'write', 'decrypt', 'answer a task'],
    VerifyRequester: ['read', 'write'],
    DecideAccess: ['read', 'write'],
    RequestApproval: ['read', 'write', 'encrypt'],
    MintCredential: ['read', 'write'],
    HoldGrant: ['read', 'write', 'encrypt'],
    RevokeCredential: ['read', 'write'],
    CloseGrant: ['read', 'write'],
    RecordFailure: ['read', 'write'],
  }),
  ...breakages(
    {
      SubmitAccessRequest: ['write', 'start an execution'],
      DecideApproval: ['write', 'answer a task'],
      ClaimCredential: ['write', 'sign'],
      ReturnGrant: ['write', 'answer a task'],
      RequestApproval: ['write', 'encrypt'],
      MintCredential: ['write'],
      HoldGrant: ['write', 'encrypt'],
      RevokeCredential: ['write'],
      CloseGrant: ['write'],
    },
    'loses its answers',
  ),
];

/** What happens: what breaks, and how often, before each thing that people do; and what they do at last. */
const trouble = fc.array(
  fc.record({ breakage: fc.constantFrom(...everyBreakage), times: fc.integer({ min: 1, max: 3 }) }),
  { minLength: 1, maxLength: 3 },
);
const story = fc.record({
  beforeAsking: trouble,
  beforeDeciding: trouble,
  beforeClaiming: trouble,
  beforeTheEnd: trouble,
  ending: fc.constantFrom('given back', 'expires'),
});

let world: EmbeddedWorld;
let callers: Callers;

beforeAll(async () => {
  world = await startWorld();
  callers = new Callers(world);
});
afterEach(() => world.runtime.faults.clear());
afterAll(() => world.stop());

function breakAll(what: typeof trouble extends fc.Arbitrary<infer Troubles> ? Troubles : never): void {
  for (const { breakage, times } of what) breakIt(world, breakage, times);
}

/** As a client does: what is not available now is tried again later. */
async function insist(
  name: 'agent' | 'owner',
  call: (client: ApiClient) => Promise<ApiAnswer>,
): Promise<ApiAnswer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await call(await callers.get(name));
    await world.leap(10_000);
    if (answer.status < 500 || tries === MOST_TRIES) return answer;
  }
}

const asAgent = async (access: AccessCase) => ({ ...access, requester: await callers.get('agent') });

describe('whatever fails, and however often', () => {
  it('nothing live is left, nothing is done twice, and the chain tells all of it', async () => {
    await fc.assert(
      fc.asyncProperty(story, async (happening) => {
        world.runtime.faults.clear();
        breakAll(happening.beforeAsking);
        const asked = await insist('agent', (agent) => agent.post('/v1/access-requests', commentRequest));
        if (asked.status !== 202) return;
        const access = caseOf(await callers.get('agent'), asked.body.task.id);

        breakAll(happening.beforeDeciding);
        const decided = await insist('owner', (owner) =>
          owner.post(`/v1/approvals/${access.approvalId}/decision`, { decision: 'approve' }),
        );
        breakAll(happening.beforeClaiming);
        const claimed = await insist('agent', (requester) => claim({ ...access, requester }));
        breakAll(happening.beforeTheEnd);
        if (happening.ending === 'given back') {
          await insist('agent', (requester) => giveBack({ ...access, requester }));
        }
        if ((await waitForTheEnd(world, access.requestId)) === 'RUNNING') await world.leap(24 * 3_600_000);
        await waitForTheEnd(world, access.requestId);
        world.runtime.faults.clear();

        const state = await readCase(world.runtime, access.requestId);
        expect(violationsOf(state)).toEqual([]);
        const grant = state.grant?.entity;
        expect([undefined, 'ended', 'abandoned']).toContain(grant?.status);
        if (grant?.status === 'ended') expect(grant.credential).toMatchObject({ status: 'revoked' });
        if (grant !== undefined) {
          expect(decided.status).toBeOneOf([200, 500, 503, 409]);
          expect(state.events.map(({ type }) => type)).toContain('approval.decided');
          expect(grant.approval?.approvers).toEqual(['owner']);
          expect(grant.permissions).toEqual(['tickets:comment']);
        }
        if (claimed.status === 200) await expectDeadAndOnceInBounds(claimed.body.access_token, access);
        await expectNothingMoreToHappen(access);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
  }, 60_000);
});

async function expectDeadAndOnceInBounds(token: string, access: AccessCase): Promise<void> {
  expect(await isActive(world, token)).toBe(false);
  const { scope, exp } = decodeJwt(token);
  expect(scope).toBe('tickets:comment');
  const grant = (await ledgerOf(world.runtime).read(grantType, access.grantId))?.entity;
  if (grant === undefined || !('expiresAtEpochSeconds' in grant)) throw new Error('A token without a grant');
  expect(exp).toBeLessThanOrEqual(grant.expiresAtEpochSeconds);
}

/** Terminal states are final. */
async function expectNothingMoreToHappen(access: AccessCase): Promise<void> {
  const owner = await callers.get('owner');
  const over = await asAgent(access);
  await changingNothing(world.runtime, async () => {
    expect((await claim(over)).status).toBeOneOf([404, 409]);
    expect((await giveBack(over)).status).toBeOneOf([202, 404, 409]);
    const deny = { decision: 'deny' };
    expect((await owner.post(`/v1/approvals/${access.approvalId}/decision`, deny)).status).toBeOneOf([
      404, 409,
    ]);
  });
}
