import type { Stored } from '../platform/entity.ts';
import { preconditionFailed } from './scim.ts';

/**
 * Holds a change to the version that the caller has seen, where it names one (RFC 7644 §3.14, RFC 9110 §13.1.1).
 * @throws Problem 412
 */
export function requireVersion(ifMatch: string | undefined, { version }: Stored<unknown>): void {
  if (ifMatch !== undefined && !names(ifMatch, version)) throw preconditionFailed();
}

/** Whether the caller has this version already (RFC 9110 §13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, { version }: Stored<unknown>): boolean {
  return ifNoneMatch !== undefined && names(ifNoneMatch, version);
}

/** Tags of one version are compared weakly: it makes no difference here how its bytes are written. */
function names(header: string, version: number): boolean {
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(`"${version}"`);
}
