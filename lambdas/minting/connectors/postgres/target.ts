import * as z from 'zod';
import { permissionsMeaning, targetBase } from '../../../platform/target.ts';

const CONTROL_CHARACTER = /\p{Cc}/u;

/**
 * A name of PostgreSQL's, at most 63 bytes: it would cut off the rest of a longer one, and mean another
 * (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).
 */
const PostgresName = z
  .string()
  .refine((name) => name !== '' && Buffer.byteLength(name) <= 63, { message: 'must be 1 to 63 bytes' })
  .refine((name) => !CONTROL_CHARACTER.test(name), { message: 'must have no control characters' });

/** The name of a role. Each is quoted wherever it stands in a statement. */
export const RoleName = PostgresName;

/** Whether a host can only be this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** A database of a PostgreSQL server: a grant becomes a login role of its own in it. */
export const PostgresTarget = z
  .strictObject({
    ...targetBase,
    connector: z.literal('postgres'),
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).default(5432),
    database: PostgresName,
    /** Certificates of the server's authority, PEM. Without them, only a server on this machine is spoken to, in clear. */
    certificateAuthority: z.string().optional(),
    /** Who owns afterwards what a grant's role has made: a role that may do nothing else (see the README). */
    reassignTo: RoleName,
    /** How many sessions a grant may have at a time. */
    connectionLimit: z.int().min(1).max(1000).default(10),
    /** The role that each permission is: a grant's role is a member of those of its permissions. */
    permissions: permissionsMeaning(z.strictObject({ role: RoleName })),
  })
  .refine(({ host, certificateAuthority }) => certificateAuthority !== undefined || isLoopback(host), {
    message: 'name the authority of the server’s certificate: only this machine is spoken to in clear',
    path: ['certificateAuthority'],
  });
