import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import { ConnectionKindName } from './connection.ts';
import { ROTATION_LEASE_SECONDS, START_CONFIRMED_SECONDS } from './rotation.ts';

/**
 * A version of the secret's value, by its token in Secrets Manager: the id of the rotation that made it. Of the value
 * itself only fingerprints are known here (SHA-256, hex), so that a leaked one is found by what it is.
 */
const Version = z.object({
  token: z.string(),
  /** None of a value that Sallyport has not made. */
  fingerprints: z.array(z.string()),
  sinceEpochSeconds: z.int(),
});
export type Version = z.infer<typeof Version>;

/** A public key that those who verify may rely on, until a time if its successor signs already. */
const PublishedKey = z.object({
  token: z.string(),
  /** RFC 7517, public members alone. */
  jwk: z.record(z.string(), z.string()),
  untilEpochSeconds: z.int().optional(),
});
export type PublishedKey = z.infer<typeof PublishedKey>;

/**
 * A secret that Sallyport keeps and rotates: the credential of one account at a system. Its values are in Secrets
 * Manager alone, under `sallyport/secrets/<id>`.
 */
export const ManagedSecret = z.object({
  /** The id of the connection of the deployment document that says which account it is of. */
  id: z.string(),
  txn: z.string(),
  kind: ConnectionKindName,
  /** The person who answers for it. */
  owner: z.string(),
  /** Who uses it, as people call them: whom a rotation concerns. */
  consumers: z.array(z.string()),
  rotateEverySeconds: z.int().positive(),
  /** None until the first rotation has made one. */
  current: Version.optional(),
  /** The one before, as long as it may still work. */
  previous: Version.optional(),
  /** Those from before the previous one that are not confirmed dead. */
  retiring: z.array(Version),
  /** What a running rotation has made, and perhaps set at the system. */
  pending: Version.optional(),
  /** What was current once and is dead, newest first: a leak is often found late. */
  earlier: z.array(Version),
  publishedKeys: z.array(PublishedKey),
  /** The rotation that runs: at most one at a time. */
  rotation: z.object({ id: z.string(), sinceEpochSeconds: z.int() }).optional(),
  /** The rotation that ended last. */
  lastRotation: z.string().optional(),
  /** The grant that has the current value checked out: one at a time, since what ends it ends the value. */
  checkOut: z.object({ grant: z.string(), token: z.string() }).optional(),
  nextRotationAtEpochSeconds: z.int(),
  createdAtEpochSeconds: z.int(),
});
export type ManagedSecret = z.infer<typeof ManagedSecret>;

/** How many values of the past are remembered by their fingerprints. */
const MOST_EARLIER = 10;
/** A rotation that failed is tried again after this long, if the schedule does not want it sooner. */
const AFTER_FAILURE_SECONDS = 3600;
/** The name of the list of all secrets. */
export const ALL_SECRETS = 'all';

export const managedSecretType: EntityType<typeof ManagedSecret> = {
  kind: 'SECRET',
  schema: ManagedSecret,
  listEntries: (secret) => [
    {
      kind: 'SECRETS',
      list: ALL_SECRETS,
      place: `${secret.createdAtEpochSeconds}#${secret.id}`,
      entityId: secret.id,
    },
    { kind: 'DUE', list: 'rotations', place: `${dueAt(secret)}#${secret.id}`, entityId: secret.id },
    ...fingerprintsOf(secret).map((fingerprint) => ({
      kind: 'FINGERPRINT' as const,
      list: fingerprint,
      place: `SECRET#${secret.id}`,
      entityId: secret.id,
    })),
  ],
};

/** The chain of everything that happens to a secret. */
export function chainOfSecret(secretId: string): string {
  return `secret-${secretId}`;
}

/**
 * When the schedule is to look at it: when it is to be rotated; while it is being rotated, when that should have begun
 * to make a value, and then when it can be running no more.
 */
export function dueAt({ rotation, pending, nextRotationAtEpochSeconds }: ManagedSecret): number {
  if (rotation === undefined) return nextRotationAtEpochSeconds;
  const begun = pending?.token === rotation.id;
  return rotation.sinceEpochSeconds + (begun ? ROTATION_LEASE_SECONDS : START_CONFIRMED_SECONDS);
}

