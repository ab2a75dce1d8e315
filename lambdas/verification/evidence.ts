import * as z from 'zod';
import { Channel } from '../platform/channel.ts';

/** How an identity was proven; `policies/assurance.json` says what each method can show, and where. */
export const EvidenceMethod = z.enum([
  'oidc',
  'passkey',
  'otp',
  'push',
  'attested-proofing',
  'workload-token',
  'aws-caller',
]);
export type EvidenceMethod = z.infer<typeof EvidenceMethod>;

/** One proof of an identity, as a channel recorded it. Evidence is only ever added. */
export const Evidence = z.object({
  id: z.string(),
  /** Whose identity it proves: the session's principal, or one of those who act for it. */
  of: z.string(),
  channel: Channel,
  method: EvidenceMethod,
  /** Who vouches for it: the issuer of a token, or this deployment. */
  issuer: z.string(),
  /** What the issuer calls the token that proved it (`jti`). */
  tokenId: z.string().optional(),
  /** Authentication methods, RFC 8176. */
  amr: z.array(z.string()),
  /** The proof answers only to the origin that asked for it (NIST SP 800-63B-4 §3.2.5). */
  phishingResistant: z.boolean().default(false),
  /**
   * The ids of those who acted for the principal where it was given. Where it is said, it counts for just them:
   * a person's step-up is not for a member of staff who is in the same channel.
   */
  givenBeside: z.array(z.string()).optional(),
  /** The authenticator that was used, where it is enrolled here. */
  authenticator: z.string().optional(),
  /** What a machine's issuer says of where and how it runs, as the trust in that issuer selects it. */
  posture: z.record(z.string(), z.string()).optional(),
  /** Who recorded it, where that was not its own bearer: a gateway, a member of staff. */
  recordedBy: z.string().optional(),
  /** When the identity was proven, which may be before it was told to us. Epoch seconds. */
  observedAtEpochSeconds: z.int(),
  /** When it was added to its session; absent where that was when it was observed. */
  recordedAtEpochSeconds: z.int().optional(),
  expiresAtEpochSeconds: z.int(),
});
export type Evidence = z.infer<typeof Evidence>;

/** Authenticator assurance level (NIST SP 800-63B-4); 0: none, as for every machine. */
export const Aal = z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]);
export type Aal = z.infer<typeof Aal>;

/** From the least to the worst. */
export const RiskLevel = z.enum(['low', 'elevated', 'high']);
export type RiskLevel = z.infer<typeof RiskLevel>;

/** Something that a channel has noticed. It raises nothing, and stands until newer evidence answers it. */
export const RiskSignal = z.object({
  id: z.string(),
  channel: Channel,
  /** What was noticed: `voiceprint-mismatch`, `new-device`. */
  kind: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  level: RiskLevel,
  /** The principal that noticed it. */
  source: z.string(),
  observedAtEpochSeconds: z.int(),
});
export type RiskSignal = z.infer<typeof RiskSignal>;

/** Evidence as an audit event tells of it. */
export function evidenceDocument(evidence: Evidence): Record<string, z.core.util.JSONType> {
  return JSON.parse(JSON.stringify(evidence));
}
