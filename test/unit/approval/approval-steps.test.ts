import { describe, expect, test } from 'vitest';
import { type Approval, approvalType, type Ballot } from '../../../lambdas/approval/approval.ts';
import { decideApproval } from '../../../lambdas/approval/decide-approval.step.ts';
import { requestApproval } from '../../../lambdas/approval/request-approval.step.ts';
import { settleApproval } from '../../../lambdas/approval/settle-approval.step.ts';
import { grantType } from '../../../lambdas/minting/grant.ts';
import {
  ApprovalSettled,
  BrokenInvariant,
  DependencyUnavailable,
  RequestCancelled,
} from '../../../lambdas/platform/failures.ts';
import { accessRequestType, cancel } from '../../../lambdas/requests/access-request.ts';
import { recordFailure } from '../../../lambdas/requests/record-failure.step.ts';
import type { Principal } from '../../../lambdas/verification/principal.ts';
import {
  APPROVAL_ID,
  callerOf,
  clockAt,
  deployBot,
  GRANT_ID,
  HOUR,
  ledgerOfEverybody,
  machine,
  NOW,
  olga,
  omar,
  pendingApproval,
  person,
  plainSealer,
  REQUEST_ID,
  requestIn,
  submitted,
  triageBot,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, interruptions } from '../../support/interruptions.ts';

const clock = clockAt();
const COMMENT = ['tickets:comment'];
const approve: Ballot = { decision: 'approve', comment: 'fine' };

function ledgerWith(over: Partial<Approval> = {}): InMemoryLedger {
  const ledger = ledgerOfEverybody();
  ledger.seed(accessRequestType, requestIn('awaiting_approval', COMMENT));
  ledger.seed(approvalType, pendingApproval(over));
  return ledger;
}

function waitingWorkflow() {
  const resumed: string[] = [];
  const resume = async (token: string, boundTo: string, { outcome }: { outcome: string }) => {
    resumed.push(`${token} as ${boundTo}: ${outcome}`);
  };
  return { resumed, resume };
}

const decide = (ledger: InMemoryLedger, who: Principal, ballot = approve, workflow = waitingWorkflow()) =>
  decideApproval({ ledger, workflow, clock })(callerOf(who), APPROVAL_ID, ballot);
const requestOf = async (ledger: InMemoryLedger) =>
  (await ledger.read(accessRequestType, REQUEST_ID))?.entity;
const grantOf = async (ledger: InMemoryLedger) => (await ledger.read(grantType, GRANT_ID))?.entity;

const quorumOfTwo = {
  requirements: [{ approvers: 'ops-owners', quorum: 2, approverAal: 2 as const, permissions: COMMENT }],
};

describe('an approval that is settled', () => {
  test('makes the grant, and tells the workflow after that', async () => {
    const ledger = ledgerWith();
    const workflow = waitingWorkflow();
    const granted: unknown[] = [];
    const resume: typeof workflow.resume = async (...given) => {
      granted.push((await grantOf(ledger))?.status);
      await workflow.resume(...given);
    };
    await decide(ledger, omar, { ...approve, durationSeconds: 600 }, { ...workflow, resume });
    expect(await grantOf(ledger)).toMatchObject({
      permissions: COMMENT,
      durationSeconds: 600,
      approval: { approvers: ['omar'] },
    });
    expect((await requestOf(ledger))?.status).toBe('permitted');
    expect([granted, workflow.resumed]).toEqual([
      ['pending'],
      [`sealed(token-1 for approval-1) as ${APPROVAL_ID}: approved`],
    ]);
  });

  test('by a denial denies the request and makes no grant', async () => {
    const ledger = ledgerWith(quorumOfTwo);
    await decide(ledger, olga);
    await decide(ledger, omar, { ...approve, decision: 'deny' });
    expect(await requestOf(ledger)).toMatchObject({ status: 'denied', reason: 'approval_denied' });
    expect(await grantOf(ledger)).toBeUndefined();
  });

  test('is not told while others must still decide', async () => {
    const workflow = waitingWorkflow();
    const ledger = ledgerWith(quorumOfTwo);
    await decide(ledger, omar, approve, workflow);
    expect([workflow.resumed, await grantOf(ledger)]).toEqual([[], undefined]);
  });

  test('by two people at once counts both', async () => {
    const ledger = ledgerWith(quorumOfTwo);
    await Promise.all([decide(ledger, olga), decide(ledger, omar)]);
    expect((await grantOf(ledger))?.approval?.approvers.toSorted()).toEqual(['olga', 'omar']);
  });

  test('and could not be told is told when the same decision is sent again', async () => {
    const ledger = ledgerWith();
    const silent = { ...waitingWorkflow(), resume: () => Promise.reject(new DependencyUnavailable('SFN')) };
    await expect(decide(ledger, omar, approve, silent)).rejects.toThrow(DependencyUnavailable);
    const workflow = waitingWorkflow();
    await decide(ledger, omar, approve, workflow);
    expect([workflow.resumed.length, ledger.commits]).toEqual([1, 1]);
  });

  test('whose decision stops at any call of a port is finished by sending it again', async () => {
    for (let nth = 1; nth <= 4; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        const ledger = ledgerWith();
        const workflow = waitingWorkflow();
        const stop = interruptions(nth, when);
        const disturbed = decideApproval({
          ledger: stop.watch(ledger),
          workflow: stop.watch(workflow),
          clock,
        });
        await expect(disturbed(callerOf(omar), APPROVAL_ID, approve)).rejects.toThrow(Interrupted);
        await decide(ledger, omar, approve, workflow);
        expect((await requestOf(ledger))?.status).toBe('permitted');
        expect(ledger.chain(REQUEST_ID).map(({ type }) => type)).toEqual(['approval.decided']);
        expect(workflow.resumed).not.toEqual([]);
      }
    }
  });
});

