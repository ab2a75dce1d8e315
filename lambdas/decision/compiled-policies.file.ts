import { readFileSync } from 'node:fs';
import { CompiledPolicies } from './compiled-policies.ts';

/** Reads the policies that lie beside the function's code. */
export function readCompiledPolicies(directory: string): CompiledPolicies {
  return CompiledPolicies.parse(JSON.parse(readFileSync(`${directory}/policies.json`, 'utf8')));
}
