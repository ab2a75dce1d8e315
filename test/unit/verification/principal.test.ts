import { describe, expect, test } from 'vitest';
import { actClaim } from '../../../lambdas/verification/act-claim.ts';
import { isParty, isSameParty, whoCalls } from '../../../lambdas/verification/caller.ts';
import { ineligibility, ownerOf, Principal } from '../../../lambdas/verification/principal.ts';
import { callerOf, dana, deployBot, machine, omar, person, triageBot } from '../../support/access-case.ts';

const known = (...principals: Principal[]) => new Map(principals.map((one) => [one.id, one]));

describe('nothing is granted', () => {
  test.for<[string, string, Principal[], string | undefined]>([
    ['to somebody unknown', 'dana', [], 'unknown_principal'],
    ['to somebody suspended', 'dana', [{ ...dana, status: 'suspended' }], 'principal_not_active'],
    ['to somebody who left', 'dana', [{ ...dana, status: 'offboarded' }], 'principal_not_active'],
    ['to an agent of nobody known', 'triage-bot', [triageBot], 'owner_not_active'],
    [
      'to an agent of somebody suspended',
      'triage-bot',
      [triageBot, { ...dana, status: 'suspended' }],
      'owner_not_active',
    ],
    [
      'to an agent of a machine',
      'sub-bot',
      [machine('agent', 'sub-bot', 'triage-bot'), triageBot, dana],
      'owner_not_active',
    ],
    ['to an agent that owns itself', 'loop', [machine('agent', 'loop', 'loop')], 'owner_not_active'],
    [
      'to a suspended agent of an active person',
      'triage-bot',
      [{ ...triageBot, status: 'suspended' }, dana],
      'principal_not_active',
    ],
  ])('%s', ([, id, principals, reason]) => {
    expect(ineligibility(id, known(...principals))).toBe(reason);
  });
});

test('an active person, and an active agent of one, may be granted something', () => {
  expect([ineligibility('dana', known(dana)), ineligibility('triage-bot', known(triageBot, dana))]).toEqual([
    undefined,
    undefined,
  ]);
});

test('a person answers for themself, a machine’s owner for it', () => {
  expect([ownerOf(dana), ownerOf(deployBot)]).toEqual(['dana', 'omar']);
});

test.for(['owner', 'environment'] as const)('a machine without %s is no principal', (member) => {
  const { [member]: _, ...without } = deployBot;
  expect(Principal.safeParse(without).success).toBe(false);
});

describe('the same party', () => {
  const sub = machine('agent', 'sub-bot', 'dana');
  const of = callerOf(dana, [triageBot, sub]);

  test('is the same principal with the same actors in the same order', () => {
    expect(isSameParty(callerOf(dana, [triageBot, sub]), of)).toBe(true);
  });

  test.for([
    ['another principal', callerOf(omar, [triageBot, sub])],
    ['without actors', callerOf(dana)],
    ['fewer actors', callerOf(dana, [triageBot])],
    ['more actors', callerOf(dana, [triageBot, sub, deployBot])],
    ['another order', callerOf(dana, [sub, triageBot])],
    ['the actor by itself', callerOf(triageBot)],
  ] as const)('%s is not', ([, caller]) => {
    expect(isSameParty(caller, of)).toBe(false);
  });
});

describe('a party', () => {
  const of = callerOf(dana, [triageBot]);

  test('is the principal, each who acts for it, and both together', () => {
    expect(
      [callerOf(dana), callerOf(triageBot), callerOf(dana, [triageBot])].map((one) => isParty(one, of)),
    ).toEqual([true, true, true]);
  });

  test('is not the principal through somebody who has no part in it', () => {
    expect(isParty(callerOf(dana, [deployBot]), of)).toBe(false);
  });

  test('is not who is acted for by an actor of somebody else’s', () => {
    expect(isParty(callerOf(omar, [triageBot]), of)).toBe(false);
  });

  test('is not a stranger, of whatever groups', () => {
    expect(isParty(callerOf(person('eve', ...dana.groups)), of)).toBe(false);
  });
});

test('an act claim nests the actor chain, the nearest outermost', () => {
  expect(actClaim(['a', 'b', 'c'])).toEqual({ act: { sub: 'a', act: { sub: 'b', act: { sub: 'c' } } } });
});

test('nobody acting makes no act claim', () => {
  expect(actClaim([])).toEqual({});
});

test('an event names its caller without owner or groups', () => {
  expect(whoCalls(callerOf(dana, [triageBot]))).toEqual({
    principal: { kind: 'user', id: 'dana' },
    actors: [{ kind: 'agent', id: 'triage-bot' }],
    channel: 'web',
    session: 'session-dana',
    assurance: { aal: 2, evidence: ['evidence-dana'] },
  });
});
