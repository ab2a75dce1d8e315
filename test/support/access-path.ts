import { expect } from 'vitest';
import type { ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { caseIds } from '../../lambdas/requests/access-request.ts';
import { chainOf } from './system-state.ts';

/** The ids of one request's case, and who asked. */
export interface AccessCase {
  readonly requester: ApiClient;
  readonly requestId: string;
  readonly approvalId: string;
  readonly grantId: string;
}

/** What the engineer's agent is granted once an owner approves. */
export const commentRequest = {
  target: 'ticketing-ops',
  permissions: ['tickets:comment'],
  duration: 'PT20M',
  justification: 'Answer the open tickets',
} as const;

/** What an engineer is granted at once. */
export const readRequest = {
  target: 'ticketing-ops',
  permissions: ['tickets:read'],
  duration: 'PT1H',
  justification: 'Read what is open',
} as const;

/** What an engineer is granted once two owners approve. */
export const deleteRequest = {
  target: 'ticketing-ops',
  permissions: ['tickets:delete'],
  duration: 'PT20M',
  justification: 'Remove the test ticket',
} as const;

export const agentOf = (world: World): Promise<ApiClient> => world.as('triage-bot', { for: 'engineer' });

/** Asks, and lets the workflow go as far as it can by itself. */
export async function ask(
  world: World,
  requester: ApiClient,
  body: object,
  headers: Record<string, string> = {},
): Promise<AccessCase> {
  const answer = await requester.post('/v1/access-requests', body, headers);
  expect(answer).toMatchObject({ status: 202 });
  await world.sallyport.settled();
  return caseOf(requester, answer.body.task.id);
}

export function caseOf(requester: ApiClient, requestId: string): AccessCase {
  return {
    requester,
    requestId,
    approvalId: caseIds.approvalOf(requestId),
    grantId: caseIds.grantOf(requestId),
  };
}

/** A decision about a case's approval, and what the workflow makes of it. */
export async function decide(
  world: World,
  approver: ApiClient,
  { approvalId }: AccessCase,
  ballot: object = { decision: 'approve' },
): Promise<ApiAnswer> {
  const answer = await approver.post(`/v1/approvals/${approvalId}/decision`, ballot);
  await world.sallyport.settled();
  return answer;
}

export const claim = ({ requester, grantId }: AccessCase): Promise<ApiAnswer> =>
  requester.post(`/v1/grants/${grantId}/credential`);

/** Claims what must be claimable. */
export async function claimToken(access: AccessCase): Promise<string> {
  const answer = await claim(access);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.access_token;
}

export const giveBack = ({ requester, grantId }: AccessCase): Promise<ApiAnswer> =>
  requester.delete(`/v1/grants/${grantId}`);

// biome-ignore lint/suspicious/noExplicitAny: tests look into the documents
export async function grantOf({ requester, grantId }: AccessCase): Promise<any> {
  return (await requester.get(`/v1/grants/${grantId}`)).body.grant;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into the documents
export async function taskOf({ requester, requestId }: AccessCase): Promise<any> {
  return (await requester.get(`/access/v1/requests/${requestId}`)).body.task;
}

/** What the target would be told of the token at this moment. */
export async function isActive(world: World, token: string): Promise<boolean> {
  const resourceServer = await world.as('ticketing-api');
  const { body } = await resourceServer.postForm('/oauth2/introspect', { token });
  return body.active;
}

/** The engineer's agent, granted comments on the project OPS by its owner. */
export async function approvedForAgent(world: World): Promise<AccessCase> {
  const access = await ask(world, await agentOf(world), commentRequest);
  expect(await decide(world, await world.as('owner'), access)).toMatchObject({ status: 200 });
  return access;
}

/** The engineer, granted reading without anybody's approval. */
export async function grantedToEngineer(world: World): Promise<AccessCase> {
  return ask(world, await world.as('engineer'), readRequest);
}

/** The types of a chain's events, after holding that the chain verifies. */
export async function verifiedEvents(world: World, requestId: string): Promise<string[]> {
  const events = await chainOf(world.sallyport, requestId);
  expect(verifyChain(requestId, events)).toEqual({ verified: true, events: events.length });
  return events.map(({ type }) => type);
}
