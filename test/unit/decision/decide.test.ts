import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApprovalRequirement } from '../../../lambdas/decision/access-decision.ts';
import { type Circumstances, decidePermission } from '../../../lambdas/decision/decide.ts';
import type { PolicyQuestion, PolicyTerms } from '../../../lambdas/decision/policy-engine.port.ts';
import { targetResource } from '../../../lambdas/decision/resource.ts';
import { nothingProven } from '../../../lambdas/verification/assurance.ts';
import type { Aal } from '../../../lambdas/verification/evidence.ts';
import {
  dana,
  deployBot,
  HOUR,
  inert,
  refusal,
  scriptedEngine,
  ticketing,
  triageBot,
} from '../../support/access-case.ts';

fc.configureGlobal({ seed: 20260105 });

const owners = { approvers: 'ops-owners', quorum: 1, approverAal: 2 } as const;

function circumstances(over: Partial<Circumstances> = {}): Circumstances {
  return {
    parties: [dana],
    resource: targetResource(ticketing),
    channel: 'web',
    assurance: { ...nothingProven, aal: 1, attested: false },
    provenByActors: {},
    requestedDurationSeconds: HOUR,
    approvals: [],
    ...over,
  };
}

/** A permit and what it wants; it permits those who bring at least that. */
interface Permit extends PolicyTerms {
  readonly needsApproval?: boolean;
  readonly needsAal?: Aal;
  readonly of?: string;
}

const engineOf = (permits: readonly Permit[]) =>
  scriptedEngine(({ principal, context }) => {
    const determining = permits.filter(
      ({ needsApproval = false, needsAal = 0, of = principal.id }) =>
        of === principal.id && (!needsApproval || context.approved) && context.assurance.aal >= needsAal,
    );
    return determining.length === 0 ? refusal : { permitted: true, determining };
  });

const decide = (permits: readonly Permit[], over: Partial<Circumstances> = {}) =>
  decidePermission(engineOf(permits), 'tickets:read', circumstances(over));

/** What the engine is asked, as `aal` with `+` where the approvals are supposed to be given. */
function askedOf(over: Partial<Circumstances>): string[] {
  const asked: string[] = [];
  const engine = scriptedEngine(({ context }: PolicyQuestion) => {
    const isAfresh = context.assurance.secondsSinceAuthentication === 0;
    asked.push(`${context.assurance.aal}${context.approved ? '+' : ''}${isAfresh ? ' afresh' : ''}`);
    return refusal;
  });
  decidePermission(engine, 'tickets:read', circumstances(over));
  return asked;
}

describe('the ladder of hypotheses', () => {
  test('asks as things are, then with approval, then each level from its own up, afresh, alone and with approval', () => {
    expect(askedOf({})).toEqual([
      '1',
      '1+',
      ...['1 afresh', '1+ afresh', '2 afresh', '2+ afresh', '3 afresh', '3+ afresh'],
    ]);
  });

  test('has no step-up for a machine', () => {
    expect(
      askedOf({ parties: [deployBot], assurance: { ...nothingProven, aal: 0, attested: true } }),
    ).toEqual(['0', '0+']);
  });

  test('counts approvals that were given for just what they were given for', () => {
    const wanted: Permit[] = [{ id: 'approved', needsApproval: true, approval: { ...owners, quorum: 2 } }];
    const outcomeWith = (given: ApprovalRequirement) => decide(wanted, { approvals: [given] }).outcome;
    expect([
      outcomeWith({ ...owners, quorum: 2 }),
      outcomeWith(owners),
      outcomeWith({ ...owners, quorum: 2, approverAal: 1 }),
      outcomeWith({ ...owners, quorum: 2, approvers: 'security' }),
    ]).toEqual(['permitted', 'obliged', 'obliged', 'obliged']);
  });

  test('prefers an approval to a step-up', () => {
    const permits: Permit[] = [
      { id: 'approved', needsApproval: true, approval: owners },
      { id: 'stronger', needsAal: 2 },
    ];
    expect(decide(permits)).toMatchObject({ outcome: 'obliged', policies: ['approved'] });
  });

  test('prefers a step-up alone to a step-up with approval', () => {
    const permits: Permit[] = [
      { id: 'both', needsAal: 2, needsApproval: true, approval: owners },
      { id: 'stronger', needsAal: 2 },
    ];
    expect(decide(permits)).toEqual({
      permission: 'tickets:read',
      outcome: 'obliged',
      policies: ['stronger'],
      obligations: { approvals: [], stepUpAal: 2 },
    });
  });

  test('asks for both where neither alone permits', () => {
    const permits = [{ id: 'both', needsAal: 3, needsApproval: true, approval: owners } as const];
    expect(decide(permits)).toMatchObject({ obligations: { approvals: [owners], stepUpAal: 3 } });
  });
});