describe('a decision is refused', () => {
  const weak = { ...callerOf(omar), assurance: { ...callerOf(omar).assurance, aal: 1 as const } };

  test.for<[string, Partial<Approval>, ReturnType<typeof callerOf>, number]>([
    ['to the requester', { excluded: ['olga'] }, callerOf(olga), 403],
    [
      'to somebody of no group that is asked, as if there were none',
      {},
      callerOf(person('eve', 'engineering')),
      404,
    ],
    ['to a machine', {}, callerOf(machine('workload', 'w', 'omar', 'ops-owners')), 403],
    ['to a person through an agent that is no approver', {}, callerOf(omar, [triageBot]), 404],
    [
      'to a person through an agent of the group',
      {},
      callerOf(omar, [machine('agent', 'a', 'omar', 'ops-owners')]),
      403,
    ],
    ['to a session that is too weak', {}, weak, 401],
    ['of what was denied', { status: 'denied' }, callerOf(omar), 409],
    ['of what is over', { expiresAtEpochSeconds: NOW }, callerOf(omar), 409],
  ])('%s', async ([, over, caller, status]) => {
    const ledger = ledgerWith(over);
    const deciding = decideApproval({ ledger, workflow: waitingWorkflow(), clock })(
      caller,
      APPROVAL_ID,
      approve,
    );
    await expect(deciding).rejects.toMatchObject({ status });
    expect(ledger.commits).toBe(0);
  });

  test('of what does not exist', async () => {
    await expect(decide(ledgerOfEverybody(), omar)).rejects.toMatchObject({ status: 404 });
  });

  test('after the request failed meanwhile', async () => {
    const ledger = ledgerWith();
    await recordFailure({ ledger, clock })({ requestId: REQUEST_ID, failure: { state: 'S', error: 'E' } });
    await expect(decide(ledger, omar)).rejects.toMatchObject({ status: 409 });
    expect(await grantOf(ledger)).toBeUndefined();
  });
});

