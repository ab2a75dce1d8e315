import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Approval,
  approvalType,
  type Ballot,
  castBallot,
  type Voter,
} from '../../../lambdas/approval/approval.ts';
import type { Aal } from '../../../lambdas/verification/evidence.ts';
import { HOUR, NOW, pendingApproval } from '../../support/access-case.ts';

fc.configureGlobal({ seed: 20260105 });

const olga: Voter = { id: 'olga', groups: ['ops-owners'], aal: 2 };
const approve: Ballot = { decision: 'approve', comment: '' };

const cast = (approval: Approval, voter = olga, ballot = approve, now = NOW) =>
  castBallot(approval, voter, ballot, now);

/** The approval after a ballot that must count. */
function counted(approval: Approval, voter: Voter, ballot: Ballot): Approval {
  const outcome = cast(approval, voter, ballot);
  if (outcome.outcome !== 'counted') throw new Error(`The ballot is ${outcome.outcome}`);
  return outcome.approval;
}

const two = pendingApproval({
  requirements: [
    { approvers: 'ops-owners', quorum: 2, approverAal: 2, permissions: ['tickets:comment'] },
    { approvers: 'security', quorum: 1, approverAal: 1, permissions: ['tickets:delete'] },
  ],
  proposal: { permissions: ['tickets:read', 'tickets:comment', 'tickets:delete'], durationSeconds: HOUR },
});

describe('who may vote', () => {
  test('a party of the request, or the owner of an agent in it, may not, whatever their groups', () => {
    expect(cast(pendingApproval({ excluded: ['dana', 'olga'] })).outcome).toBe('self_approval');
  });

  test('somebody of no group that is asked is no approver', () => {
    expect(cast(pendingApproval(), { ...olga, groups: ['engineering'] }).outcome).toBe('not_an_approver');
  });

  test('somebody of several groups needs the strictest level of them', () => {
    const voter: Voter = { id: 'olga', groups: ['security', 'ops-owners'], aal: 1 };
    expect(cast(two, voter)).toEqual({ outcome: 'too_weak', neededAal: 2 });
  });

  test('nobody may from the moment that it expires', () => {
    const approval = pendingApproval();
    const last = cast(approval, olga, approve, approval.expiresAtEpochSeconds - 1);
    const late = cast(approval, olga, approve, approval.expiresAtEpochSeconds);
    expect([last.outcome, late]).toEqual(['counted', { outcome: 'over', status: 'expired' }]);
  });

  test('nobody may twice, but to say the same again', () => {
    const once = counted(two, olga, approve);
    expect([cast(once).outcome, cast(once, olga, { ...approve, decision: 'deny' }).outcome]).toEqual([
      'repeated',
      'voted_otherwise',
    ]);
  });

  test('saying the same again is understood also after others have narrowed, and after all is over', () => {
    const ballot = { ...approve, permissions: ['tickets:delete', 'tickets:comment'] };
    const hers = counted(two, olga, ballot);
    const shorter = counted(hers, { ...olga, id: 'omar' }, { ...ballot, durationSeconds: 60 });
    const over = counted(shorter, { id: 'sam', groups: ['security'], aal: 1 }, approve);
    expect(over.status).toBe('approved');
    expect(cast(over, olga, { ...ballot, permissions: ballot.permissions.toReversed() }).outcome).toBe(
      'repeated',
    );
  });

  test('saying the same again is understood also after it narrowed away what its voter is asked for', () => {
    const ballot = { ...approve, permissions: ['tickets:read'] };
    expect(cast(counted(two, olga, ballot), olga, ballot).outcome).toBe('repeated');
  });

  test('saying otherwise is refused as that also after it narrowed away what its voter was asked for', () => {
    const ballot = { ...approve, permissions: ['tickets:delete'] };
    const waiting = counted(two, olga, ballot);
    expect(waiting.status).toBe('pending');
    expect(cast(waiting, olga, { ...ballot, decision: 'deny' }).outcome).toBe('voted_otherwise');
  });

  test('a permission that is named twice is named once', () => {
    const twice = { ...approve, permissions: ['tickets:comment', 'tickets:comment'] };
    const more = { ...approve, permissions: ['tickets:comment', 'tickets:delete'] };
    expect([
      cast(counted(two, olga, twice), olga, twice).outcome,
      cast(counted(two, olga, more), olga, twice).outcome,
    ]).toEqual(['repeated', 'voted_otherwise']);
  });
});

describe('narrowing', () => {
  test.for([
    ['a permission that is not proposed', { permissions: ['tickets:comment', 'tickets:close'] }],
    ['a longer time', { durationSeconds: HOUR + 1 }],
    ['no permission at all', { permissions: [] }],
  ] as const)('%s is refused', ([, narrowing]) => {
    expect(cast(two, olga, { ...approve, ...narrowing }).outcome).toBe('widens');
  });

  test('a permission that was narrowed away needs nobody’s approval any more', () => {
    const narrowed = counted(two, olga, { ...approve, permissions: ['tickets:comment'] });
    expect(narrowed.requirements.map(({ approvers }) => approvers)).toEqual(['ops-owners']);
  });

  test('to what nobody need approve settles it', () => {
    expect(counted(two, olga, { ...approve, permissions: ['tickets:read'] }).status).toBe('approved');
  });
});

test('one denial denies', () => {
  expect(counted(two, olga, { ...approve, decision: 'deny' }).status).toBe('denied');
});

