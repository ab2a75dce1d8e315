import { describe, expect, test } from 'vitest';
import { approvalType, type Vote } from '../../../lambdas/approval/approval.ts';
import { listApprovals, readApproval } from '../../../lambdas/approval/read-approvals.step.ts';
import type { Problem } from '../../../lambdas/platform/problem.ts';
import type { Principal } from '../../../lambdas/verification/principal.ts';
import {
  APPROVAL_ID,
  callerOf,
  clockAt,
  dana,
  HOUR,
  ledgerOfEverybody,
  machine,
  NOW,
  olga,
  omar,
  orla,
  pendingApproval,
  person,
  triageBot,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';

const clock = clockAt();

const voteOf = (approver: string): Vote => ({
  approver,
  decision: 'approve',
  comment: '',
  groups: ['ops-owners'],
  aal: 2,
  permissions: ['tickets:comment'],
  durationSeconds: HOUR,
  atEpochSeconds: NOW,
});

describe('an inbox', () => {
  const cursors = { seal: async (place: string) => place, open: async (cursor: string) => cursor };
  const inboxOf = (ledger: InMemoryLedger, who: Principal, query = {}, at = clock) =>
    listApprovals({ ledger, cursors, clock: at })(callerOf(who), query);

  function ledgerOfMany(count: number): InMemoryLedger {
    const ledger = ledgerOfEverybody();
    for (let index = 0; index < count; index += 1) {
      const excluded = index % 2 === 0 ? ['dana'] : ['dana', 'orla'];
      ledger.seed(
        approvalType,
        pendingApproval({ id: `approval-${index}`, excluded, createdAtEpochSeconds: NOW + index }),
      );
    }
    return ledger;
  }

  test('holds, oldest first, what the caller may still decide', async () => {
    const { approvals, cursor } = await inboxOf(ledgerOfMany(5), orla);
    expect([approvals.map(({ id }) => id), cursor]).toEqual([
      ['approval-0', 'approval-2', 'approval-4'],
      undefined,
    ]);
  });

  test('is read to its end page by page, without a gap or a repetition', async () => {
    const ledger = ledgerOfMany(7);
    const seen: string[] = [];
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await inboxOf(ledger, orla, { limit: '1', ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.approvals.map(({ id }) => id));
      cursor = page.cursor;
    }
    expect(seen).toEqual(['approval-0', 'approval-2', 'approval-4', 'approval-6']);
  });

  test('holds nothing that the caller has decided, nor what is over', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(approvalType, pendingApproval({ votes: [voteOf('omar')] }));
    expect((await inboxOf(ledger, olga, {}, clockAt(NOW + 24 * HOUR))).approvals).toEqual([]);
    expect((await inboxOf(ledger, omar)).approvals).toEqual([]);
    expect((await inboxOf(ledger, olga)).approvals).toHaveLength(1);
  });

  test('is read no further in a group that its holder has left', async () => {
    const ledger = ledgerOfMany(2);
    const { cursor = '' } = await inboxOf(ledger, orla, { limit: '1' });
    const gone = inboxOf(ledger, { ...orla, groups: [] }, { cursor });
    await expect(gone).rejects.toMatchObject({ status: 400 });
  });

  test('is empty for who is in no group', async () => {
    expect(await inboxOf(ledgerOfMany(2), person('eve'))).toEqual({ approvals: [] });
  });
});

describe('an approval', () => {
  const approval = pendingApproval({
    actors: [{ kind: 'agent', id: 'triage-bot' }],
    votes: [voteOf('sam')],
  });
  const read = (who: Principal, id = APPROVAL_ID) => {
    const ledger = ledgerOfEverybody();
    ledger.seed(approvalType, approval);
    return readApproval({ ledger })(callerOf(who), id);
  };

  test.for([
    ['who may decide it', omar],
    ['the requester', dana],
    ['the agent that acts', triageBot],
    ['who has decided it, though not of its groups any more', person('sam')],
  ] as const)('is read by %s', async ([, who]) => {
    expect((await read(who)).id).toBe(APPROVAL_ID);
  });

  test.for([
    ['a person', person('eve', 'engineering')],
    ['an agent', machine('agent', 'rogue', 'omar', 'triage-agents')],
  ] as const)('is to %s who has no part in it as if it were not there', async ([, who]) => {
    const refusalOf = (id: string) => read(who, id).catch((refusal: Problem) => refusal.toDocument());
    expect(await refusalOf(APPROVAL_ID)).toEqual(await refusalOf('approval-none'));
    await expect(read(who)).rejects.toMatchObject({ status: 404 });
  });
});
