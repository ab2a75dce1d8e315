import * as z from 'zod';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { CompiledPolicies, type PolicySources } from './compiled-policies.ts';
import type { DeployedPolicies } from './deployed-policies.ts';
import type { PolicyCompiler } from './policy-compiler.port.ts';
import type { Contents, PolicyPointer } from './policy-set.ts';
import { digestOf, readContent } from './policy-set-content.ts';

/**
 * What functions load of a stored set. What an earlier version of this code has compiled to another shape is compiled
 * anew, so that a deployment never leaves the set that is in force unreadable.
 * @throws BrokenInvariant where a part is missing, or where it is not valid any more
 * @throws DependencyUnavailable
 */
export async function storedPolicies(
  ledger: Pick<Ledger, 'readAll'>,
  contents: Contents,
  compiler: Pick<PolicyCompiler, 'compile'>,
): Promise<CompiledPolicies> {
  const parsed = CompiledPolicies.safeParse(await readContent(ledger, contents.compiled));
  if (parsed.success) return parsed.data;
  const compilation = compiler.compile(await storedSources(ledger, contents));
  if ('compiled' in compilation) return compilation.compiled;
  throw new BrokenInvariant('A policy set that was activated is not valid any more');
}

/** The files of a stored set, as they were proposed. */
export async function storedSources(
  ledger: Pick<Ledger, 'readAll'>,
  { sources }: Contents,
): Promise<PolicySources> {
  return z.record(z.string(), z.string()).parse(await readContent(ledger, sources));
}

/** In the order of their paths, so that the same files are the same content. */
export function inOrder(files: PolicySources): PolicySources {
  return Object.fromEntries(Object.entries(files).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The digest of the files in force. */
export function digestInForce(
  pointer: Pick<PolicyPointer, 'contents'> | undefined,
  deployed: DeployedPolicies,
): string {
  return pointer?.contents?.sources.digest ?? digestOf(inOrder(deployed.sources));
}
