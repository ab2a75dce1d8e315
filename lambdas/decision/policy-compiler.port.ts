import type { Compilation, CompiledPolicies, PolicySources } from './compiled-policies.ts';
import type { PolicyEngine } from './policy-engine.port.ts';

/** Makes of what people write what functions decide by. */
export interface PolicyCompiler {
  compile(files: PolicySources): Compilation;

  /** The caller releases it. */
  engineFor(compiled: CompiledPolicies): PolicyEngine;
}
