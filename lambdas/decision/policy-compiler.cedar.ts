import { compilePolicies } from './compile-policies.cedar.ts';
import type { PolicyCompiler } from './policy-compiler.port.ts';
import { cedarPolicyEngine } from './policy-engine.cedar.ts';

export const cedarPolicyCompiler: PolicyCompiler = {
  compile: compilePolicies,
  engineFor: cedarPolicyEngine,
};
