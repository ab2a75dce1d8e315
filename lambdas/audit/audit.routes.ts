import * as z from 'zod';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { AuditEvent } from './event.ts';

const AuditPage = z
  .object({
    events: z.array(AuditEvent),
    hash: z
      .object({ algorithm: z.literal('sha-256'), canonicalization: z.literal('RFC 8785') })
      .meta({ description: 'How each hash is made, over all members of its event but itself' }),
    cursor: z.string().optional(),
    incomplete: z
      .array(z.string())
      .optional()
      .meta({ description: 'Chains that have more events than are here: read each by itself' }),
  })
  .meta({ id: 'AuditEvents' });

/** A chain is read from an event on, so its place is all that a cursor needs to hold. */
export const ChainQuery = z.object({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/)
    .optional(),
  cursor: z
    .string()
    .regex(/^\d{1,10}$/)
    .optional(),
});

export const readChainRoute = {
  method: 'GET',
  path: '/v1/audit/{chain}',
  function: 'ReadAudit',
  summary: 'The events of one case, for those whom it concerns and for auditors',
  query: ChainQuery,
  answers: {
    200: { description: 'Events in their order', schema: AuditPage },
    ...problemAnswers(400, 401, 404, 503),
  },
} as const satisfies Route;

export const readUndertakingRoute = {
  method: 'GET',
  path: '/v1/audit',
  function: 'ReadAudit',
  summary: 'The events of all cases with one `txn`',
  query: z.object({ txn: z.string().min(1).max(128) }),
  answers: {
    200: { description: 'Events, case by case', schema: AuditPage },
    ...problemAnswers(400, 401, 503),
  },
} as const satisfies Route;
