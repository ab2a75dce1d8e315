import * as z from 'zod';
import { proseUpTo, Timestamp } from '../platform/documents.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { DevicePublicKey } from './authenticator.ts';

const MOST_NAME_CHARACTERS = 64;
/** What a browser encodes; the whole body is bounded anyway. */
const Encoded = z.base64url().min(1).max(32_768);
const Name = proseUpTo(MOST_NAME_CHARACTERS).min(1);
const common = {
  name: Name,
  right: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta({ description: 'A code from staff, for who cannot authenticate strongly enough; it is used up' }),
};

export const EnrolmentRequest = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('passkey'), ...common }),
    z.strictObject({ type: z.literal('totp'), ...common }),
    z.strictObject({ type: z.literal('push-device'), ...common, public_key: DevicePublicKey }),
  ])
  .meta({ id: 'EnrolmentRequest' });

/** One of them, by the type: what the one who enrols goes on with. */
export const EnrolmentDocument = z
  .object({
    id: z.string(),
    type: z.enum(['passkey', 'totp', 'push-device']),
    expires_at: Timestamp,
    public_key: z.looseObject({}).optional().meta({ description: 'PublicKeyCredentialCreationOptionsJSON' }),
    otpauth_uri: z.string().optional().meta({ description: 'For an authenticator app; shown once' }),
    challenge: z.string().optional().meta({ description: 'What a device signs' }),
  })
  .meta({ id: 'Enrolment' });
export type EnrolmentDocument = z.infer<typeof EnrolmentDocument>;

/** WebAuthn Level 3 §5.1, RegistrationResponseJSON. What is not needed of it is not kept. */
const RegistrationCredential = z.object({
  id: Encoded,
  rawId: Encoded,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: Encoded,
    attestationObject: Encoded,
    transports: z.array(z.string().max(32)).max(8).optional(),
  }),
});

/** WebAuthn Level 3 §5.1, AuthenticationResponseJSON. */
export const AuthenticationCredential = z.object({
  id: Encoded,
  rawId: Encoded,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: Encoded,
    authenticatorData: Encoded,
    signature: Encoded,
    userHandle: Encoded.nullish(),
  }),
});

export const OneTimeCode = z.string().regex(/^\d{6}$/);

export const EnrolmentConfirmation = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('passkey'), credential: RegistrationCredential }),
    z.strictObject({ type: z.literal('totp'), code: OneTimeCode }),
    z.strictObject({
      type: z.literal('push-device'),
      signature: z
        .base64url()
        .max(128)
        .meta({ description: 'ES256 of the challenge by the device’s key, as in a JWS (RFC 7518 §3.4)' }),
    }),
  ])
  .meta({ id: 'EnrolmentConfirmation' });

export const AuthenticatorDocument = z
  .object({
    id: z.string(),
    type: z.enum(['passkey', 'totp', 'push-device']),
    name: z.string(),
    status: z.enum(['active', 'locked', 'revoked']),
    created_at: Timestamp,
    synced: z.boolean().optional().meta({ description: 'A passkey that may leave the device that made it' }),
    hardware: z
      .boolean()
      .optional()
      .meta({ description: 'A passkey whose maker attests that it stays in its hardware: good for AAL3' }),
  })
  .meta({ id: 'Authenticator' });
export type AuthenticatorDocument = z.infer<typeof AuthenticatorDocument>;

export const beginEnrolmentRoute = {
  method: 'POST',
  path: '/v1/authenticators',
  function: 'EnrolAuthenticator',
  summary: 'Begin to enrol an authenticator of the caller',
  body: EnrolmentRequest,
  answers: {
    201: { description: 'What to go on with', schema: EnrolmentDocument },
    ...problemAnswers(400, 401, 403, 409, 413, 503),
  },
} as const satisfies Route;

export const confirmEnrolmentRoute = {
  method: 'POST',
  path: '/v1/authenticators/{id}/confirmation',
  function: 'EnrolAuthenticator',
  summary: 'Show the new authenticator; it is enrolled then',
  body: EnrolmentConfirmation,
  answers: {
    200: { description: 'It is enrolled', schema: z.object({ authenticator: AuthenticatorDocument }) },
    ...problemAnswers(400, 401, 404, 409, 413, 503),
  },
} as const satisfies Route;

export const listAuthenticatorsRoute = {
  method: 'GET',
  path: '/v1/authenticators',
  function: 'ManageAuthenticators',
  summary: 'The authenticators of the caller, oldest first, without those that were revoked',
  answers: {
    200: {
      description: 'All of them: a person has few',
      schema: z.object({ authenticators: z.array(AuthenticatorDocument) }),
    },
    ...problemAnswers(401, 503),
  },
} as const satisfies Route;

export const revokeAuthenticatorRoute = {
  method: 'DELETE',
  path: '/v1/authenticators/{id}',
  function: 'ManageAuthenticators',
  summary: 'Give an authenticator up, for good',
  answers: {
    200: { description: 'It is revoked', schema: z.object({ authenticator: AuthenticatorDocument }) },
    ...problemAnswers(401, 404, 409, 503),
  },
} as const satisfies Route;
