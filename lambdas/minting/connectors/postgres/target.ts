import * as z from 'zod';
import { permissionsMeaning, targetBase } from '../../../platform/target.ts';

/** An unquoted name of PostgreSQL's, at most 63 bytes (PostgreSQL documentation, 4.1.1). */
export const RoleName = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/);

/** A database of a PostgreSQL server: a grant becomes a login role of its own in it. */
export const PostgresTarget = z.strictObject({
  ...targetBase,
  connector: z.literal('postgres'),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(5432),
  database: z.string().min(1).max(63),
  /** Certificates of the server's authority, PEM. Without them, only a server on this machine is spoken to in clear. */
  certificateAuthority: z.string().optional(),
  /** Who owns afterwards what a grant's role has made. */
  reassignTo: RoleName,
  permissions: permissionsMeaning(z.strictObject({ role: RoleName })),
});
