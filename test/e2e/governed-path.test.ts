import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import {
  type AccessCase,
  agentOf,
  ask,
  claim,
  claimToken,
  decide,
  giveBack,
  grantedToEngineer,
  grantOf,
  isActive,
  taskOf,
} from '../support/access-path.ts';
import { tracesOf } from '../support/credential-traces.ts';
import { pagesOf } from '../support/pages.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import {
  chainOf,
  changingNothing,
  executionStatusOf,
  historyOf,
  statesEntered,
  tableItems,
} from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const secondsOf = (timestamp: string) => Math.floor(Date.parse(timestamp) / 1000);

describe('the governed path of an agent that needs approval', () => {
  let world: World;
  let access: AccessCase;
  let credential: string;
  let ticketing: ApiClient;

  beforeAll(async () => {
    world = await worldUnderTest();
    access = await ask(world, await agentOf(world), {
      target: 'ticketing-ops',
      permissions: ['tickets:comment', 'tickets:delete'],
      duration: 'PT20M',
      justification: 'Answer and clean up',
      actor: { type: 'agent', id: 'triage-bot' },
    });
  });
  afterAll(() => world.stop());

  it('decides each permission by itself and names the policy that refuses', async () => {
    expect((await taskOf(access)).permissions).toMatchObject([
      { permission: 'tickets:comment', outcome: 'obliged', obligations: [{ type: 'approval' }] },
      { permission: 'tickets:delete', outcome: 'denied', policies: ['agents-never-delete-tickets'] },
    ]);
  });

  it('waits, and there is no grant yet', async () => {
    expect(await taskOf(access)).toMatchObject({ status: 'pending', state: 'awaiting_approval' });
    expectProblem(await changingNothing(world.sallyport, () => claim(access)), 404, 'not-found');
  });

  it.each([
    ['the engineer, whose agent it is', () => world.as('engineer'), 403, 'self-approval'],
    ['the agent itself', () => world.as('triage-bot'), 403, 'not-a-person'],
    ['the agent for the engineer', () => agentOf(world), 403, 'not-a-person'],
    ['somebody who is not asked', () => world.as('responder'), 404, 'not-found'],
  ] as const)('is not approved by %s', async (_who, client, status, type) => {
    const somebody = await client();
    const answer = await changingNothing(world.sallyport, () => decide(world, somebody, access));
    expectProblem(answer, status, type);
  });

  it('is shown to its approvers and to nobody else who is asked for approvals', async () => {
    const inboxOf = async (persona: 'owner' | 'responder') =>
      (await pagesOf(await world.as(persona), '/v1/approvals?status=pending', 'approvals', 100)).flat();
    expect((await inboxOf('owner')).filter(({ id }) => id === access.approvalId)).toMatchObject([
      { permissions: ['tickets:comment'], duration: 'PT20M' },
    ]);
    expect(await inboxOf('responder')).toEqual([]);
  });

  it('becomes a grant of what was approved, once the owner approves', async () => {
    expect(await decide(world, await world.as('owner'), access)).toMatchObject({ status: 200 });
    expect(await taskOf(access)).toMatchObject({ status: 'approved' });
    expect(await grantOf(access)).toMatchObject({
      status: 'active',
      permissions: ['tickets:comment'],
      approvers: ['owner'],
      credential: { status: 'prepared' },
    });
  });

  it('delivers a token that says who acts for whom, where, until when', async () => {
    credential = await claimToken(access);
    const { apiUrl } = world.sallyport;
    const keys = createRemoteJWKSet(new URL(`${apiUrl}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(credential, keys, {
      issuer: apiUrl,
      audience: 'urn:sallyport-demo:ticketing',
      typ: 'at+jwt',
      algorithms: ['ES256'],
    });
    expect(payload).toMatchObject({
      sub: 'engineer',
      client_id: 'triage-bot',
      act: { sub: 'triage-bot' },
      scope: 'tickets:comment',
      authorization_details: [
        { type: 'sallyport-grant', identifier: 'ticketing-ops', actions: ['tickets:comment'] },
      ],
    });
    const { expires_at } = await grantOf(access);
    expect(payload.exp).toBeLessThanOrEqual(secondsOf(expires_at));
  });

  it('delivers it once', async () => {
    expectProblem(await changingNothing(world.sallyport, () => claim(access)), 409, 'already-claimed');
  });

  it('opens at the target what was granted and nothing else', async () => {
    ticketing = new ApiClient(world.ticketingUrl, credential);
    const comment = await ticketing.post('/projects/OPS/tickets/OPS-1/comments', { body: 'On it' });
    expect(comment).toMatchObject({
      status: 201,
      body: { author: { sub: 'engineer', act: { sub: 'triage-bot' } } },
    });
    expect(await ticketing.delete('/projects/OPS/tickets/OPS-3')).toMatchObject({ status: 403 });
    const elsewhere = await ticketing.post('/projects/WEB/tickets/WEB-1/comments', { body: 'Here too' });
    expect(elsewhere).toMatchObject({ status: 403 });
  });

  it('works no more from the moment that it is given back', async () => {
    expect(await isActive(world, credential)).toBe(true);
    expect(await giveBack(access)).toMatchObject({ status: 202 });
    expect(await isActive(world, credential)).toBe(false);
    const comment = await ticketing.post('/projects/OPS/tickets/OPS-1/comments', { body: 'Still?' });
    expect(comment).toMatchObject({ status: 401 });
  });

  it('ends with a receipt that the credential is dead', async () => {
    await world.sallyport.settled();
    expect(await grantOf(access)).toMatchObject({
      status: 'ended',
      reason: 'returned',
      credential: { status: 'revoked', receipt: { answer: 'dead' } },
    });
    expect(await executionStatusOf(world.sallyport, access.requestId)).toBe('SUCCEEDED');
  });

  it('passes eleven states', async () => {
    expect(await statesEntered(world.sallyport, access.requestId)).toEqual([
      'VerifyRequester',
      'RouteVerification',
      'DecideAccess',
      'RouteDecision',
      'RequestApproval',
      'SettleApproval',
      'RouteApproval',
      'MintCredential',
      'HoldGrant',
      'RevokeCredential',
      'CloseGrant',
    ]);
  });

  it('leaves a chain that verifies, with one event for each transition', async () => {
    const events = await chainOf(world.sallyport, access.requestId);
    expect(verifyChain(access.requestId, events)).toEqual({ verified: true, events: 12 });
    expect(events.map(({ type }) => type)).toEqual([
      'request.submitted',
      'requester.verified',
      'access.decided',
      'approval.requested',
      'approval.decided',
      'grant.activated',
      'grant.held',
      'credential.claimed',
      'credential.issued',
      'grant.returned',
      'credential.revoked',
      'grant.ended',
    ]);
  });

  it('leaves a chain that its parties and auditors read, and others do not', async () => {
    const path = `/v1/audit/${access.requestId}`;
    expect((await access.requester.get(path)).body.events).toHaveLength(12);
    expect((await (await world.as('responder')).get(path)).body.events).toHaveLength(12);
    expectProblem(await (await world.as('second-owner')).get(path), 404, 'not-found');
  });

  it('leaves nothing of a credential in the table or the history', async () => {
    const sessionTokens = [await world.token('triage-bot', { for: 'engineer' }), await world.token('owner')];
    const kept = {
      table: JSON.stringify(await tableItems(world.sallyport)),
      history: JSON.stringify(await historyOf(world.sallyport, access.requestId)),
    };
    expect(tracesOf([credential, ...sessionTokens], kept)).toEqual([]);
  });
});

describe('the governed path of an engineer who reads', () => {
  let world: World;

  beforeAll(async () => {
    world = await worldUnderTest();
  });
  afterAll(() => world.stop());

  it('needs nobody, and from request to end no more than ten transitions', async () => {
    const access = await grantedToEngineer(world);
    await claimToken(access);
    await giveBack(access);
    await world.sallyport.settled();
    expect(await grantOf(access)).toMatchObject({ status: 'ended' });
    expect((await statesEntered(world.sallyport, access.requestId)).length).toBeLessThanOrEqual(10);
  });
});
