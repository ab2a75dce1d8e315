import { systemClock } from '../platform/clock.system.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { cloudWatchMetrics } from '../platform/metrics.cloudwatch.ts';
import { readCompiledPolicies } from './compiled-policies.file.ts';
import { cedarPolicies } from './policies.cedar.ts';
import type { Policies } from './policies.port.ts';

/**
 * What a function decides by.
 * @param directory where its code is: the policies that were deployed with it lie there
 */
export function policiesInForce(directory: string, ledger: Ledger): Policies {
  return cedarPolicies({
    deployed: readCompiledPolicies(directory),
    ledger,
    metrics: cloudWatchMetrics(),
    clock: systemClock,
  });
}
