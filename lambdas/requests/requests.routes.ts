import * as z from 'zod';
import { EndReason, PathFailure } from '../minting/grant.ts';
import { proseUpTo, Timestamp } from '../platform/documents.ts';
import { Duration } from '../platform/duration.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { DenialReason } from './access-request.ts';

export const AccessRequestBody = z
  .strictObject({
    target: z.string().min(1).max(64).meta({ description: 'The id of the target' }),
    permissions: z.array(z.string().min(1).max(64)).min(1).max(32),
    duration: Duration,
    justification: proseUpTo(1000).min(1).meta({ description: 'What approvers and auditors will read' }),
    parent: z
      .string()
      .max(128)
      .optional()
      .meta({ description: 'A grant of the caller’s of which a part is asked for: it ends with that one' }),
    actor: z
      .strictObject({ type: z.string().max(64), id: z.string().max(128) })
      .optional()
      .meta({ description: 'Who acts for the subject. It must be the actor that the access token proves.' }),
  })
  .meta({ id: 'AccessRequest' });
export type AccessRequestBody = z.infer<typeof AccessRequestBody>;

const Obligation = z.object({
  type: z.enum(['approval', 'step-up']),
  properties: z.record(z.string(), z.json()),
});

const PermissionStatus = z.object({
  permission: z.string(),
  outcome: z.enum(['permitted', 'obliged', 'denied']),
  policies: z
    .array(z.string())
    .meta({ description: 'The policies that determined it; none for a default denial' }),
  obligations: z.array(Obligation).optional().meta({ description: 'What would turn this into a permit' }),
});

/** The task of the AuthZEN Access Request and Approval Profile, with what Sallyport adds to it. */
export const Task = z
  .object({
    id: z.string(),
    status: z.enum(['pending', 'approved', 'denied', 'failed']),
    status_endpoint: z.string(),
    state: z.string().meta({ description: 'Where on its path the request is' }),
    reason: DenialReason.optional(),
    failure: PathFailure.optional(),
    target: z.string(),
    permissions: z.array(PermissionStatus),
    requested: z.object({ permissions: z.array(z.string()), duration: z.string() }),
    step_up: z
      .object({ acr_value: z.string(), session: z.string(), expires_at: Timestamp })
      .meta({ description: 'What the session must come to prove for the request to be decided again' })
      .optional(),
    approval: z.object({ id: z.string(), status: z.string(), expires_at: Timestamp }).optional(),
    grant: z
      .object({
        id: z.string(),
        status: z.string(),
        permissions: z.array(z.string()),
        expires_at: Timestamp.optional(),
        reason: EndReason.optional(),
        failure: PathFailure.optional(),
      })
      .optional(),
    result: z
      .object({
        mode: z.literal('reevaluate'),
        approval: z.object({ id: z.string(), approved_at: Timestamp, approved_until: Timestamp }),
      })
      .optional(),
    created_at: Timestamp,
  })
  .meta({ id: 'Task' });
export type Task = z.infer<typeof Task>;

export const submitAccessRequestRoute = {
  method: 'POST',
  path: '/v1/access-requests',
  function: 'SubmitAccessRequest',
  summary: 'Ask for access to a target for a time',
  body: AccessRequestBody,
  headers: [
    {
      name: 'Idempotency-Key',
      description: 'The same key with the same body gives the same task',
      required: false,
    },
  ],
  answers: {
    202: { description: 'The task, to be followed at its status endpoint', schema: z.object({ task: Task }) },
    ...problemAnswers(400, 401, 403, 409, 413, 503),
  },
} as const satisfies Route;

export const readAccessRequestRoute = {
  method: 'GET',
  path: '/access/v1/requests/{id}',
  function: 'ReadAccessRequest',
  summary: 'The status of a request for access',
  answers: {
    200: { description: 'The task', schema: z.object({ task: Task }) },
    ...problemAnswers(401, 404, 503),
  },
} as const satisfies Route;
