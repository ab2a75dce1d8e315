import * as z from 'zod';
import { AuthenticationMethod } from './authentication-methods.ts';

/** Keys, tokens and signed requests travel over TLS, but for what runs on this machine. */
const isLoopback = (url: string): boolean => /^http:\/\/(127\.0\.0\.1|localhost)(:\d+)?(\/|$)/.test(url);
/** Where it is safe to connect to. */
export const SecureUrl = z.url().refine((url) => /^https:\/\//.test(url) || isLoopback(url), {
  message: 'must be https, or http on the loopback interface',
});

/** Which of an issuer's machines is which principal: all the claims of a rule must be equal. */
const PrincipalRule = z.strictObject({
  claims: z.record(z.string(), z.string()).refine((claims) => Object.keys(claims).length > 0),
  principal: z.string(),
});
const PrincipalRules = z.array(PrincipalRule).min(1);

/** A rule that leaves out who a token is of would take everybody's: each must name these claims. */
const rulesNaming = (...needed: readonly [string, ...string[]][]) =>
  PrincipalRules.refine(
    (rules) => rules.every(({ claims }) => needed.every((some) => some.some((claim) => claim in claims))),
    { message: `each rule must name ${needed.map((some) => some.join(' or ')).join(', and ')}` },
  );

/** What an issuer's own words stand for, in RFC 8176's. */
const Meanings = z.record(z.string(), z.array(AuthenticationMethod));

/** An OpenID Connect ID token: a person, in the channel of the client that it was issued to. */
const IdToken = z.strictObject({
  audience: z.string().min(1),
  /** The channel that such a token proves. It comes from here, never from the request. */
  channel: z.enum(['web', 'desktop']),
  method: z.literal('oidc'),
  /** Values of `amr` that mean something else than in RFC 8176, or are none of its. The others are taken as they are. */
  amr: Meanings.optional(),
  /** The methods that a value of `acr` stands for, besides those in `amr`. What is not named stands for none. */
  acr: Meanings.optional(),
  /** Exactly one of the two: the claim that is the principal's id, or rules that name it. */
  principalClaim: z.string().optional(),
  principals: PrincipalRules.optional(),
});
export type IdTokenTrust = z.infer<typeof IdToken>;

const workloadToken = {
  audience: z.string().min(1),
  channel: z.literal('machine'),
  method: z.literal('workload-token'),
} as const;

const GitHubActionsToken = z.strictObject({
  ...workloadToken,
  profile: z.literal('github-actions'),
  /** Every repository of the world has the same issuer, and each of its branches may run a workflow. */
  principals: rulesNaming(['repository', 'repository_id'], ['ref', 'environment']),
});
export type GitHubActionsTrust = z.infer<typeof GitHubActionsToken>;

const KubernetesToken = z.strictObject({
  ...workloadToken,
  profile: z.literal('kubernetes'),
  singleUse: z.boolean().default(false),
  principals: rulesNaming(['sub']),
});
export type KubernetesTrust = z.infer<typeof KubernetesToken>;

const JwtSvid = z.strictObject({
  ...workloadToken,
  profile: z.literal('jwt-svid'),
  /** SPIFFE ID §2.1. */
  trustDomain: z.string().regex(/^[a-z0-9._-]{1,255}$/),
  singleUse: z.boolean().default(false),
  principals: rulesNaming(['sub']),
});
export type JwtSvidTrust = z.infer<typeof JwtSvid>;

/** Any other issuer's token of a machine: a JWT, or an RFC 9068 access token. */
const GenericToken = z.strictObject({
  ...workloadToken,
  profile: z.literal('generic').optional(),
  singleUse: z.boolean().default(true),
  /** Claims that say where and how the machine runs. */
  posture: z.array(z.string()).default([]),
  principalClaim: z.string().optional(),
  principals: PrincipalRules.optional(),
});
export type GenericTrust = z.infer<typeof GenericToken>;

/** One kind of token that an issuer is trusted for, recognised by its audience. */
const TrustedToken = z
  .discriminatedUnion('method', [
    IdToken,
    z.discriminatedUnion('profile', [GitHubActionsToken, KubernetesToken, JwtSvid, GenericToken]),
  ])
  .refine(
    (token) =>
      (!('principalClaim' in token) || token.principalClaim === undefined) !==
      (token.principals === undefined),
    { message: 'needs either principalClaim or principals' },
  );
export type TrustedToken = z.infer<typeof TrustedToken>;

export const TrustedIssuer = z
  .strictObject({
    issuer: SecureUrl,
    jwksUri: SecureUrl,
    algorithms: z
      .array(
        z.enum(['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512', 'EdDSA']),
      )
      .min(1),
    tokens: z.array(TrustedToken).min(1),
  })
  .refine(({ tokens }) => new Set(tokens.map(({ audience }) => audience)).size === tokens.length, {
    message: 'name each audience once: it tells the kinds of tokens apart',
  })
  // JWT-SVID §2.1 allows no other.
  .refine(
    ({ algorithms, tokens }) =>
      !algorithms.includes('EdDSA') || tokens.every((token) => !('trustDomain' in token)),
    { message: 'JWT-SVIDs are signed with RS, ES or PS algorithms' },
  );
export type TrustedIssuer = z.infer<typeof TrustedIssuer>;

export function namesByClaim(token: TrustedToken): boolean {
  return 'principalClaim' in token && token.principalClaim !== undefined;
}

/** Which AWS identities are which principals, and whom to ask about a signed request. */
export const AwsCallers = z.strictObject({
  /** Where a signed request may be sent: STS, or its stand-in on this machine. Nowhere else. */
  endpoints: z
    .array(
      z
        .url()
        .refine(
          (url) =>
            /^https:\/\/sts(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(url) ||
            (isLoopback(url) && new URL(url).pathname === '/'),
          { message: 'must be https://sts.<region>.amazonaws.com, or http on the loopback interface' },
        ),
    )
    .min(1),
  principals: z
    .array(
      z.strictObject({
        /** In the last part, a `*` stands for anything but a slash: the sessions of a role. */
        arn: z
          .string()
          .regex(
            /^arn:aws(-[a-z]+)*:(iam|sts)::\d{12}:[a-z-]+\/([\w+=,.@-]+\/)*([\w+=,.@-]+|[\w+=,.@-]*\*)$/,
          ),
        principal: z.string(),
      }),
    )
    .min(1),
});
export type AwsCallers = z.infer<typeof AwsCallers>;
