import { MetricUnit, Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import type { Metrics } from './metrics.port.ts';

/** Metrics in CloudWatch's embedded metric format, one line of the log each. */
export function cloudWatchMetrics(): Metrics {
  const metrics = new PowertoolsMetrics({ namespace: 'Sallyport' });
  return {
    unrevokedCredential() {
      metrics.addMetric('UnrevokedCredential', MetricUnit.Count, 1);
      metrics.publishStoredMetrics();
    },
  };
}
