import type { Clock } from '../platform/clock.port.ts';
import { DependencyUnavailable, StateConflict } from '../platform/failures.ts';
import type { Metrics } from '../platform/metrics.port.ts';
import type { Finding, Inspection } from './inspection.ts';

interface Dependencies {
  readonly inspections: readonly Inspection[];
  readonly metrics: Pick<Metrics, 'reconciled'>;
  readonly clock: Clock;
}

/** How often each finding was made. */
export type Findings = Readonly<Record<Finding, number>>;

/** What a run begins nothing new after: less than the function's timeout by the time that one thing may take. */
const RUN_MILLISECONDS = 8000;
/** How many things are looked at side by side: a target is asked by so many at once. */
const SIDE_BY_SIDE = 5;

/**
 * Compares what is recorded with what is live, and puts right what has come apart. Each inspection has its share of the
 * time, with what those before it have left of theirs, so that no flood of one keeps the others from their turn. What a
 * run does not come to, or stops in the middle of, is the next one's; two runs at once do what one would.
 * @throws the first failure that is none of a thing's own, after every inspection had its turn
 */
export function reconcile({ inspections, metrics, clock }: Dependencies) {
  return async (): Promise<{ outcome: 'in-order' | 'repaired' | 'unresolved'; findings: Findings }> => {
    const findings = { fine: 0, repaired: 0, unresolved: 0, unknown: 0 };
    const failures: unknown[] = [];
    const begun = clock.nowEpochMilliseconds();
    for (const [index, inspection] of inspections.entries()) {
      const until = begun + (RUN_MILLISECONDS * (index + 1)) / inspections.length;
      await inspectAll(inspection, until).catch((error: unknown) => failures.push(error));
    }
    metrics.reconciled(findings);
    if (failures.length > 0) throw failures[0];
    if (findings.unresolved > 0) return { outcome: 'unresolved', findings };
    return { outcome: findings.repaired > 0 ? 'repaired' : 'in-order', findings };

    async function inspectAll({ pages, inspect }: Inspection, until: number): Promise<void> {
      for await (const page of pages()) {
        for (let next = 0; next < page.length; next += SIDE_BY_SIDE) {
          if (clock.nowEpochMilliseconds() >= until) return;
          const things = page.slice(next, next + SIDE_BY_SIDE);
          for (const finding of await Promise.all(things.map((thing) => findingOf(inspect, thing))))
            findings[finding] += 1;
        }
        if (clock.nowEpochMilliseconds() >= until) return;
      }
    }

    async function findingOf(inspect: Inspection['inspect'], thing: unknown): Promise<Finding> {
      try {
        return await inspect(thing);
      } catch (error) {
        // Somebody else was first: what came of it is seen at the next run.
        if (error instanceof StateConflict) return 'fine';
        if (!(error instanceof DependencyUnavailable)) failures.push(error);
        return 'unknown';
      }
    }
  };
}
