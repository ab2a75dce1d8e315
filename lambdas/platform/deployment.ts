import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { Channel } from './channel.ts';
import { Duration, durationSeconds } from './duration.ts';
import { AwsCallers, namesByClaim, TrustedIssuer } from './trusted-issuer.ts';

const LONGEST_GRANT_SECONDS = 90 * 24 * 3600;

const Target = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  name: z.string(),
  /** The system that the target is a part of: policies may speak of either. */
  system: z.string(),
  environment: z.string(),
  connector: z.enum(['oauth-jwt']),
  /** The `aud` of the tokens for this target. */
  audience: z.string(),
  /** The principal that introspects these tokens. */
  resourceServer: z.string(),
  /**
   * Whether the target introspects each token. If it does, a token may live as long as its grant; if it only
   * verifies signatures, a revoked token works until it expires, so it lives 10 minutes at the most.
   */
  introspects: z.boolean(),
  /** Each one a scope token (RFC 6749 §3.3). */
  permissions: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/)).min(1),
  /** A workflow holds each grant to its end, and an execution lives a year (Step Functions quotas). */
  maximumDuration: Duration.refine((text) => (durationSeconds(text) ?? 0) <= LONGEST_GRANT_SECONDS, {
    message: 'must be at most P90D',
  }),
});
export type Target = z.infer<typeof Target>;

function areUnique<Member extends string>(member: Member) {
  return (items: readonly Readonly<Record<Member, string>>[]): boolean =>
    new Set(items.map((item) => item[member])).size === items.length;
}

const WebAuthnOrigin = z.string().regex(/^(https:\/\/[a-z0-9.-]+|http:\/\/localhost)(:\d{1,5})?$/, {
  message: 'must be https, or http on localhost',
});

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** The relying party that passkeys are for (WebAuthn Level 3 §5.1.3, §5.4.2). */
const WebAuthn = z.strictObject({
  /** A domain: passkeys of one are no passkeys of another, so that changing it forgets them all. */
  rpId: z.string().regex(/^[a-z0-9]+([.-][a-z0-9]+)*$/),
  rpName: z.string().min(1).max(64),
  /** Where browsers may show them. */
  origins: z.array(WebAuthnOrigin).min(1),
  /** Models of security keys that are trusted to keep their keys in hardware, as AAL3 wants it; none unless said. */
  hardwareModels: z
    .array(
      z.strictObject({
        aaguid: z.uuid(),
        name: z.string(),
        /** Certificates of the maker's attestation, PEM: of the roots, or its own (FIDO Metadata Statement). */
        roots: z.array(z.string().refine(isCertificate, { message: 'must be a certificate' })).min(1),
      }),
    )
    .default([]),
});

/**
 * What a deployment is told about its surroundings: whom it trusts, what it guards. Validated when it is
 * synthesised and again at each cold start.
 */
export const DeploymentSchema = z.strictObject({
  trustedIssuers: z
    .array(TrustedIssuer)
    .refine(areUnique('issuer'), { message: 'name each issuer once' })
    // Two of them could vouch for each other's people: the same name would be the same person.
    .refine((issuers) => issuers.filter(({ tokens }) => tokens.some(namesByClaim)).length <= 1, {
      message: 'only one issuer may name principals by a claim; give the others rules (principals)',
    }),
  /** Machines that prove who they are with their AWS credentials; none where it is left out. */
  awsCallers: AwsCallers.optional(),
  targets: z.array(Target).refine(areUnique('id'), { message: 'name each target once' }),
  webauthn: WebAuthn.refine(
    ({ rpId, origins }) =>
      origins.every((origin) => {
        const { hostname } = new URL(origin);
        return hostname === rpId || hostname.endsWith(`.${rpId}`);
      }),
    { message: 'each origin must be in the domain rpId' },
  ),
  /** Groups of the directory with rights in Sallyport itself. */
  roles: z.strictObject({
    /** May read every audit chain. */
    auditors: z.array(z.string()),
    /** May ask for decisions about others. */
    enforcementPoints: z.array(z.string()),
    /** Services that speak for those who call: voice gateways. */
    channelGateways: z.array(z.string()),
    /** May act in the session of somebody who has handed it to them. */
    supportStaff: z.array(z.string()),
    /** May tell of risks, in sessions that are in this channel. */
    riskSources: z.partialRecord(Channel, z.array(z.string())),
    /** May attest who a person is that stands before them. */
    deskStaff: z.array(z.string()),
  }),
  /** How long a request waits for its approvers before it is denied. */
  approvalTimeout: Duration.default('PT24H'),
  /** How long a request waits for its requester to authenticate more strongly before it is denied. */
  stepUpTimeout: Duration.default('PT15M'),
});
export type Deployment = z.infer<typeof DeploymentSchema>;

export function findTarget(deployment: Deployment, id: string): Target | undefined {
  return deployment.targets.find((target) => target.id === id);
}
