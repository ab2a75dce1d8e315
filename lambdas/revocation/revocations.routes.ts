import * as z from 'zod';
import { PartyDocument, proseUpTo, Timestamp } from '../platform/documents.ts';
import { PageQuery } from '../platform/page.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { RevocationStatus, ScopeKind, Unresolved } from './revocation.ts';

const Id = z.string().min(1).max(256);

const scopeMembers = {
  principal: Id.optional().meta({ description: 'Everything of one principal, and what others do for it' }),
  owner: Id.optional().meta({
    description: 'A person with every non-human identity that they answer for: offboarding',
  }),
  session: Id.optional(),
  grant: Id.optional().meta({ description: 'One grant with its descendants' }),
  target: Id.optional(),
  secret: Id.optional().meta({ description: 'A managed secret' }),
  credential: z.string().trim().min(8).max(16_384).optional().meta({
    description: 'A leaked credential itself. It is hashed at once, and neither kept nor logged.',
    writeOnly: true,
  }),
};

/** What is contained: exactly one thing. */
export const ScopeBody = z
  .strictObject(scopeMembers)
  .refine((scope) => Object.values(scope).filter((one) => one !== undefined).length === 1, {
    message: `must have exactly one of ${Object.keys(scopeMembers).join(', ')}`,
  });
export type ScopeBody = z.infer<typeof ScopeBody>;

const StartRevocationBody = z
  .strictObject({
    scope: ScopeBody,
    reason: proseUpTo(1000).pipe(z.string().min(1)),
    dry_run: z.boolean().optional().meta({ description: 'Find out what would be revoked; change nothing' }),
  })
  .meta({ id: 'StartRevocation' });
export type StartRevocationBody = z.infer<typeof StartRevocationBody>;

const Item = z.object({
  kind: z.enum(['grant', 'session', 'secret']),
  id: z.string(),
  status: z.enum(['live', 'unconfirmed', 'dead', 'ended', 'exposed', 'rotating', 'rotated']),
  principal: PartyDocument.optional(),
  target: z.string().optional(),
  rotation: z.string().optional(),
  receipt: z.object({ answer: z.literal('dead'), how: z.string(), at: Timestamp }).optional(),
});
export type ItemDocument = z.infer<typeof Item>;

export const RevocationDocument = z
  .object({
    id: z.string(),
    status: RevocationStatus,
    scope: z.partialRecord(ScopeKind, z.string()).meta({
      description:
        'A credential is shown by its SHA-256 fingerprint; `suspended` is a person whom the directory has suspended',
    }),
    reason: z.string(),
    dry_run: z.boolean(),
    started_by: PartyDocument,
    started_at: Timestamp,
    counts: z.object({ grants: z.int(), sessions: z.int(), secrets: z.int() }),
    unresolved: Unresolved,
    contained_at: Timestamp.optional(),
    time_to_contain_ms: z.int().optional(),
    freeze: z.enum(['none', 'held', 'lifted']),
    txn: z.string(),
    items: z.array(Item).optional(),
    cursor: z.string().optional(),
  })
  .meta({ id: 'Revocation' });
export type RevocationDocument = z.infer<typeof RevocationDocument>;

const Answer = z.object({ revocation: RevocationDocument });

export const startRevocationRoute = {
  method: 'POST',
  path: '/v1/revocations',
  function: 'StartRevocation',
  summary: 'Contain an incident: freeze, revoke, rotate, end, signal and confirm; for responders',
  body: StartRevocationBody,
  answers: {
    202: { description: 'It runs; asked for again while it does, the same one answers', schema: Answer },
    ...problemAnswers(400, 401, 403, 404, 413, 503),
  },
} as const satisfies Route;

export const listRevocationsRoute = {
  method: 'GET',
  path: '/v1/revocations',
  function: 'ReadRevocations',
  summary: 'Containments, newest first; for responders',
  query: PageQuery,
  answers: {
    200: {
      description: 'A page of them',
      schema: z.object({ revocations: z.array(RevocationDocument), cursor: z.string().optional() }),
    },
    ...problemAnswers(400, 401, 403, 503),
  },
} as const satisfies Route;

export const readRevocationRoute = {
  method: 'GET',
  path: '/v1/revocations/{id}',
  function: 'ReadRevocations',
  summary: 'One containment, with a page of what it concerns and the receipts; for responders',
  query: PageQuery,
  answers: {
    200: { description: 'How far it has got', schema: Answer },
    ...problemAnswers(400, 401, 404, 503),
  },
} as const satisfies Route;

export const liftFreezeRoute = {
  method: 'DELETE',
  path: '/v1/revocations/{id}/freeze',
  function: 'LiftFreeze',
  summary: 'Lift the freeze of a containment that is over; for responders whom it does not concern',
  answers: {
    200: { description: 'What was frozen may be granted again', schema: Answer },
    ...problemAnswers(401, 403, 404, 409, 503),
  },
} as const satisfies Route;