describe('an inbox', () => {
  const listsOf = (approval: Approval) => approvalType.listEntries?.(approval).map(({ list }) => list);

  test('holds an approval once for each group that is asked, while it is pending', () => {
    const twice = { ...two, requirements: [...two.requirements, ...two.requirements] };
    expect(listsOf(twice)).toEqual(['ops-owners', 'security']);
  });

  test.for(['approved', 'denied', 'expired'] as const)('holds none that is %s', (status) => {
    expect(listsOf({ ...two, status })).toEqual([]);
  });
});

const PERMISSIONS = ['read', 'comment', 'delete', 'close'];
const GROUPS = ['owners', 'security', 'legal'];

const anyApproval = fc
  .record({
    requirements: fc.uniqueArray(
      fc.record({
        approvers: fc.constantFrom(...GROUPS),
        quorum: fc.integer({ min: 1, max: 3 }),
        approverAal: fc.constantFrom<1 | 2 | 3>(1, 2, 3),
        permissions: fc.uniqueArray(fc.constantFrom(...PERMISSIONS), { minLength: 1 }),
      }),
      { selector: ({ approvers }) => approvers, minLength: 1 },
    ),
    excluded: fc.subarray(['v1', 'v2']),
  })
  .map(({ requirements, excluded }) =>
    pendingApproval({
      requirements,
      excluded,
      proposal: { permissions: PERMISSIONS, durationSeconds: HOUR },
    }),
  );

const anyVoter = fc.record({
  id: fc.constantFrom('v1', 'v2', 'v3', 'v4', 'v5', 'v6'),
  groups: fc.subarray(GROUPS),
  aal: fc.constantFrom<Aal>(0, 1, 2, 3),
});

const anyBallot = fc.record(
  {
    decision: fc.constantFrom<Ballot['decision']>('approve', 'approve', 'approve', 'deny'),
    comment: fc.constant(''),
    permissions: fc.uniqueArray(fc.constantFrom(...PERMISSIONS), { minLength: 2 }),
    durationSeconds: fc.integer({ min: 1, max: 2 * HOUR }),
  },
  { requiredKeys: ['decision', 'comment'] },
);

const anyBallots = fc.array(
  fc.record({ voter: anyVoter, ballot: anyBallot, now: fc.integer({ min: NOW, max: NOW + 25 * HOUR }) }),
  { maxLength: 12 },
);

/** Every approval that the ballots lead through, the first one included. */
function courseOf(first: Approval, ballots: readonly { voter: Voter; ballot: Ballot; now: number }[]) {
  const course = [first];
  for (const { voter, ballot, now } of ballots) {
    const outcome = castBallot(course.at(-1) ?? first, voter, ballot, now);
    if (outcome.outcome === 'counted') course.push(outcome.approval);
  }
  return course;
}

describe('whatever the ballots', () => {
  test('the proposal only ever shrinks', () => {
    fc.assert(
      fc.property(anyApproval, anyBallots, (first, ballots) => {
        const course = courseOf(first, ballots);
        for (const [index, { proposal }] of course.slice(1).entries()) {
          const before = course[index]?.proposal ?? first.proposal;
          expect(before.permissions).toEqual(expect.arrayContaining(proposal.permissions));
          expect(proposal.durationSeconds).toBeLessThanOrEqual(before.durationSeconds);
        }
      }),
    );
  });

  test('what is approved has, for all that is left, a quorum of distinct, allowed and strong approvers', () => {
    fc.assert(
      fc.property(anyApproval, anyBallots, (first, ballots) => {
        const last = courseOf(first, ballots).at(-1) ?? first;
        fc.pre(last.status === 'approved');
        // By the requirements as they were at first: what was forgotten since must not count as met.
        for (const { approvers, quorum, approverAal, permissions } of first.requirements) {
          if (!permissions.some((permission) => last.proposal.permissions.includes(permission))) continue;
          const counted = last.votes.filter(
            ({ groups, aal, decision }) =>
              decision === 'approve' && groups.includes(approvers) && aal >= approverAal,
          );
          expect(new Set(counted.map(({ approver }) => approver)).size).toBeGreaterThanOrEqual(quorum);
        }
        expect(last.votes.filter(({ approver }) => first.excluded.includes(approver))).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  test('nothing changes what is settled', () => {
    fc.assert(
      fc.property(anyApproval, anyBallots, (first, ballots) => {
        const settled = courseOf(first, ballots).findIndex(({ status }) => status !== 'pending');
        fc.pre(settled >= 0);
        expect(courseOf(first, ballots)).toHaveLength(settled + 1);
      }),
    );
  });

  test('the order of approvals that narrow nothing does not matter', () => {
    const plain = fc.uniqueArray(anyVoter, { selector: ({ id }) => id });
    fc.assert(
      fc.property(
        anyApproval,
        plain.chain((voters) =>
          fc.tuple(fc.constant(voters), fc.shuffledSubarray(voters, { minLength: voters.length })),
        ),
        (first, [voters, shuffled]) => {
          const outcomeOf = (order: readonly Voter[]) => {
            const ballots = order.map((voter) => ({ voter, ballot: approve, now: NOW }));
            const { status, proposal } = courseOf(first, ballots).at(-1) ?? first;
            return { status, proposal };
          };
          expect(outcomeOf(shuffled)).toEqual(outcomeOf(voters));
        },
      ),
    );
  });
});