describe('fails closed', () => {
  test('where a permit wants an approval and does not say whose', () => {
    expect(decide([{ id: 'approved-by-nobody', needsApproval: true }]).outcome).toBe('denied');
  });

  test('where a permit says whose approval it wants and does not ask whether it has it', () => {
    expect(decide([{ id: 'in-words-only', approval: owners }]).outcome).toBe('obliged');
  });

  test('where one party’s approvers are named and another’s are not', () => {
    const permits: Permit[] = [
      { id: 'hers', of: 'dana', needsApproval: true, approval: owners },
      { id: 'its', of: 'triage-bot', needsApproval: true },
    ];
    expect(decide(permits, { parties: [dana, triageBot] }).outcome).toBe('denied');
  });

  test('where one of the parties is permitted by nothing', () => {
    expect(decide([{ id: 'hers', of: 'dana' }], { parties: [dana, triageBot] }).outcome).toBe('denied');
  });

  test('where the parties are permitted, but never under one and the same hypothesis', () => {
    const engine = scriptedEngine(({ principal, context }) =>
      context.approved === (principal.id === 'triage-bot')
        ? { permitted: true, determining: [{ id: principal.id, approval: owners }] }
        : refusal,
    );
    const decision = decidePermission(engine, 'tickets:read', circumstances({ parties: [dana, triageBot] }));
    expect(decision.outcome).toBe('denied');
  });
});

describe('of several permits', () => {
  test('the one that asks for the fewest people is taken, and nobody is asked beside them', () => {
    const permits: Permit[] = [
      { id: 'a-two', needsApproval: true, approval: { ...owners, quorum: 2 } },
      { id: 'b-one', needsApproval: true, approval: owners },
    ];
    expect(decide(permits)).toMatchObject({ obligations: { approvals: [owners] } });
  });

  test('one that can be had from nobody does not hide one that can', () => {
    const permits: Permit[] = [
      { id: 'a-nobodys', needsApproval: true },
      { id: 'b-owners', needsApproval: true, approval: owners },
    ];
    expect(decide(permits)).toMatchObject({ outcome: 'obliged', policies: ['b-owners'] });
  });

  test('that ask for as many people, the longest is taken', () => {
    const permits = [
      { id: 'short', maximumDurationSeconds: 60 },
      { id: 'long', maximumDurationSeconds: 600 },
    ];
    expect(decide(permits)).toMatchObject({ outcome: 'permitted', maximumDurationSeconds: 600 });
  });

  test('one without a limit is the longest', () => {
    const permits = [{ id: 'short', maximumDurationSeconds: 60 }, { id: 'unlimited' }];
    expect(decide(permits)).not.toHaveProperty('maximumDurationSeconds');
  });
});

describe('several parties', () => {
  const parties = [dana, triageBot] as const;

  test('have the shortest of their durations', () => {
    const permits = [
      { id: 'hers', of: 'dana', maximumDurationSeconds: 600 },
      { id: 'its', of: 'triage-bot', maximumDurationSeconds: 60 },
    ];
    expect(decide(permits, { parties })).toMatchObject({ maximumDurationSeconds: 60 });
  });

  test('that need one group need it once, by the stricter of what they ask', () => {
    const permits: Permit[] = [
      { id: 'hers', of: 'dana', needsApproval: true, approval: { ...owners, quorum: 2, approverAal: 1 } },
      { id: 'its', of: 'triage-bot', needsApproval: true, approval: { ...owners, approverAal: 3 } },
    ];
    expect(decide(permits, { parties })).toMatchObject({
      obligations: { approvals: [{ approvers: 'ops-owners', quorum: 2, approverAal: 3 }] },
    });
  });

  test('are told to be delegated, and one party alone is not', () => {
    const delegated: boolean[] = [];
    const engine = scriptedEngine(({ context }) => {
      delegated.push(context.delegated);
      return { permitted: true, determining: [{ id: 'everything' }] };
    });
    decidePermission(engine, 'tickets:read', circumstances({ parties }));
    decidePermission(engine, 'tickets:read', circumstances());
    expect(delegated).toEqual([true, true, false]);
  });

  test('step up with the principal, whoever acts for them', () => {
    const agentOfAPerson = decide([{ id: 'stronger', needsAal: 2 }], { parties });
    const personOfAnAgent = decide([{ id: 'stronger', needsAal: 2 }], { parties: [triageBot, dana] });
    expect([agentOfAPerson.outcome, personOfAnAgent.outcome]).toEqual(['obliged', 'denied']);
  });
});

