import { describe, expect, test } from 'vitest';
import { decideAccess } from '../../../lambdas/decision/decide-access.step.ts';
import { evaluateAccess } from '../../../lambdas/decision/evaluate-access.step.ts';
import type { PolicyEngine, PolicyQuestion } from '../../../lambdas/decision/policy-engine.port.ts';
import { beginEnding, type Grant, grantType } from '../../../lambdas/minting/grant.ts';
import type { TargetOf } from '../../../lambdas/platform/deployment.ts';
import { submitDenied } from '../../../lambdas/requests/submit-denied.step.ts';
import { verifyRequester } from '../../../lambdas/verification/verify-requester.step.ts';
import {
  active,
  callerOf,
  clockAt,
  countedIds,
  dana,
  denialBindings,
  deployment,
  GRANT_ID,
  HOUR,
  ISSUER,
  inert,
  ledgerOfEverybody,
  NOW,
  person,
  policiesOf,
  ticketing,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';

const transfers: TargetOf<'enforced'> = {
  id: 'transfers',
  name: 'Transfers',
  system: 'bank',
  environment: 'production',
  connector: 'enforced',
  resourceTypes: ['transfer'],
  permissions: ['release'],
  maximumDuration: 'PT8H',
};
const world = { ...deployment, targets: [ticketing, transfers] };
const pep = callerOf(person('pep', 'enforcement-points'));

/** Releasing wants an owner; what is released and where from counts, anything else that is said does not. */
function engineThat(sees: (question: PolicyQuestion) => void = () => {}): PolicyEngine {
  return inert<PolicyEngine>('engine', {
    answer: (question) => {
      sees(question);
      if (!question.context.approved) return { permitted: false, determining: [] };
      const approval = { approvers: 'ops-owners', quorum: 1, approverAal: 2 as const };
      return { permitted: true, determining: [{ id: 'owners', approval }] };
    },
    declaredFor: () => ({ properties: ['amount'], circumstances: ['branch'] }),
  });
}

const question = {
  subject: { type: 'user', id: 'dana', properties: { session: 'session-dana' } },
  action: { name: 'release' },
  resource: { type: 'transfer', id: 't-1', properties: { amount: 100, note: 'rent' } },
  context: { branch: 'north', time: '09:00' },
};

const evaluateIn = (ledger: InMemoryLedger, body: object, at = NOW) =>
  evaluateAccess({
    deployment: world,
    policies: policiesOf(engineThat()),
    ledger,
    clock: clockAt(at),
    ids: countedIds(),
    requestable: { denials: denialBindings, issuer: ISSUER },
  })(pep, { ...question, ...body });

const satisfied = [{ approvers: 'ops-owners', quorum: 1, approverAal: 2 as const, permissions: ['release'] }];
const approved: Grant = {
  ...active(['release']),
  target: 'transfers',
  resource: { type: 'transfer', id: 't-1', properties: { amount: 100 } },
  circumstances: { branch: 'north' },
  approval: { approvers: ['omar'], satisfied },
};

async function decisionUnder(grant: Grant, body: object = {}, at = NOW) {
  const ledger = ledgerOfEverybody();
  ledger.seed(grantType, grant);
  const context = { ...question.context, approval: { id: GRANT_ID } };
  const { decision, context: said } = await evaluateIn(ledger, { context, ...body }, at);
  return [decision, said.approval?.id ?? said.reason];
}

describe('an approval that is shown', () => {
  const counts = [true, GRANT_ID];

  test('counts for what was approved, until it is over, whatever else is said', async () => {
    expect(await decisionUnder(approved)).toEqual(counts);
    expect(await decisionUnder(approved, {}, NOW + HOUR - 1)).toEqual(counts);
    const resource = { ...question.resource, properties: { amount: 100, note: 'more rent' } };
    const context = { branch: 'north', time: '10:00', approval: { id: GRANT_ID } };
    expect(await decisionUnder(approved, { resource, context })).toEqual(counts);
  });

  test.for<[string, Grant, object, number?]>([
    ['when its time is over', approved, {}, NOW + HOUR],
    ['when it has ended', beginEnding(approved as Extract<Grant, { status: 'active' }>, 'returned', NOW), {}],
    ['of somebody else', { ...approved, principal: { kind: 'user', id: 'omar' } }, {}],
    ['that was given to an agent, too', { ...approved, actors: [{ kind: 'agent', id: 'triage-bot' }] }, {}],
    ['at another target', { ...approved, target: 'ticketing-ops' }, {}],
    ['for something else', { ...approved, permissions: ['read'] }, {}],
    ['for the whole target', { ...approved, resource: undefined }, {}],
    ['as a part of what has ended', { ...approved, ancestors: ['grant-0'] }, {}],
    ['for another thing', approved, { resource: { ...question.resource, id: 't-2' } }],
    [
      'for a thing that has become another one',
      approved,
      { resource: { ...question.resource, properties: { amount: 1_000_000 } } },
    ],
    ['for a thing of which nothing is said now', approved, { resource: { type: 'transfer', id: 't-1' } }],
    ['in other circumstances', approved, { context: { branch: 'south', approval: { id: GRANT_ID } } }],
    ['in circumstances that nobody names', approved, { context: { approval: { id: GRANT_ID } } }],
    ['that there is not', approved, { context: { branch: 'north', approval: { id: 'grant-2' } } }],
  ])('does not count %s', async ([, grant, body, at]) => {
    expect(await decisionUnder(grant, body, at)).toEqual([false, 'approval_not_applicable']);
  });

  test('is read where it is shown, and nowhere else', async () => {
    const ledger = ledgerOfEverybody();
    const reads: unknown[] = [];
    const watched = {
      ...ledger,
      read: ((type, id) => {
        reads.push(type.kind);
        return ledger.read(type, id);
      }) as InMemoryLedger['read'],
    } as InMemoryLedger;
    await evaluateIn(watched, {});
    expect(reads).not.toContain('GRANT');
    await evaluateIn(watched, { context: { approval: { id: GRANT_ID } } });
    expect(reads.filter((kind) => kind === 'GRANT')).toHaveLength(1);
  });
});

test('what policies looked at when it was denied, they look at when it is requested', async () => {
  const ledger = ledgerOfEverybody();
  const { context } = await evaluateIn(ledger, {});
  const submit = submitDenied({
    deployment: world,
    denials: denialBindings,
    ledger,
    workflow: { start: async () => {} },
    clock: clockAt(),
    ids: countedIds(),
  });
  const { evaluation_id, access_request } = context;
  const body = { ...question, context: { ...question.context, business_justification: 'Month end' } };
  const denial = { evaluation_id, binding_token: access_request?.binding_token };
  const recorded = await submit(callerOf(dana), { ...body, denial }, undefined);
  if (!('request' in recorded)) throw new Error('One was asked for');
  expect(recorded.request).toMatchObject({
    resource: { type: 'transfer', id: 't-1', properties: { amount: 100 } },
    circumstances: { branch: 'north' },
    justification: 'Month end',
  });
  const seen: PolicyQuestion[] = [];
  const input = { requestId: recorded.request.id };
  await verifyRequester({ ledger, clock: clockAt() })(input);
  const { outcome } = await decideAccess({
    deployment: world,
    policies: policiesOf(engineThat((asked) => seen.push(asked))),
    ledger,
    clock: clockAt(),
  })(input);
  expect(outcome).toBe('approval_required');
  expect(seen[0]).toMatchObject({
    resource: { type: 'transfer', id: 't-1', properties: { amount: 100 } },
    context: { circumstances: { branch: 'north' } },
  });
});
