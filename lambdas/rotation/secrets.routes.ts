import * as z from 'zod';
import { Timestamp } from '../platform/documents.ts';
import { Duration } from '../platform/duration.ts';
import { PageQuery } from '../platform/page.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { RotationFailure, RotationReason } from './rotation.ts';

/** How people call what uses a secret. */
const Consumer = z.string().regex(/^[A-Za-z0-9][\w./:@-]{0,127}$/);

export const SecretRegistration = z
  .strictObject({
    connection: z.string().min(1).max(63).meta({
      description: 'A connection of the deployment: the account that the secret is of; also its id',
    }),
    owner: z.string().min(1).max(128).meta({ description: 'The person who answers for it' }),
    consumers: z.array(Consumer).max(64).default([]).meta({ description: 'What uses it' }),
    rotate_every: Duration.meta({ description: 'From PT1H to P365D' }),
  })
  .meta({ id: 'SecretRegistration' });
export type SecretRegistration = z.infer<typeof SecretRegistration>;

const VersionDocument = z.object({
  version: z.string().meta({ description: 'The id of the version in Secrets Manager' }),
  fingerprint: z.string().optional().meta({ description: 'SHA-256 of its secret part, hex' }),
  since: Timestamp,
});

export const SecretDocument = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.string(),
    strategy: z.string(),
    status: z.enum(['initialising', 'ready', 'rotating']),
    secret_name: z.string().meta({ description: 'Where its values are, in Secrets Manager' }),
    owner: z.string(),
    consumers: z.array(z.string()),
    rotate_every: z.string(),
    current: VersionDocument.optional(),
    previous: VersionDocument.optional(),
    rotation: z.string().optional().meta({ description: 'The rotation that runs' }),
    last_rotation: z.string().optional(),
    next_rotation_at: Timestamp,
    checked_out_by: z.string().optional().meta({ description: 'The grant that has it checked out' }),
    created_at: Timestamp,
  })
  .meta({ id: 'ManagedSecret' });
export type SecretDocument = z.infer<typeof SecretDocument>;

export const RotationDocument = z
  .object({
    id: z.string(),
    secret: z.string(),
    reason: RotationReason,
    revocation: z.string().optional(),
    ends_previous: z
      .boolean()
      .meta({ description: 'Whether the value before is dead when it has succeeded' }),
    status: z.enum(['running', 'succeeded', 'failed', 'unresolved']),
    failure: RotationFailure.optional(),
    started_at: Timestamp,
    ended_at: Timestamp.optional(),
  })
  .meta({ id: 'Rotation' });
export type RotationDocument = z.infer<typeof RotationDocument>;

export const registerSecretRoute = {
  method: 'POST',
  path: '/v1/secrets',
  function: 'RegisterSecret',
  summary: 'Put the secret of a connection under management; its first value is made by a rotation',
  body: SecretRegistration,
  answers: {
    202: {
      description: 'The secret, and the rotation that makes its first value',
      schema: z.object({ secret: SecretDocument, rotation: RotationDocument }),
    },
    ...problemAnswers(400, 401, 403, 409, 413, 503),
  },
} as const satisfies Route;

export const listSecretsRoute = {
  method: 'GET',
  path: '/v1/secrets',
  function: 'ReadSecrets',
  summary: 'The managed secrets that the caller may see, newest first',
  query: PageQuery,
  answers: {
    200: {
      description: 'A page of secrets, without their values',
      schema: z.object({ secrets: z.array(SecretDocument), cursor: z.string().optional() }),
    },
    ...problemAnswers(400, 401, 503),
  },
} as const satisfies Route;

export const readSecretRoute = {
  method: 'GET',
  path: '/v1/secrets/{id}',
  function: 'ReadSecrets',
  summary: 'One managed secret, without its value',
  answers: {
    200: { description: 'The secret', schema: z.object({ secret: SecretDocument }) },
    ...problemAnswers(401, 404, 503),
  },
} as const satisfies Route;

export const startRotationRoute = {
  method: 'POST',
  path: '/v1/secrets/{id}/rotations',
  function: 'StartRotation',
  summary: 'Rotate a managed secret now, or join the rotation of it that runs',
  answers: {
    202: { description: 'The rotation', schema: z.object({ rotation: RotationDocument }) },
    ...problemAnswers(401, 403, 404, 409, 503),
  },
} as const satisfies Route;

export const readRotationRoute = {
  method: 'GET',
  path: '/v1/rotations/{id}',
  function: 'ReadSecrets',
  summary: 'One rotation, and why it failed if it did',
  answers: {
    200: { description: 'The rotation', schema: z.object({ rotation: RotationDocument }) },
    ...problemAnswers(401, 404, 503),
  },
} as const satisfies Route;

export const secretKeySetRoute = {
  method: 'GET',
  path: '/v1/secrets/{id}/jwks.json',
  function: 'PublishSecretKeys',
  summary: 'The public keys of a managed signing key (RFC 7517)',
  open: true,
  answers: {
    200: {
      description: 'The keys that signatures may be verified by, and the one that will sign next',
      schema: z.object({ keys: z.array(z.record(z.string(), z.string())) }),
    },
    ...problemAnswers(404, 503),
  },
} as const satisfies Route;
