import * as z from 'zod';
import { RoleName } from '../../../minting/connectors/postgres/target.ts';
import { Administrator, connectionBase } from '../../connection-base.ts';

/** What is added to a user's name for the second one of two that alternate (AWS Secrets Manager's own convention). */
export const CLONE_SUFFIX = '_clone';
const MOST_NAME_BYTES = 63;

/** A user of a PostgreSQL server. */
export const PostgresUserConnection = z
  .strictObject({
    ...connectionBase,
    kind: z.literal('postgres-user'),
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).default(5432),
    database: z.string().min(1).max(63),
    /** Certificates of the server's authority, PEM. Without them, only a server on this machine is spoken to in clear. */
    certificateAuthority: z.string().optional(),
    administrator: Administrator,
    user: RoleName,
    /**
     * `single-user` changes the user's password, so that who has not read the new one fails for a moment;
     * `alternating-users` changes between the user and a clone of it, so that nobody does.
     */
    strategy: z.enum(['single-user', 'alternating-users']),
  })
  .refine(
    ({ user, strategy }) =>
      strategy === 'single-user' || user.length + CLONE_SUFFIX.length <= MOST_NAME_BYTES,
    {
      message: `the name of a user with a clone has at most ${MOST_NAME_BYTES - CLONE_SUFFIX.length} characters`,
    },
  );
