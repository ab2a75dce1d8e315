import { describe, expect, test } from 'vitest';
import { type Circumstances, decidePermission } from '../../../lambdas/decision/decide.ts';
import { targetResource } from '../../../lambdas/decision/resource.ts';
import { nothingProven, type ProvenFacts } from '../../../lambdas/verification/assurance.ts';
import type { Aal } from '../../../lambdas/verification/evidence.ts';
import {
  dana,
  HOUR,
  person,
  refusal,
  scriptedEngine,
  ticketing,
  triageBot,
} from '../../support/access-case.ts';

const sam = person('sam', 'support');
const at = (aal: Aal): ProvenFacts => ({ ...nothingProven, aal });

/** Whoever has the level may. */
const wanting = (aal: Aal) =>
  scriptedEngine(({ context }) =>
    context.assurance.aal >= aal ? { permitted: true, determining: [{ id: 'strong' }] } : refusal,
  );

const decide = (wanted: Aal, over: Partial<Circumstances>) =>
  decidePermission(wanting(wanted), 'tickets:read', {
    parties: [dana, sam],
    resource: targetResource(ticketing),
    channel: 'desktop',
    assurance: at(2),
    provenByActors: { sam: at(2) },
    requestedDurationSeconds: HOUR,
    approvals: [],
    ...over,
  });

describe('where a person acts for a person', () => {
  test('both are permitted by what each has proven', () => {
    expect(decide(2, {}).outcome).toBe('permitted');
  });

  test.for<[string, Partial<Circumstances>]>([
    ['the one who acts does not borrow the level of whom they act for', { provenByActors: { sam: at(1) } }],
    ['nor do they lend theirs', { assurance: at(1) }],
  ])('%s: a step-up would permit', ([, over]) => {
    expect(decide(2, over)).toMatchObject({
      outcome: 'obliged',
      obligations: { stepUpAal: 2, approvals: [] },
    });
  });

  test('each is refused by what is refused to them', () => {
    const engine = scriptedEngine(({ principal }) =>
      principal.id === 'sam' ? refusal : { permitted: true, determining: [{ id: 'anybody' }] },
    );
    const asked: Circumstances = {
      parties: [dana, sam],
      resource: targetResource(ticketing),
      channel: 'desktop',
      assurance: at(3),
      provenByActors: { sam: at(3) },
      requestedDurationSeconds: HOUR,
      approvals: [],
    };
    expect(decidePermission(engine, 'tickets:read', asked).outcome).toBe('denied');
  });
});

test('a machine that acts is judged by what its person has proven', () => {
  const agents: Partial<Circumstances> = { parties: [dana, triageBot], provenByActors: {} };
  expect(decide(2, agents).outcome).toBe('permitted');
  expect(decide(2, { ...agents, assurance: at(1) }).outcome).toBe('obliged');
});
