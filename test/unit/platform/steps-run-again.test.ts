import { describe, expect, test } from 'vitest';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import { workflows } from '../../../workflows/manifest.ts';
import { clockAt, REQUEST_ID } from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, type Interruptions, interruptions } from '../../support/interruptions.ts';
import { type StepSituation, stepSituations } from './step-situations.ts';

function runIn(situation: StepSituation, ledger: InMemoryLedger, world: Interruptions): Promise<unknown> {
  return situation.run({ ledger: world.watch(ledger), clock: clockAt(), watch: world.watch });
}

/** What an undisturbed run answers, what it leaves, and how often it calls its ports. */
async function undisturbed(situation: StepSituation) {
  const ledger = situation.arrange();
  const world = interruptions();
  const answer = await runIn(situation, ledger, world);
  return { ledger, answer, entities: ledger.entities(), calls: world.calls };
}

/** Each transition has its one event, and the case's chain verifies. */
function expectIntactChain(ledger: InMemoryLedger): void {
  const events = ledger.chain(REQUEST_ID);
  expect(events).toHaveLength(ledger.commits);
  if (events.length > 0) expect(verifyChain(REQUEST_ID, events).verified).toBe(true);
}

test('there is a situation for every step of the workflow', () => {
  const states = new Set(stepSituations.map(({ state }) => state));
  expect([...states].sort()).toEqual(Object.keys(workflows['request-access']).sort());
});

describe('a step that runs twice', () => {
  test.for(stepSituations)('$state $where leaves the same state', async (situation) => {
    const { ledger, entities } = await undisturbed(situation);
    await runIn(situation, ledger, interruptions());
    expect(ledger.entities()).toEqual(entities);
    expectIntactChain(ledger);
  });

  /** The outcome of a close is read by nobody. */
  const answering = stepSituations.filter(({ where }) => where !== 'that never became active');
  test.for(answering)('$state $where gives the same answer', async (situation) => {
    const { ledger, answer } = await undisturbed(situation);
    expect(await runIn(situation, ledger, interruptions())).toEqual(answer);
  });
});

describe('a step that stops at any call of a port, and runs again, ends as if nothing had been', () => {
  test.for(stepSituations)('$state $where', async (situation) => {
    const { entities, calls } = await undisturbed(situation);
    for (let nth = 1; nth <= calls; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        const ledger = situation.arrange();
        await expect(runIn(situation, ledger, interruptions(nth, when))).rejects.toThrow(Interrupted);
        await runIn(situation, ledger, interruptions());
        expect(ledger.entities(), `stopped ${when} call ${nth} of ${calls}`).toEqual(entities);
        expectIntactChain(ledger);
      }
    }
  });
});
