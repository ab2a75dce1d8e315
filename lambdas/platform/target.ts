import * as z from 'zod';
import { Duration, durationSeconds } from './duration.ts';

const LONGEST_GRANT_SECONDS = 90 * 24 * 3600;

/** The name of a permission: a scope token (RFC 6749 §3.3). */
export const PermissionName = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/);

/** What every target is, whatever kind of system it is. The connector's own part stands beside it. */
export const targetBase = {
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  name: z.string(),
  /** The system that the target is a part of: policies may speak of either. */
  system: z.string(),
  environment: z.string(),
  /** A workflow holds each grant to its end, and an execution lives a year (Step Functions quotas). */
  maximumDuration: Duration.refine((text) => (durationSeconds(text) ?? 0) <= LONGEST_GRANT_SECONDS, {
    message: 'must be at most P90D',
  }),
} as const;

/**
 * The base URL of an API that a connector calls, without a trailing slash. Credentials pass there: in clear on this
 * machine alone.
 */
export const ApiUrl = z
  .url()
  .refine(isSafeForCredentials, {
    message: 'must be https, or http on this machine, without credentials, query or fragment',
  })
  .transform((url) => url.replace(/\/+$/, ''));

function isSafeForCredentials(url: string): boolean {
  const { protocol, hostname, username, password, search, hash } = new URL(url);
  const isBare = [username, password, search, hash].every((part) => part === '');
  return (
    isBare && (protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]'].includes(hostname)))
  );
}

/** Permissions, each with what stands for it at the target. */
export function permissionsMeaning<Meaning extends z.ZodType>(meaning: Meaning) {
  return z
    .record(PermissionName, meaning)
    .refine((permissions) => Object.keys(permissions).length > 0, { message: 'name at least one' });
}

/**
 * Where the credential is that a connector itself acts with at a target: a secret in Secrets Manager that who deploys
 * Sallyport puts there.
 */
export function administratorSecretName(targetId: string): string {
  return `sallyport/targets/${targetId}`;
}
