import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compilePolicies, type PolicySources } from '../lambdas/decision/compile-policies.cedar.ts';
import type { CompiledPolicies } from '../lambdas/decision/compiled-policies.ts';

/** Where the real policies are. */
export const policiesDirectory = join(dirname(import.meta.dirname), 'policies');

/** The schemas and the policies below a folder, by their path in it. */
export function readPolicySources(directory: string): PolicySources {
  return Object.fromEntries(
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.cedar(schema)?$/.test(name))
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}

/**
 * The policies that every function which decides carries.
 * @throws Error that lists each problem with its file and line
 */
export function deployedPolicies(): CompiledPolicies {
  return compilePolicies(readPolicySources(policiesDirectory));
}
