import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { CompiledPolicies, type PolicySources } from './compiled-policies.ts';

/** Reads the policies that lie beside the function's code. */
export function readCompiledPolicies(directory: string): CompiledPolicies {
  return CompiledPolicies.parse(JSON.parse(readFileSync(`${directory}/policies.json`, 'utf8')));
}

/** Reads the files that they were compiled from, where the function carries these, too. */
export function readPolicySources(directory: string): PolicySources {
  const text = readFileSync(`${directory}/policy-sources.json`, 'utf8');
  return z.record(z.string(), z.string()).parse(JSON.parse(text));
}
