import * as z from 'zod';
import { RequestedResource } from '../decision/requested-resource.ts';
import { PartyDocument, Timestamp } from '../platform/documents.ts';
import { PageQuery } from '../platform/page.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { EndReason, PathFailure } from './grant.ts';

export const GrantDocument = z
  .object({
    id: z.string(),
    status: z.enum(['pending', 'active', 'ending', 'unresolved', 'ended', 'abandoned']),
    request: z.string(),
    principal: PartyDocument,
    actors: z.array(PartyDocument),
    parent: z.string().optional().meta({ description: 'The grant that it is a part of' }),
    target: z.string(),
    resource: RequestedResource.optional().meta({ description: 'What at the target it is for' }),
    permissions: z.array(z.string()),
    duration: z.string(),
    approvers: z.array(z.string()).optional(),
    activated_at: Timestamp.optional(),
    expires_at: Timestamp.optional(),
    credential: z
      .object({
        status: z.enum(['prepared', 'issuing', 'live', 'revoked']),
        handle: z.string(),
        fingerprint: z.string().optional().meta({ description: 'SHA-256 of the credential, hex' }),
        receipt: z.object({ answer: z.literal('dead'), how: z.string(), at: Timestamp }).optional(),
      })
      .optional(),
    reason: EndReason.optional(),
    revocation: z.string().optional().meta({ description: 'The revocation that ended it' }),
    failure: PathFailure.optional(),
    ended_at: Timestamp.optional(),
  })
  .meta({ id: 'Grant' });
export type GrantDocument = z.infer<typeof GrantDocument>;

/** The answer of a claim: shaped as a token response (RFC 6749 §5.1, RFC 9396 §7). */
export const ClaimedCredentialDocument = z
  .object({
    access_token: z.string().optional(),
    token_type: z.enum(['Bearer', 'DPoP']).optional(),
    credential: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'What is no token, by its parts: a user name and a password, an access key' }),
    secret: z.string().optional().meta({
      description: 'The secret in Secrets Manager from which the grantee’s own AWS role fetches it instead',
    }),
    expires_in: z.int().meta({ description: 'Seconds' }),
    scope: z.string(),
    authorization_details: z.array(
      z.object({
        type: z.string(),
        identifier: z.string(),
        actions: z.array(z.string()),
        grant_id: z.string(),
      }),
    ),
    grant: z.string(),
  })
  .meta({ id: 'ClaimedCredential' });

export const listGrantsRoute = {
  method: 'GET',
  path: '/v1/grants',
  function: 'ReadGrants',
  summary: 'The grants of the caller, newest first',
  query: PageQuery,
  answers: {
    200: {
      description: 'A page of grants',
      schema: z.object({ grants: z.array(GrantDocument), cursor: z.string().optional() }),
    },
    ...problemAnswers(400, 401, 503),
  },
} as const satisfies Route;

export const readGrantRoute = {
  method: 'GET',
  path: '/v1/grants/{id}',
  function: 'ReadGrants',
  summary: 'One grant',
  answers: {
    200: { description: 'The grant', schema: z.object({ grant: GrantDocument }) },
    ...problemAnswers(401, 404, 503),
  },
} as const satisfies Route;

export const returnGrantRoute = {
  method: 'DELETE',
  path: '/v1/grants/{id}',
  function: 'ReturnGrant',
  summary: 'Give a grant back early',
  answers: {
    202: {
      description: 'The right has ended; its credential is being revoked and confirmed dead',
      schema: z.object({ grant: GrantDocument }),
    },
    ...problemAnswers(401, 404, 409, 503),
  },
} as const satisfies Route;

export const claimCredentialRoute = {
  method: 'POST',
  path: '/v1/grants/{id}/credential',
  function: 'ClaimCredential',
  summary: 'Claim the credential of a grant, once',
  answers: {
    200: {
      description: 'The credential, in this answer and nowhere else',
      schema: ClaimedCredentialDocument,
    },
    ...problemAnswers(401, 403, 404, 409, 503),
  },
} as const satisfies Route;
