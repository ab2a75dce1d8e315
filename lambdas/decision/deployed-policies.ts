import type { CompiledPolicies, PolicySources } from './compiled-policies.ts';

/** The set that was deployed with the functions, as it was written and as they load it. */
export interface DeployedPolicies {
  readonly sources: PolicySources;
  readonly compiled: CompiledPolicies;
}
