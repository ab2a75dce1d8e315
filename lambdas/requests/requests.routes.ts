import * as z from 'zod';
import { ACCESS_REQUEST_PATH, REQUEST_SCHEMA_PATH } from '../decision/authzen.routes.ts';
import { RequestedResource } from '../decision/requested-resource.ts';
import { EndReason, PathFailure } from '../minting/grant.ts';
import { proseUpTo, Timestamp } from '../platform/documents.ts';
import { Duration } from '../platform/duration.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { DenialReason } from './access-request.ts';

/** Names that reach audit events: a lone surrogate has no canonical JSON (RFC 8785 §3.2.2.2). */
function wellFormed(mostCharacters: number) {
  return z
    .string()
    .min(1)
    .max(mostCharacters)
    .refine((text) => text.isWellFormed(), { message: 'must be well-formed Unicode' });
}

export const AccessRequestBody = z
  .strictObject({
    target: z.string().min(1).max(64).meta({ description: 'The id of the target' }),
    resource: z
      .strictObject({ type: wellFormed(128), id: wellFormed(256) })
      .optional()
      .meta({ description: 'A thing that belongs to the target; the target itself where it is left out' }),
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

/** The most that is asked for together. */
const MOST_ITEMS = 20;

const Properties = z.record(z.string(), z.json());
const Named = z.object({ type: wellFormed(128), id: wellFormed(256), properties: Properties.optional() });
const Action = z.object({ name: z.string().min(1).max(128) });

/** What may be said with a request besides what was denied. `request_schema_url` publishes it. */
export const RequestedAccess = z
  .object({
    requested_duration: Duration.optional().meta({ description: 'For how long' }),
    requested_until: z.iso
      .datetime({ offset: true })
      .optional()
      .meta({ description: 'Until when; instead of a duration' }),
    emergency: z
      .boolean()
      .optional()
      .meta({ description: 'Approvers are shown that it is one. Nothing else follows from it.' }),
  })
  .refine((access) => access.requested_duration === undefined || access.requested_until === undefined, {
    message: 'say requested_duration or requested_until, not both',
  });
export type RequestedAccess = z.infer<typeof RequestedAccess>;

export const RequestAugmentations = z.object({
  context: z
    .object({
      business_justification: proseUpTo(1000)
        .optional()
        .meta({ description: 'What approvers and auditors will read' }),
    })
    .optional(),
  requested_access: RequestedAccess.optional(),
});

const Denial = z.object({
  evaluation_id: z.string().min(1).max(256).optional(),
  binding_token: z.string().min(1).max(32_768).optional(),
  expires_at: z.iso.datetime({ offset: true }).optional(),
  reason: z.string().optional(),
  template: z.string().optional(),
});
export type Denial = z.infer<typeof Denial>;

/** An actor chain, from who acts outward (draft-mcguinness-oauth-actor-profile). */
interface ActClaim {
  readonly sub: string;
  readonly act?: ActClaim | undefined;
}
const ActClaim: z.ZodType<ActClaim> = z
  .object({
    sub: z.string(),
    get act() {
      return ActClaim.optional();
    },
  })
  .meta({ id: 'ActClaim' });

const DeniedItem = z.object({
  resource: Named,
  action: Action,
  requested_access: RequestedAccess.optional(),
  denial: Denial.optional(),
});
export type DeniedItem = z.infer<typeof DeniedItem>;

/** AuthZEN Access Request and Approval Profile, access request submission: members that are not known are ignored. */
export const DeniedAccessBody = z
  .object({
    subject: Named,
    resource: Named.optional(),
    action: Action.optional(),
    items: z.array(DeniedItem).min(1).max(MOST_ITEMS).optional(),
    context: z
      .looseObject({ business_justification: proseUpTo(1000).optional() })
      .optional()
      .meta({
        description: 'That of the denied evaluation, with what is added to it',
      }),
    requested_access: RequestedAccess.optional(),
    denial: Denial.optional(),
    client: z
      .object({
        actor: z
          .object({ id: z.string(), type: z.string().optional(), act: ActClaim.optional() })
          .optional()
          .meta({
            description: 'Who acts for the subject: the chain that the access token proves, or nothing',
          }),
      })
      .optional(),
  })
  .refine(
    ({ items, resource, action }) =>
      items === undefined
        ? resource !== undefined && action !== undefined
        : resource === undefined && action === undefined,
    { message: 'name one resource and action, or items' },
  )
  .meta({ id: 'DeniedAccess' });
export type DeniedAccessBody = z.infer<typeof DeniedAccessBody>;

export const CancellationBody = z
  .object({ reason: proseUpTo(64).optional(), comment: proseUpTo(1000).optional() })
  .meta({ id: 'Cancellation' })
  .optional();
export type CancellationBody = z.infer<typeof CancellationBody>;

const TaskStatus = z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled', 'failed']);
export type TaskStatus = z.infer<typeof TaskStatus>;

const TaskResult = z
  .object({
    mode: z.literal('reevaluate'),
    approval: z.object({ id: z.string(), approved_at: Timestamp, approved_until: Timestamp }),
  })
  .meta({ id: 'TaskResult', description: 'Evaluate again, with this approval as `context.approval`' });
export type TaskResult = z.infer<typeof TaskResult>;

const links = z
  .object({ cancel: z.string() })
  .optional()
  .meta({ description: 'Where a POST takes it back, while that can be' });

/** The task of the AuthZEN Access Request and Approval Profile, with what Sallyport adds to it. */
export const Task = z
  .object({
    id: z.string(),
    status: TaskStatus,
    status_endpoint: z.string(),
    expires_at: Timestamp.optional().meta({
      description: 'When it is over, if nobody decides it; once it is decided, when it is no longer shown',
    }),
    progress: z
      .object({
        step_name: z.string(),
        current_step: z.int(),
        total_steps: z.int(),
        awaiting: z.array(z.string()).meta({ description: 'The groups whose members are waited for' }),
      })
      .optional(),
    links,
    state: z.string().meta({ description: 'Where on its path the request is' }),
    reason: DenialReason.optional(),
    failure: PathFailure.optional(),
    target: z.string(),
    resource: RequestedResource.optional().meta({ description: 'What at the target it is for' }),
    permissions: z.array(PermissionStatus),
    requested: z.object({
      permissions: z.array(z.string()),
      duration: z.string(),
      emergency: z.literal(true).optional(),
    }),
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
    result: TaskResult.optional(),
    created_at: Timestamp,
  })
  .meta({ id: 'Task' });
export type Task = z.infer<typeof Task>;

/** A task of several requests: each item says how it went, and only its own result counts for it. */
export const BundleTask = z
  .object({
    id: z.string(),
    status: z.enum([...TaskStatus.options, 'partial']),
    status_endpoint: z.string(),
    expires_at: Timestamp.optional(),
    links,
    items: z.array(
      z.object({
        resource: RequestedResource,
        action: z.object({ name: z.string() }),
        status: TaskStatus,
        request: z.string().meta({ description: 'The request that decides it: a task of its own' }),
        reason: DenialReason.optional(),
        result: TaskResult.optional(),
      }),
    ),
    created_at: Timestamp,
  })
  .meta({ id: 'BundleTask' });
export type BundleTask = z.infer<typeof BundleTask>;

const TaskAnswer = z.object({ task: z.union([Task, BundleTask]), result: TaskResult.optional() });

const idempotencyKey = {
  name: 'Idempotency-Key',
  description: 'The same key with the same body gives the same task',
  required: false,
} as const;

export const submitAccessRequestRoute = {
  method: 'POST',
  path: '/v1/access-requests',
  function: 'SubmitAccessRequest',
  summary: 'Ask for access to a target for a time',
  body: AccessRequestBody,
  headers: [idempotencyKey],
  answers: {
    202: { description: 'The task, to be followed at its status endpoint', schema: z.object({ task: Task }) },
    ...problemAnswers(400, 401, 403, 409, 413, 503),
  },
} as const satisfies Route;

export const submitDeniedRoute = {
  method: 'POST',
  path: ACCESS_REQUEST_PATH,
  function: 'SubmitAccessRequest',
  summary: 'Ask for what was denied (AuthZEN Access Request and Approval Profile)',
  body: DeniedAccessBody,
  headers: [idempotencyKey],
  answers: {
    202: { description: 'The task, to be followed at its status endpoint', schema: TaskAnswer },
    ...problemAnswers(400, 401, 403, 409, 410, 413, 503),
  },
} as const satisfies Route;

export const requestSchemaRoute = {
  method: 'GET',
  path: REQUEST_SCHEMA_PATH,
  function: 'DescribeService',
  summary: 'What may be said with a request for access, as a JSON Schema',
  open: true,
  answers: {
    200: { description: 'The schema', schema: z.looseObject({}), contentType: 'application/schema+json' },
  },
} as const satisfies Route;

export const cancelAccessRequestRoute = {
  method: 'POST',
  path: `${ACCESS_REQUEST_PATH}/{id}/cancel`,
  function: 'CancelAccessRequest',
  summary: 'Take a request for access back, while it waits',
  body: CancellationBody,
  answers: {
    200: { description: 'The task, cancelled', schema: TaskAnswer },
    ...problemAnswers(400, 401, 404, 409, 410, 413, 503),
  },
} as const satisfies Route;

export const readAccessRequestRoute = {
  method: 'GET',
  path: `${ACCESS_REQUEST_PATH}/{id}`,
  function: 'ReadAccessRequest',
  summary: 'The status of a request for access',
  answers: {
    200: { description: 'The task', schema: TaskAnswer },
    ...problemAnswers(401, 404, 410, 503),
  },
} as const satisfies Route;
