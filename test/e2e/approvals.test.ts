import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import {
  type AccessCase,
  agentOf,
  ask,
  claim,
  commentRequest,
  decide,
  deleteRequest,
  grantOf,
  taskOf,
} from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { chainOf, changingNothing, executionStatusOf } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
let agent: ApiClient;
let engineer: ApiClient;
let owner: ApiClient;
let secondOwner: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  [agent, engineer, owner, secondOwner] = await Promise.all([
    agentOf(world),
    world.as('engineer'),
    world.as('owner'),
    world.as('second-owner'),
  ]);
});
afterAll(() => world.stop());

const refused = (approver: ApiClient, access: AccessCase, ballot?: object) =>
  changingNothing(world.sallyport, () => decide(world, approver, access, ballot));

describe('an approver can narrow', () => {
  const both = { ...commentRequest, permissions: ['tickets:read', 'tickets:comment'] };

  it('to fewer permissions and a shorter time, and the grant holds just that', async () => {
    const access = await ask(world, agent, both);
    const ballot = { decision: 'approve', permissions: ['tickets:comment'], duration: 'PT5M' };
    expect(await decide(world, owner, access, ballot)).toMatchObject({ status: 200 });
    const grant = await grantOf(access);
    expect(grant).toMatchObject({ status: 'active', permissions: ['tickets:comment'], duration: 'PT5M' });
    expect(Date.parse(grant.expires_at) - Date.parse(grant.activated_at)).toBe(5 * 60_000);
  });

  it.each([
    ['another permission', { permissions: ['tickets:comment', 'tickets:delete'] }],
    ['a longer time', { duration: 'PT21M' }],
    ['nothing at all', { permissions: [] }],
  ])('and not widen: %s is refused', async (_what, widened) => {
    const access = await ask(world, agent, commentRequest);
    const answer = await refused(owner, access, { decision: 'approve', ...widened });
    expectProblem(answer, 400, 'invalid-request');
  });
});

describe('an approval by two', () => {
  it('is pending after one vote, whoever repeats it, and granted after the second person’s', async () => {
    const access = await ask(world, engineer, deleteRequest);
    expect((await decide(world, owner, access)).body.approval.status).toBe('pending');
    expect(await refused(owner, access)).toMatchObject({
      status: 200,
      body: { approval: { status: 'pending' } },
    });
    expect(await taskOf(access)).toMatchObject({ status: 'pending' });
    expectProblem(await refused(engineer, access), 403, 'self-approval');

    expect((await decide(world, secondOwner, access)).body.approval.status).toBe('approved');
    expect(await grantOf(access)).toMatchObject({
      status: 'active',
      permissions: ['tickets:delete'],
      approvers: ['owner', 'second-owner'],
    });
  });

  it('is held to what the first narrowed it to', async () => {
    const access = await ask(world, engineer, deleteRequest);
    await decide(world, owner, access, { decision: 'approve', duration: 'PT3M' });
    const answer = await refused(secondOwner, access, { decision: 'approve', duration: 'PT10M' });
    expectProblem(answer, 400, 'invalid-request');
    await decide(world, secondOwner, access);
    expect(await grantOf(access)).toMatchObject({ duration: 'PT3M' });
  });

  it('is denied by one', async () => {
    const access = await ask(world, engineer, deleteRequest);
    await decide(world, owner, access);
    expect((await decide(world, secondOwner, access, { decision: 'deny' })).body.approval.status).toBe(
      'denied',
    );
    expect(await taskOf(access)).toMatchObject({ status: 'denied', reason: 'approval_denied' });
    expect(await executionStatusOf(world.sallyport, access.requestId)).toBe('SUCCEEDED');
    expectProblem(await claim(access), 404, 'not-found');
  });
});

describe('a decision', () => {
  it.each(['approve', 'deny'])(
    'to %s is taken once; the same again is the same, the opposite is refused',
    async (decision) => {
      const access = await ask(world, agent, commentRequest);
      await decide(world, owner, access, { decision });
      const events = await chainOf(world.sallyport, access.requestId);

      const again = await refused(owner, access, { decision });
      expect(again).toMatchObject({
        status: 200,
        body: { approval: { votes: [{ approver: 'owner', decision }] } },
      });
      const opposite = decision === 'approve' ? 'deny' : 'approve';
      expectProblem(await refused(owner, access, { decision: opposite }), 409, 'approval-over');
      expectProblem(await refused(secondOwner, access, { decision }), 409, 'approval-over');
      expect(events.filter(({ type }) => type === 'approval.decided')).toHaveLength(1);
    },
  );

  it('cannot be turned while the others are waited for', async () => {
    const access = await ask(world, engineer, deleteRequest);
    await decide(world, owner, access);
    expectProblem(await refused(owner, access, { decision: 'deny' }), 409, 'already-decided');
  });

  it('needs the assurance that the policy asks of approvers', async () => {
    const access = await ask(world, agent, commentRequest);
    const weak = await world.as('owner', { amr: ['pwd'] });
    const answer = await refused(weak, access);
    expectProblem(answer, 401, 'insufficient-user-authentication');
    expect(answer.body.acr_values).toBe('nist-aal2');
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^Bearer error="insufficient_user_authentication",.*acr_values="nist-aal2"/,
    );
  });

  it.each([
    ['another word', { decision: 'maybe' }],
    ['nothing', {}],
    ['an unknown member', { decision: 'approve', quorum: 1 }],
    ['a duration that is none', { decision: 'approve', duration: 'soon' }],
  ])('of %s is refused', async (_what, ballot) => {
    const access = await ask(world, agent, commentRequest);
    expectProblem(await refused(owner, access, ballot), 400, 'invalid-request');
  });

  it('about nothing that there is is refused', async () => {
    const answer = await changingNothing(world.sallyport, () =>
      owner.post('/v1/approvals/approval-none/decision', { decision: 'approve' }),
    );
    expectProblem(answer, 404, 'not-found');
  });
});

describe('an approval', () => {
  it.each(['responder', 'triage-bot', 'deploy-bot', 'ticketing-api'] as const)(
    'is, to %s who has no part in it, as if it were not there',
    async (persona) => {
      const stranger = await world.as(persona);
      const { approvalId } = await ask(world, engineer, deleteRequest);
      const answersAbout = async (id: string) => {
        const answers = [
          await stranger.get(`/v1/approvals/${id}`),
          await stranger.post(`/v1/approvals/${id}/decision`, { decision: 'approve' }),
        ];
        return answers.map(({ status, body }) => ({ status, body: { ...body, request_id: '' } }));
      };
      const refusals = await changingNothing(world.sallyport, () => answersAbout(approvalId));
      expect(refusals).toEqual(await answersAbout('approval-none'));
      expect(refusals.map(({ status }) => status)).toEqual([404, 404]);
    },
  );
});

describe('a step-up', () => {
  it('is waited for by a request whose session is too weak, and no approver is asked', async () => {
    const weak = await world.as('engineer', { amr: ['pwd'] });
    const access = await ask(world, weak, deleteRequest);
    expect(await taskOf(access)).toMatchObject({
      status: 'pending',
      state: 'awaiting_step_up',
      step_up: { acr_value: 'nist-aal2' },
      permissions: [
        {
          outcome: 'obliged',
          obligations: [{ type: 'approval' }, { type: 'step-up', properties: { acr_value: 'nist-aal2' } }],
        },
      ],
    });
    expectProblem(await owner.get(`/v1/approvals/${access.approvalId}`), 404, 'not-found');
  });
});
