import * as z from 'zod';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
/** What a token that is shown may be called (RFC 8693 §3); what it is, its issuer's configuration says. */
export const ShownTokenType = z.enum([
  'urn:ietf:params:oauth:token-type:id_token',
  'urn:ietf:params:oauth:token-type:jwt',
  /** Ours: a signed GetCallerIdentity request (`aws-caller.ts`). */
  'urn:sallyport:params:oauth:token-type:aws-caller',
]);
export type ShownTokenType = z.infer<typeof ShownTokenType>;
const ShownToken = z.string().min(1).max(8192);
/** Ours: the code of a handoff, which stands for the session that it hands over. */
export const HANDOFF = 'urn:sallyport:params:oauth:token-type:handoff';

/** RFC 8693 §2.1. Parameters that are not named here are refused: they would ask for what is not given. */
const TokenExchangeForm = z
  .strictObject({
    grant_type: z.literal(TOKEN_EXCHANGE),
    subject_token: ShownToken.meta({
      description:
        'A token of a trusted issuer. Of the type `aws-caller`: a signed GetCallerIdentity request, its `method`, `url`, `headers` and `body` as JSON in base64url, with the signed header `x-sallyport-server`',
    }),
    subject_token_type: z.enum([...ShownTokenType.options, HANDOFF]),
    actor_token: ShownToken.optional(),
    actor_token_type: ShownTokenType.optional(),
    handoff: ShownToken.optional().meta({
      description:
        'The handoff by which the subject takes a session over; without one, a new session is opened',
    }),
    requested_token_type: z.literal(ACCESS_TOKEN).optional(),
  })
  .refine((form) => (form.actor_token === undefined) === (form.actor_token_type === undefined), {
    message: 'actor_token and actor_token_type come together',
  })
  .refine(
    (form) =>
      form.handoff === undefined || (form.subject_token_type !== HANDOFF && form.actor_token === undefined),
    { message: 'handoff comes with a token of the subject, and with no other' },
  )
  .meta({ id: 'TokenExchange' });

export const CIBA = 'urn:openid:params:grant-type:ciba';

/** CIBA Core 1.0 §10.1. The gateway that asks sends its own access token along. */
const BackchannelPollForm = z
  .strictObject({ grant_type: z.literal(CIBA), auth_req_id: z.string().min(1).max(128) })
  .meta({ id: 'BackchannelPoll' });

/** What the token endpoint is asked, by `grant_type`: each grant has a form and a step of its own. */
export const TokenRequestForm = z.discriminatedUnion('grant_type', [TokenExchangeForm, BackchannelPollForm]);
export type TokenRequestForm = z.infer<typeof TokenRequestForm>;

export const TokenAnswer = z
  .object({
    access_token: z.string().meta({
      description: 'A JWT. That of a machine tells in `origin` and `posture` which trust it rests on',
    }),
    issued_token_type: z.literal(ACCESS_TOKEN),
    token_type: z.enum(['Bearer', 'DPoP']),
    expires_in: z.int().meta({ description: 'Seconds' }),
  })
  .meta({ id: 'TokenResponse' });
export type TokenAnswer = z.infer<typeof TokenAnswer>;

/** RFC 7662 §2.1, RFC 7009 §2.1. */
export const TokenForm = z
  .object({ token: z.string().min(1).max(8192), token_type_hint: z.string().max(64).optional() })
  .meta({ id: 'TokenForm' });

export const exchangeTokenRoute = {
  method: 'POST',
  path: '/oauth2/token',
  function: 'ExchangeToken',
  summary:
    'Exchange a token of a trusted issuer or a handoff for an access token (RFC 8693), or poll for a push (CIBA)',
  open: true,
  body: TokenRequestForm,
  bodyType: 'application/x-www-form-urlencoded',
  headers: [
    {
      name: 'DPoP',
      description:
        'A proof of a key (RFC 9449 §5): the access token is bound to it, and each call proves it again',
      required: false,
    },
  ],
  answers: {
    200: { description: 'An access token', schema: TokenAnswer },
    ...problemAnswers(400, 401, 413, 503),
  },
} as const satisfies Route;

export const introspectTokenRoute = {
  method: 'POST',
  path: '/oauth2/introspect',
  function: 'IntrospectToken',
  summary: 'Whether a token works at this moment (RFC 7662)',
  body: TokenForm,
  bodyType: 'application/x-www-form-urlencoded',
  answers: {
    200: {
      description: 'The token, or `{"active": false}` and nothing more',
      schema: z.looseObject({ active: z.boolean() }).meta({ id: 'Introspection' }),
    },
    ...problemAnswers(400, 401, 413, 503),
  },
} as const satisfies Route;

export const revokeTokenRoute = {
  method: 'POST',
  path: '/oauth2/revoke',
  function: 'RevokeToken',
  summary: 'End a session, or the grant of a credential, by its token (RFC 7009)',
  body: TokenForm,
  bodyType: 'application/x-www-form-urlencoded',
  answers: {
    200: { description: 'The token does not work any more, or is none of ours' },
    ...problemAnswers(400, 401, 413, 503),
  },
} as const satisfies Route;

export const authorizationServerMetadataRoute = {
  method: 'GET',
  path: '/.well-known/oauth-authorization-server',
  function: 'PublishMetadata',
  summary: 'Authorization server metadata (RFC 8414)',
  open: true,
  answers: { 200: { description: 'The metadata', schema: z.looseObject({ issuer: z.string() }) } },
} as const satisfies Route;

export const keySetRoute = {
  method: 'GET',
  path: '/.well-known/jwks.json',
  function: 'PublishMetadata',
  summary: 'The keys that verify our tokens (RFC 7517)',
  open: true,
  answers: { 200: { description: 'The key set', schema: z.object({ keys: z.array(z.looseObject({})) }) } },
} as const satisfies Route;
