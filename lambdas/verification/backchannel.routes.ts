import * as z from 'zod';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';

const Hint = z.string().min(1).max(128);

/** CIBA Core 1.0 §7.1, as far as it is supported here. Parameters that are not named here are refused. */
const BackchannelForm = z
  .strictObject({
    /** A client of OpenID Connect says so. The answer is an access token in any case. */
    scope: z.literal('openid').optional(),
    login_hint: Hint.optional(),
    login_hint_token: z.string().max(8192).optional(),
    id_token_hint: z.string().max(8192).optional(),
    binding_message: z.string().max(1024),
  })
  .meta({ id: 'BackchannelAuthentication' });
export type BackchannelForm = z.infer<typeof BackchannelForm>;

const BackchannelAnswer = z
  .object({
    auth_req_id: z.string(),
    expires_in: z.int().meta({ description: 'Seconds' }),
    interval: z.int().meta({ description: 'Seconds between two polls, at least' }),
  })
  .meta({ id: 'BackchannelAcknowledgement' });
export type BackchannelAnswer = z.infer<typeof BackchannelAnswer>;

export const startBackchannelRoute = {
  method: 'POST',
  path: '/oauth2/backchannel-authentication',
  function: 'StartBackchannel',
  summary: 'Push to the devices of whoever a caller says to be (CIBA, poll mode); for voice gateways',
  body: BackchannelForm,
  bodyType: 'application/x-www-form-urlencoded',
  answers: {
    200: {
      description: 'The call is recorded. The same answer whether or not there is such a person',
      schema: BackchannelAnswer,
    },
    ...problemAnswers(400, 401, 413, 503),
  },
} as const satisfies Route;

/** A JWT that the device's key has signed, with the authenticator's id as `kid`. */
const Statement = z.string().min(1).max(4096);

const PushList = z
  .object({
    challenges: z.array(
      z.object({
        id: z.string(),
        nonce: z.string(),
        binding_message: z.string(),
        expires_at: z.iso.datetime(),
      }),
    ),
  })
  .meta({ id: 'PushChallenges' });
export type PushList = z.infer<typeof PushList>;

export const listPushesRoute = {
  method: 'POST',
  path: '/v1/push-challenges',
  function: 'AnswerPush',
  summary: 'What waits for a registered device; asked with a statement that its key has signed',
  open: true,
  body: z
    .strictObject({ statement: Statement })
    .meta({ id: 'PushQuery', description: 'A JWT of type `push-query+jwt`: aud, iat, jti' }),
  answers: {
    200: { description: 'The newest pushes', schema: PushList },
    ...problemAnswers(400, 403, 413, 503),
  },
} as const satisfies Route;

export const answerPushRoute = {
  method: 'POST',
  path: '/v1/push-challenges/{id}/response',
  function: 'AnswerPush',
  summary: 'Approve or deny a push, by a statement that the device’s key has signed',
  open: true,
  body: z.strictObject({ statement: Statement }).meta({
    id: 'PushResponse',
    description:
      'A JWT of type `push-answer+jwt`: aud, iat, jti, challenge, nonce, decision, user_verification',
  }),
  answers: {
    200: {
      description: 'The answer counts',
      schema: z.object({ status: z.enum(['approved', 'denied']) }).meta({ id: 'PushOutcome' }),
    },
    ...problemAnswers(400, 403, 404, 409, 413, 503),
  },
} as const satisfies Route;
