import { MetricUnit, Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import type { Metrics } from './metrics.port.ts';

/** Metrics in CloudWatch's embedded metric format, one line of the log each. */
export function cloudWatchMetrics(): Metrics {
  const metrics = new PowertoolsMetrics({ namespace: 'Sallyport' });
  const publish = (counts: Readonly<Record<string, number>>): void => {
    for (const [name, count] of Object.entries(counts)) metrics.addMetric(name, MetricUnit.Count, count);
    metrics.publishStoredMetrics();
  };
  return {
    unrevokedCredential: () => publish({ UnrevokedCredential: 1 }),
    orphanedCredential: () => publish({ OrphanedCredential: 1 }),
    reconciled: ({ fine, repaired, unresolved, unknown }) =>
      publish({
        ReconciledFine: fine,
        ReconciledRepaired: repaired,
        ReconciledUnresolved: unresolved,
        ReconciledUnknown: unknown,
      }),
    uncontainedIncident: () => publish({ UncontainedIncident: 1 }),
    unloadablePolicySet: () => publish({ UnloadablePolicySet: 1 }),
  };
}
