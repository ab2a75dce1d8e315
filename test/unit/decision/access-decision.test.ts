import { describe, expect, test } from 'vitest';
import { attainable, outcomeOf, type PermissionDecision } from '../../../lambdas/decision/access-decision.ts';

const owners = { approvers: 'ops-owners', quorum: 1, approverAal: 2 } as const;

describe('a request of several permissions', () => {
  const permitted: PermissionDecision = { permission: 'a', outcome: 'permitted', policies: [] };
  const approvable: PermissionDecision = {
    permission: 'b',
    outcome: 'obliged',
    policies: [],
    obligations: { approvals: [owners] },
  };
  const stronger: PermissionDecision = {
    permission: 'c',
    outcome: 'obliged',
    policies: [],
    obligations: { approvals: [owners], stepUpAal: 2 },
  };
  const denied: PermissionDecision = { permission: 'd', outcome: 'denied', policies: [] };

  test.for([
    [[permitted, approvable, stronger, denied], 'approval_required'],
    [[permitted, stronger, denied], 'permitted'],
    [[stronger, denied], 'step_up_required'],
    [[denied], 'denied'],
    [[], 'denied'],
  ] as const)('%#: goes on with what can be had as things are: %s', ([decisions, outcome]) => {
    expect(outcomeOf(decisions)).toBe(outcome);
  });

  test('has what is permitted and what an approval alone permits', () => {
    expect(attainable([permitted, approvable, stronger, denied])).toEqual([permitted, approvable]);
  });
});
