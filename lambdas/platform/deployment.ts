import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { Enforcement, isFixed, meaningsIn } from '../enforcement/enforcement.ts';
import type { Meaning } from '../enforcement/meaning.ts';
import { AwsStsTarget } from '../minting/connectors/aws-sts/target.ts';
import { EnforcedTarget } from '../minting/connectors/enforced/target.ts';
import { GithubAppTarget } from '../minting/connectors/github-app/target.ts';
import { KubernetesTarget } from '../minting/connectors/kubernetes/target.ts';
import { OauthJwtTarget } from '../minting/connectors/oauth-jwt/target.ts';
import { PostgresTarget } from '../minting/connectors/postgres/target.ts';
import { SecretTarget } from '../minting/connectors/secret/target.ts';
import { Connection } from '../rotation/connection.ts';
import { Channel } from './channel.ts';
import { Duration } from './duration.ts';
import { AwsCallers, namesByClaim, SecureUrl, TrustedIssuer } from './trusted-issuer.ts';

/** What the deployment governs access to: one schema for each kind of connector. */
const Target = z.discriminatedUnion('connector', [
  OauthJwtTarget,
  PostgresTarget,
  AwsStsTarget,
  KubernetesTarget,
  GithubAppTarget,
  SecretTarget,
  EnforcedTarget,
]);
export type Target = z.infer<typeof Target>;
export type ConnectorKind = Target['connector'];
export type TargetOf<Kind extends ConnectorKind> = Extract<Target, { connector: Kind }>;

/** The permissions that a target knows. */
export function permissionsOf({ permissions }: Target): readonly string[] {
  return Array.isArray(permissions) ? permissions : Object.keys(permissions);
}

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

/** A private network of AWS, and where in it the functions stand that speak to targets. */
const Network = z.strictObject({
  subnets: z
    .array(z.string().regex(/^subnet-[0-9a-f]+$/))
    .min(1)
    .max(16),
  securityGroups: z
    .array(z.string().regex(/^sg-[0-9a-f]+$/))
    .min(1)
    .max(5),
});
export type Network = z.infer<typeof Network>;
/** Who is told of what was revoked, by Security Event Tokens that are pushed to them (RFC 8935). */
const SignalReceiver = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  /** Only from here: nobody who calls can have Sallyport connect to an address of theirs. */
  endpoint: SecureUrl,
  /** The `aud` of its tokens (RFC 8417 §2.2). */
  audience: z.string().min(1),
  /** The secret in Secrets Manager whose value is sent as `Authorization`, where the receiver asks for one. */
  authorizationSecret: z
    .string()
    .regex(/^sallyport\/receivers\/[a-z0-9][a-z0-9-]{0,62}$/)
    .optional(),
});
export type SignalReceiver = z.infer<typeof SignalReceiver>;

const Surroundings = z.strictObject({
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
  /**
   * Where targets are that only a private network reaches. From there the functions must also reach DynamoDB, KMS,
   * Secrets Manager, Step Functions, STS and IAM: by the network's endpoints or by its way out.
   */
  network: Network.optional(),
  /** The accounts whose secrets can be put under Sallyport's management. */
  connections: z
    .array(Connection)
    .refine(areUnique('id'), { message: 'name each connection once' })
    .default([]),
  webauthn: WebAuthn.refine(
    ({ rpId, origins }) =>
      origins.every((origin) => {
        const { hostname } = new URL(origin);
        return hostname === rpId || hostname.endsWith(`.${rpId}`);
      }),
    { message: 'each origin must be in the domain rpId' },
  ),
  /** Receivers of signals; none where it is left out. */
  signalReceivers: z
    .array(SignalReceiver)
    .refine(areUnique('id'), { message: 'name each receiver once' })
    .default([]),
  /** Groups of the directory with rights in Sallyport itself. */
  roles: z.strictObject({
    /** May start revocation runbooks, read what they came to, and lift their freezes. */
    responders: z.array(z.string()),
    /** May put secrets under Sallyport's management, and have them rotated. */
    secretAdministrators: z.array(z.string()),
    /** May propose policy sets, and put in force what another of them has proposed. */
    policyAdministrators: z.array(z.string()),
    /** May read every audit chain. */
    auditors: z.array(z.string()),
    /** May ask for decisions about others. */
    enforcementPoints: z.array(z.string()),
    /** May keep the directory's people and groups: identity providers, by SCIM. Whoever writes them decides who may do what. */
    directoryProvisioners: z.array(z.string()),
    /** Services that speak for those who call: voice gateways. */
    channelGateways: z.array(z.string()),
    /** May act in the session of somebody who has handed it to them. */
    supportStaff: z.array(z.string()),
    /** May tell of risks, in sessions that are in this channel. */
    riskSources: z.partialRecord(Channel, z.array(z.string())),
    /** May attest who a person is that stands before them. */
    deskStaff: z.array(z.string()),
  }),
  /** What enforcement points mean that ask in words of their own; they are understood in none where it is left out. */
  enforcement: Enforcement.prefault({}),
  /** How long a request waits for its approvers before it is denied. */
  approvalTimeout: Duration.default('PT24H'),
  /** How long a request waits for its requester to authenticate more strongly before it is denied. */
  stepUpTimeout: Duration.default('PT15M'),
});

/**
 * What a deployment is told about its surroundings: whom it trusts, what it guards. Validated when it is
 * synthesised and again at each cold start.
 */
export const DeploymentSchema = Surroundings.refine(
  ({ targets, connections }) =>
    targets.every(
      (target) => target.connector !== 'secret' || connections.some(({ id }) => id === target.secret),
    ),
  { path: ['targets'], message: 'a target of kind secret names a connection' },
)
  .refine(
    ({ targets }) => {
      const types = targets.flatMap((target) =>
        target.connector === 'enforced' ? target.resourceTypes : [],
      );
      return new Set(types).size === types.length;
    },
    { path: ['targets'], message: 'name each type of resource once: it belongs to one target' },
  )
  .superRefine(({ targets, enforcement }, context) => {
    for (const { action, resource } of meaningsIn(enforcement)) {
      const governed = targetsOf(targets, resource);
      const known = governed.flatMap(permissionsOf);
      if (governed.length === 0 || (isFixed(action) && !known.includes(action)))
        context.addIssue({
          code: 'custom',
          path: ['enforcement'],
          message: `no target has ${action} on ${resource.type} ${resource.id}`,
        });
    }
  });

/** The targets that a rule of enforcement can be about. */
function targetsOf(targets: readonly Target[], { type, id }: Meaning['resource']): readonly Target[] {
  if (type !== 'target')
    return targets.filter((target) => target.connector === 'enforced' && target.resourceTypes.includes(type));
  return isFixed(id) ? targets.filter((target) => target.id === id) : targets;
}

export type Deployment = z.infer<typeof DeploymentSchema>;

export function findTarget(deployment: Deployment, id: string): Target | undefined {
  return deployment.targets.find((target) => target.id === id);
}
