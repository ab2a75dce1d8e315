import * as z from 'zod';
import { Channel } from '../platform/channel.ts';

/** One proof of identity, as a channel recorded it. Evidence is only ever added. */
export const Evidence = z.object({
  id: z.string(),
  channel: Channel,
  method: z.enum(['oidc', 'workload-token']),
  issuer: z.string(),
  /** Authentication methods, RFC 8176. */
  amr: z.array(z.string()),
  /** When the identity was proven, which may be before it was told to us. Epoch seconds. */
  observedAtEpochSeconds: z.int(),
  expiresAtEpochSeconds: z.int(),
});
export type Evidence = z.infer<typeof Evidence>;

/** Authenticator assurance level (NIST SP 800-63B-4); 0: none, as for every machine. */
export const Aal = z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]);
export type Aal = z.infer<typeof Aal>;

/** What a session proves in one channel at one moment. Computed, never stored. */
export interface Assurance {
  readonly aal: Aal;
  /** An issuer that we trust attests a machine's identity. */
  readonly attested: boolean;
  /** When the person last authenticated for this level, in epoch seconds. */
  readonly authTimeEpochSeconds: number | undefined;
  readonly amr: readonly string[];
  /** The ids of the evidence that the level rests on. */
  readonly evidence: readonly string[];
}

const HOUR = 3600;

/**
 * For how long after the authentication a level holds, in seconds (NIST SP 800-63B-4 §2.1.3, §2.2.3, §2.3.3:
 * 30 days at AAL1, 24 hours at AAL2, 12 hours at AAL3).
 */
const reauthenticationSeconds = { 1: 30 * 24 * HOUR, 2: 24 * HOUR, 3: 12 * HOUR } as const;

/** What each RFC 8176 method shows: something known, something held, or something the person is. */
const factorOf: ReadonlyMap<string, 'known' | 'held' | 'inherent'> = new Map(
  Object.entries({
    pwd: 'known',
    pin: 'known',
    otp: 'held',
    hwk: 'held',
    swk: 'held',
    sc: 'held',
    pop: 'held',
    fpt: 'inherent',
    face: 'inherent',
    iris: 'inherent',
    retina: 'inherent',
  } as const),
);

/**
 * The assurance of `evidence` in `channel` now. Evidence counts only in the channel where it was observed.
 * A level whose reauthentication time is over counts as the next lower one.
 */
export function assuranceOf(
  evidence: readonly Evidence[],
  channel: Channel,
  nowEpochSeconds: number,
): Assurance {
  const counting = evidence
    .filter((one) => one.channel === channel)
    .filter(
      (one) => one.observedAtEpochSeconds <= nowEpochSeconds && nowEpochSeconds < one.expiresAtEpochSeconds,
    );
  const best = counting
    .map((one) => ({ one, aal: levelOf(one, nowEpochSeconds) }))
    .sort((a, b) => b.aal - a.aal || b.one.observedAtEpochSeconds - a.one.observedAtEpochSeconds)[0];
  if (best === undefined) {
    return { aal: 0, attested: false, authTimeEpochSeconds: undefined, amr: [], evidence: [] };
  }
  return {
    aal: best.aal,
    attested: counting.some(({ method }) => method === 'workload-token'),
    authTimeEpochSeconds: best.one.observedAtEpochSeconds,
    amr: best.one.amr,
    evidence: [best.one.id],
  };
}

function levelOf(evidence: Evidence, nowEpochSeconds: number): Aal {
  if (evidence.method === 'workload-token') return 0;
  const age = nowEpochSeconds - evidence.observedAtEpochSeconds;
  const proven = provenLevel(evidence.amr);
  const holding = ([3, 2, 1] as const).find((aal) => aal <= proven && age < reauthenticationSeconds[aal]);
  return holding ?? 0;
}

function provenLevel(amr: readonly string[]): 1 | 2 | 3 {
  const factors = new Set(amr.flatMap((method) => factorOf.get(method) ?? []));
  const twoFactors = amr.includes('mfa') || factors.size >= 2;
  if (!twoFactors) return 1;
  return amr.includes('hwk') && factors.size >= 2 ? 3 : 2;
}

/** The `acr` value of a level (the names that CAEP uses for NIST AAL), or undefined for none. */
export function acrOf(aal: Aal): string | undefined {
  return aal === 0 ? undefined : `nist-aal${aal}`;
}
