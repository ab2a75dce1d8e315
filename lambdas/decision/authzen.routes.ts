import * as z from 'zod';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';

/** The most evaluations in one request. */
const MOST_EVALUATIONS = 100;

/** Where access is asked for after a denial, and what may be said with it. */
export const ACCESS_REQUEST_PATH = '/access/v1/requests';
export const REQUEST_SCHEMA_PATH = '/access/v1/request-schema';

/** Not looked into further than what is read: hostile nesting costs nothing. */
export const Properties = z.record(z.string(), z.unknown()).optional();

/** Unpaired surrogates are no text (RFC 8259 §8.2): neither the table nor Cedar could be asked about them. */
export function nameUpTo(mostCharacters: number) {
  return z
    .string()
    .min(1)
    .max(mostCharacters)
    .refine((text) => text.isWellFormed(), { message: 'must be well-formed Unicode' });
}

export const Entity = z.object({ type: nameUpTo(128), id: nameUpTo(256), properties: Properties });
export const Action = z.object({ name: nameUpTo(128), properties: Properties });

/** AuthZEN Authorization API 1.0 §5: members that are not known are ignored. */
export const EvaluationBody = z
  .object({
    subject: Entity.meta({
      description:
        'An enforcement point names the session that it saw the subject in as `properties.session` (the claim `sid`), where it was as `properties.channel`, and who acted there, nearest first, as `properties.actors` (the claims `channel` and `act`)',
    }),
    action: Action,
    resource: Entity,
    context: Properties,
  })
  .meta({ id: 'Evaluation' });
export type EvaluationBody = z.infer<typeof EvaluationBody>;

/** AuthZEN Access Request and Approval Profile, requestable denial context: a denial is one all the same. */
const RequestableDenial = z.object({
  endpoint: z.url().meta({ description: 'Where the subject itself, or who acts for it, asks for access' }),
  expires_at: z.iso.datetime(),
  binding_token: z.string().meta({ description: 'Goes back as `denial.binding_token`, unread' }),
  request_schema_url: z.url().meta({ description: 'A JSON Schema of what may be said with the request' }),
  display: z.object({ title: z.string(), description: z.string() }),
});

export const EvaluationAnswer = z
  .object({
    decision: z.boolean(),
    context: z.looseObject({
      evaluation_id: z.string(),
      evaluated_at: z.iso.datetime(),
      policy_set: z.string().meta({ description: 'The policy set that decided' }),
      reason: z.string().optional(),
      policies: z.array(z.string()),
      error: z
        .object({ status: z.int(), message: z.string() })
        .optional()
        .meta({ description: 'Of one of several evaluations: why it could not be evaluated' }),
      obligations: z
        .array(z.object({ id: z.string(), type: z.string(), properties: z.record(z.string(), z.json()) }))
        .optional(),
      access_request: RequestableDenial.optional(),
      approval: z
        .object({ id: z.string(), approved_until: z.iso.datetime() })
        .optional()
        .meta({ description: 'The approval that counted; nothing is permitted by it after that time' }),
    }),
  })
  .meta({ id: 'EvaluationResponse' });
export type EvaluationAnswer = z.infer<typeof EvaluationAnswer>;

export const requestIdHeader = {
  name: 'X-Request-ID',
  description: 'Comes back in the answer',
  required: false,
} as const;

export const evaluateAccessRoute = {
  method: 'POST',
  path: '/access/v1/evaluation',
  function: 'EvaluateAccess',
  summary: 'One decision (AuthZEN Authorization API 1.0)',
  body: EvaluationBody,
  headers: [requestIdHeader],
  answers: {
    200: { description: 'The decision; a denial too', schema: EvaluationAnswer },
    ...problemAnswers(400, 401, 403, 413, 503),
  },
} as const satisfies Route;

/**
 * AuthZEN Authorization API 1.0 §7: what stands beside `evaluations` is the default of what they leave out. One that
 * cannot be read is a denial among the answers, so the evaluations are only looked at one by one.
 */
export const EvaluationsBody = z
  .object({
    subject: Entity.partial().optional(),
    action: Action.partial().optional(),
    resource: Entity.partial().optional(),
    context: Properties,
    evaluations: z
      .array(z.unknown())
      .max(MOST_EVALUATIONS, {
        message: `holds more than ${MOST_EVALUATIONS} evaluations; send them in several requests`,
      })
      .optional()
      .meta({ description: 'Evaluations, each a whole one or with the defaults for what it leaves out' }),
    options: z
      .object({
        evaluations_semantic: z
          .enum(['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'])
          .default('execute_all'),
      })
      .optional(),
  })
  .superRefine((body, { addIssue }) => {
    if (isBatch(body)) return;
    const { error } = EvaluationBody.safeParse(body);
    for (const { path, message } of error?.issues ?? [])
      addIssue({ code: 'custom', path: [...path], message });
  })
  .meta({ id: 'Evaluations' });
export type EvaluationsBody = z.infer<typeof EvaluationsBody>;

/** Whether several evaluations are asked for; without any, the request is one evaluation itself. */
export function isBatch<Body extends { readonly evaluations?: readonly unknown[] | undefined }>(
  body: Body,
): body is Body & { readonly evaluations: readonly unknown[] } {
  return body.evaluations !== undefined && body.evaluations.length > 0;
}

export const EvaluationsAnswer = z
  .union([z.object({ evaluations: z.array(EvaluationAnswer) }), EvaluationAnswer])
  .meta({ id: 'EvaluationsResponse' });
export type EvaluationsAnswer = z.infer<typeof EvaluationsAnswer>;

export const evaluateBatchRoute = {
  method: 'POST',
  path: '/access/v1/evaluations',
  function: 'EvaluateAccess',
  summary: 'Several decisions in one call (AuthZEN Authorization API 1.0)',
  body: EvaluationsBody,
  headers: [requestIdHeader],
  answers: {
    200: {
      description: 'The decisions, in the order of the evaluations; or the one, if there are no evaluations',
      schema: EvaluationsAnswer,
    },
    ...problemAnswers(400, 401, 403, 413, 503),
  },
} as const satisfies Route;

export const authzenMetadataRoute = {
  method: 'GET',
  path: '/.well-known/authzen-configuration',
  function: 'PublishMetadata',
  summary: 'The metadata of the policy decision point (AuthZEN)',
  open: true,
  answers: {
    200: {
      description: 'The metadata',
      schema: z.looseObject({
        policy_decision_point: z.string(),
        access_evaluation_endpoint: z.string(),
        access_evaluations_endpoint: z.string(),
        search_subject_endpoint: z.string(),
        search_resource_endpoint: z.string(),
        search_action_endpoint: z.string(),
        access_request_endpoint: z.string(),
        capabilities: z.array(z.string()),
      }),
    },
  },
} as const satisfies Route;