/** Any permits that want something of the requester, each approval with its approvers. */
const permitsThat = fc.array(
  fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    needsApproval: fc.boolean(),
    needsAal: fc.constantFrom<Aal>(0, 1, 2, 3),
    of: fc.constantFrom('dana', 'triage-bot'),
    quorum: fc.integer({ min: 1, max: 3 }),
    maximumDurationSeconds: fc.integer({ min: 1, max: 9 * HOUR }),
  }),
  { maxLength: 6 },
);
const anyone = fc.constantFrom<Circumstances['parties']>([dana], [triageBot], [dana, triageBot]);
const question = fc.record({
  permits: permitsThat.map((all) =>
    all.map(
      ({ quorum, ...permit }): Permit => ({
        ...permit,
        ...(permit.needsApproval ? { approval: { ...owners, quorum } } : {}),
      }),
    ),
  ),
  parties: anyone,
  aal: fc.constantFrom<Aal>(0, 1, 2, 3),
});

describe('whatever the policies', () => {
  test('what is permitted as things are carries no obligations', () => {
    fc.assert(
      fc.property(question, ({ permits, parties, aal }) => {
        const over = { parties, assurance: { ...nothingProven, aal, attested: false } };
        const asThingsAre = parties.every(
          (principal) =>
            engineOf(permits).answer({
              principal,
              permission: 'tickets:read',
              resource: targetResource(ticketing),
              context: {
                channel: 'web',
                assurance: over.assurance,
                approved: false,
                delegated: parties.length > 1,
                requestedDurationSeconds: HOUR,
              },
            }).permitted,
        );
        const decision = decide(permits, over);
        expect(decision.outcome === 'permitted').toBe(asThingsAre);
        expect('obligations' in decision).toBe(decision.outcome === 'obliged');
      }),
    );
  });

  test('who brings what a decision obliges to is permitted', () => {
    fc.assert(
      fc.property(question, ({ permits, parties, aal }) => {
        const decision = decide(permits, { parties, assurance: { ...nothingProven, aal, attested: false } });
        fc.pre(decision.outcome === 'obliged');
        const { approvals, stepUpAal } = decision.obligations;
        const brought = {
          parties,
          approvals,
          assurance: { ...nothingProven, aal: stepUpAal ?? aal, attested: false },
        };
        expect(decide(permits, brought).outcome).toBe('permitted');
      }),
    );
  });

  test('what is denied is permitted by no approval and to no level that its principal can reach', () => {
    fc.assert(
      fc.property(question, ({ permits, parties, aal }) => {
        fc.pre(
          decide(permits, { parties, assurance: { ...nothingProven, aal, attested: false } }).outcome ===
            'denied',
        );
        const reachable = parties[0].kind === 'user' ? ([1, 2, 3] as const).filter((one) => one > aal) : [];
        for (const level of [aal, ...reachable]) {
          for (const approvals of [[], [owners]]) {
            const over = { parties, approvals, assurance: { ...nothingProven, aal: level, attested: false } };
            expect(decide(permits, over).outcome).not.toBe('permitted');
          }
        }
      }),
    );
  });
});

test('an inert port fails whoever uses it', () => {
  expect(() => decidePermission(inert('PolicyEngine'), 'tickets:read', circumstances())).toThrow(
    'PolicyEngine.answer',
  );
});
