import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compilePolicies } from '../lambdas/decision/compile-policies.cedar.ts';
import type { CompiledPolicies, PolicySources } from '../lambdas/decision/compiled-policies.ts';

/** Where the real policies are. */
export const policiesDirectory = join(dirname(import.meta.dirname), 'policies');

/** The schemas, the policies and their tests below a folder, by their path in it. */
export function readPolicySources(directory: string): PolicySources {
  return Object.fromEntries(
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(cedar|cedarschema|test\.yaml)$/.test(name))
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}

/**
 * The policies that every function which decides carries.
 * @throws Error that lists each problem with its file and line
 */
export function deployedPolicies(): CompiledPolicies {
  return validPolicies(policiesDirectory);
}

/**
 * The policies below a folder.
 * @throws Error that lists each problem with its file and line
 */
export function validPolicies(directory: string): CompiledPolicies {
  const compilation = compilePolicies(readPolicySources(directory));
  if ('compiled' in compilation) return compilation.compiled;
  throw new Error(`The policies are not valid:\n${compilation.problems.join('\n')}`);
}
