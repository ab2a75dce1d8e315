import { escapeIdentifier, escapeLiteral } from 'pg';
import type { TargetOf } from '../../../platform/deployment.ts';
import { BrokenInvariant } from '../../../platform/failures.ts';
import { conflict } from '../../../platform/problem.ts';
import { credentialHandle, type Grant } from '../../grant.ts';

/** PostgreSQL cuts off what is longer, and two grants could then have one role. */
const LONGEST_NAME_BYTES = 63;

/** What the names of all grants' roles begin with. */
export const rolePrefix = credentialHandle('grant-');

/** The name of a grant's role: its handle. */
export function roleNameOf({ id }: Pick<Grant, 'id'>): string {
  const name = credentialHandle(id);
  if (Buffer.byteLength(name) > LONGEST_NAME_BYTES)
    throw new BrokenInvariant('The handle of a grant is too long to be the name of a role');
  return name;
}

/** What a grant's role is made with. */
export interface RoleTerms {
  /** What the server keeps of the password. */
  readonly verifier: string;
  readonly expiresAtEpochSeconds: number;
}

/**
 * The one statement that makes a grant's role with all that it holds, or nothing. It says what the role may not, too,
 * whatever the server's defaults are.
 * @throws Problem where the target does not know a permission of the grant any more
 */
export function creationOf(
  grant: Pick<Grant, 'id' | 'permissions'>,
  target: TargetOf<'postgres'>,
  { verifier, expiresAtEpochSeconds }: RoleTerms,
): string {
  const expiresAt = new Date(expiresAtEpochSeconds * 1000).toISOString();
  return [
    `CREATE ROLE ${escapeIdentifier(roleNameOf(grant))}`,
    'LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS',
    `CONNECTION LIMIT ${target.connectionLimit}`,
    `PASSWORD ${escapeLiteral(verifier)}`,
    `VALID UNTIL ${escapeLiteral(expiresAt)}`,
    `IN ROLE ${permittedRoles(grant, target).map(escapeIdentifier).join(', ')}`,
  ].join(' ');
}

function permittedRoles(
  grant: Pick<Grant, 'permissions'>,
  { permissions }: TargetOf<'postgres'>,
): readonly string[] {
  const roles = grant.permissions.map((permission) => {
    const meaning = Object.hasOwn(permissions, permission) ? permissions[permission] : undefined;
    if (meaning === undefined)
      throw conflict(
        'permission-unknown',
        'The target does not know a permission of this grant any more. Give the grant back and ask anew.',
      );
    return meaning.role;
  });
  return [...new Set(roles)];
}