describe('asking for an approval', () => {
  const ask = (ledger: InMemoryLedger, taskToken = 'token-1') =>
    requestApproval({ ledger, taskTokens: plainSealer, clock })({
      requestId: REQUEST_ID,
      taskToken,
      approvalTimeoutSeconds: HOUR,
    });
  const approvalIn = async (ledger: InMemoryLedger) => (await ledger.read(approvalType, APPROVAL_ID))?.entity;

  function ledgerOf(permissions: string[], actors: Principal[] = []): InMemoryLedger {
    const ledger = ledgerOfEverybody();
    const request = requestIn('awaiting_approval', permissions);
    ledger.seed(accessRequestType, { ...request, actors: actors.map(({ kind, id }) => ({ kind, id })) });
    return ledger;
  }

  test('shows all that would be granted, and asks each group once, for what needs it, by the strictest', async () => {
    const ledger = ledgerOf(['tickets:read', 'tickets:comment', 'tickets:delete']);
    await ask(ledger);
    expect(await approvalIn(ledger)).toMatchObject({
      proposal: { permissions: ['tickets:read', 'tickets:comment', 'tickets:delete'], durationSeconds: HOUR },
      requirements: [
        {
          approvers: 'ops-owners',
          quorum: 2,
          approverAal: 2,
          permissions: ['tickets:comment', 'tickets:delete'],
        },
      ],
      expiresAtEpochSeconds: NOW + HOUR,
    });
  });

  test('excludes the requester, who acts, and the owners of those who are machines', async () => {
    const ledger = ledgerOf(COMMENT, [triageBot, deployBot]);
    await ask(ledger);
    expect((await approvalIn(ledger))?.excluded.toSorted()).toEqual([
      'dana',
      'deploy-bot',
      'omar',
      'triage-bot',
    ]);
  });

  test('again takes the newest task token and keeps the votes', async () => {
    const ledger = ledgerWith(quorumOfTwo);
    await decide(ledger, omar);
    await ask(ledger, 'token-2');
    expect(await approvalIn(ledger)).toMatchObject({
      encryptedTaskToken: `sealed(token-2 for ${APPROVAL_ID})`,
      votes: [{ approver: 'omar' }],
    });
  });

  test('again with the same task token, as after an answer that was lost, changes nothing', async () => {
    const ledger = ledgerOf(COMMENT);
    await ask(ledger, 'token-1');
    const commits = ledger.commits;
    expect(await ask(ledger, 'token-1')).toEqual({ outcome: 'waiting' });
    expect(ledger.commits).toBe(commits);
  });

  test.for(['approved', 'denied', 'expired'] as const)(
    'again once it is %s fails the wait that nobody would answer',
    async (status) => {
      const ledger = ledgerWith({ status });
      await expect(ask(ledger, 'token-2')).rejects.toThrow(ApprovalSettled);
      expect(ledger.commits).toBe(0);
    },
  );

  test('is not begun for a request that was taken back', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(accessRequestType, cancel(submitted(COMMENT), NOW));
    await expect(ask(ledger, 'token-1')).rejects.toThrow(RequestCancelled);
    expect(ledger.commits).toBe(0);
  });

  test('keeps no task token in the clear', async () => {
    const ledger = ledgerOf(COMMENT);
    const taskTokens = { seal: async () => 'ciphertext' };
    await requestApproval({ ledger, taskTokens, clock })({
      requestId: REQUEST_ID,
      taskToken: 'hunter2',
      approvalTimeoutSeconds: 1,
    });
    expect(JSON.stringify([ledger.entities(), ledger.chain(REQUEST_ID)])).not.toContain('hunter2');
  });

  test('that no decision asked for is a broken invariant', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(accessRequestType, requestIn('permitted'));
    await expect(ask(ledger)).rejects.toThrow(BrokenInvariant);
  });
});

describe('an approval whose time is over', () => {
  const expire = (ledger: InMemoryLedger) => settleApproval({ ledger, clock })({ requestId: REQUEST_ID });

  test('denies its request, and cannot be decided any more', async () => {
    const ledger = ledgerWith();
    expect(await expire(ledger)).toEqual({ outcome: 'expired' });
    expect(await requestOf(ledger)).toMatchObject({ status: 'denied', reason: 'approval_timed_out' });
    await expect(decide(ledger, omar)).rejects.toMatchObject({ status: 409 });
  });

  test.for(['approve', 'deny'] as const)('keeps the decision to %s of the last moment', async (decision) => {
    const ledger = ledgerWith();
    await decide(ledger, omar, { ...approve, decision });
    expect(await expire(ledger)).toEqual({ outcome: decision === 'approve' ? 'approved' : 'denied' });
  });

  test('and decided at once is one or the other', async () => {
    const ledger = ledgerWith();
    const [decided, expired] = await Promise.allSettled([decide(ledger, omar), expire(ledger)]);
    const granted = (await grantOf(ledger)) !== undefined;
    expect([decided.status === 'fulfilled', expired.status === 'rejected']).toEqual([granted, granted]);
  });
});
