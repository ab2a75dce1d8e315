import * as z from 'zod';
import { Timestamp } from '../platform/documents.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { AuthenticationCredential, OneTimeCode } from './authenticators.routes.ts';
import { StepUpMethod } from './step-up.ts';

/** As a refusal names the level that is missing (RFC 9470 §3). */
export const StepUpRequest = z
  .strictObject({
    acr_values: z.enum(['nist-aal2', 'nist-aal3']).optional(),
    method: StepUpMethod.optional(),
  })
  .meta({ id: 'StepUpRequest' });

export const StepUpDocument = z
  .object({
    id: z.string(),
    method: StepUpMethod,
    expires_at: Timestamp,
    public_key: z
      .looseObject({})
      .optional()
      .meta({ description: 'PublicKeyCredentialRequestOptionsJSON, where the method is passkey' }),
  })
  .meta({ id: 'StepUp' });
export type StepUpDocument = z.infer<typeof StepUpDocument>;

export const StepUpResponse = z
  .discriminatedUnion('method', [
    z.strictObject({ method: z.literal('passkey'), credential: AuthenticationCredential }),
    z.strictObject({ method: z.literal('otp'), code: OneTimeCode }),
  ])
  .meta({ id: 'StepUpResponse' });
export type StepUpResponse = z.infer<typeof StepUpResponse>;

export const StepUpAnswer = z
  .object({
    access_token: z.string(),
    token_type: z.enum(['Bearer', 'DPoP']),
    expires_in: z.int().meta({ description: 'Seconds' }),
    acr: z.string().optional().meta({ description: 'What the session now shows in this channel' }),
    evidence: z.string().meta({ description: 'The id of the evidence that was added' }),
  })
  .meta({ id: 'StepUpAnswer' });
export type StepUpAnswer = z.infer<typeof StepUpAnswer>;

export const beginStepUpRoute = {
  method: 'POST',
  path: '/v1/sessions/{id}/step-ups',
  function: 'StepUpSession',
  summary: 'Ask for a challenge, to prove more in the caller’s own session and channel',
  body: StepUpRequest,
  answers: {
    201: { description: 'The challenge; it takes one answer', schema: StepUpDocument },
    ...problemAnswers(400, 401, 403, 404, 409, 413, 429, 503),
  },
} as const satisfies Route;

export const answerStepUpRoute = {
  method: 'POST',
  path: '/v1/step-ups/{id}/response',
  function: 'StepUpSession',
  summary: 'Answer the challenge; the session has new evidence then',
  body: StepUpResponse,
  answers: {
    200: { description: 'A new access token of the session in this channel', schema: StepUpAnswer },
    ...problemAnswers(400, 401, 404, 413, 429, 503),
  },
} as const satisfies Route;