function fingerprintsOf({ current, previous, pending, retiring, earlier }: ManagedSecret): readonly string[] {
  const versions = [current, previous, pending, ...retiring, ...earlier];
  return [...new Set(versions.flatMap((version) => version?.fingerprints ?? []))];
}

/** Remembers values that are dead, newest first. */
export function withEarlier(
  secret: ManagedSecret,
  ...dead: readonly (Version | undefined)[]
): readonly Version[] {
  const known = dead.filter((version) => version !== undefined);
  const rest = secret.earlier.filter(({ token }) => known.every((version) => version.token !== token));
  return [...known, ...rest].slice(0, MOST_EARLIER);
}

/**
 * The pending value is the current one now. Keys of before are published for as long as what they have signed may be
 * about.
 * @throws BrokenInvariant where none is pending
 */
export function withPendingCurrent(
  { pending, ...secret }: ManagedSecret,
  nowEpochSeconds: number,
  overlapSeconds: number,
): ManagedSecret {
  if (pending === undefined) throw new BrokenInvariant('A rotation finishes with no value pending');
  const { previous, ...rest } = secret;
  return {
    ...rest,
    current: { ...pending, sinceEpochSeconds: nowEpochSeconds },
    ...(secret.current === undefined ? {} : { previous: secret.current }),
    retiring: previous === undefined ? secret.retiring : [previous, ...secret.retiring],
    publishedKeys: secret.publishedKeys.map((key) =>
      key.token === pending.token || key.untilEpochSeconds !== undefined
        ? key
        : { ...key, untilEpochSeconds: nowEpochSeconds + overlapSeconds },
    ),
  };
}

/** The values that are not to work any more: all before the current one, if the previous one was exposed. */
export function doomedBy(
  { retiring, previous, publishedKeys }: ManagedSecret,
  endsPrevious: boolean,
  nowEpochSeconds: number,
): readonly Version[] {
  if (endsPrevious) return previous === undefined ? retiring : [previous, ...retiring];
  // What a key has signed is about for longer than the key signs.
  const isReliedOn = ({ token }: Version) =>
    publishedKeys.some((key) => key.token === token && (key.untilEpochSeconds ?? 0) > nowEpochSeconds);
  return retiring.filter((version) => !isReliedOn(version));
}

/** Its rotation is over, and these values are dead. */
export function retired(
  { rotation, previous, checkOut, ...secret }: ManagedSecret,
  dead: readonly Version[],
  nowEpochSeconds: number,
): ManagedSecret {
  const isDead = (token: string) => dead.some((version) => version.token === token);
  return {
    ...secret,
    ...(previous === undefined || isDead(previous.token) ? {} : { previous }),
    ...(checkOut === undefined || isDead(checkOut.token) ? {} : { checkOut }),
    retiring: secret.retiring.filter(({ token }) => !isDead(token)),
    earlier: [...withEarlier({ ...secret, rotation, previous, checkOut }, ...dead)],
    publishedKeys: secret.publishedKeys.filter(({ token }) => !isDead(token)),
    ...(rotation === undefined ? {} : { lastRotation: rotation.id }),
    nextRotationAtEpochSeconds: nowEpochSeconds + secret.rotateEverySeconds,
  };
}

/** The pending value is gone. */
export function withoutPending({ pending, ...secret }: ManagedSecret): ManagedSecret {
  return {
    ...secret,
    earlier: [...withEarlier({ ...secret, pending }, pending)],
    publishedKeys: secret.publishedKeys.filter(({ token }) => token !== pending?.token),
  };
}

/** Its rotation is over and did not come to its end: the next one is soon. */
export function afterFailure({ rotation, ...secret }: ManagedSecret, nowEpochSeconds: number): ManagedSecret {
  return {
    ...secret,
    ...(rotation === undefined ? {} : { lastRotation: rotation.id }),
    nextRotationAtEpochSeconds: nowEpochSeconds + Math.min(secret.rotateEverySeconds, AFTER_FAILURE_SECONDS),
  };
}
