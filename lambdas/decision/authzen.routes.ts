import * as z from 'zod';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';

/** Not looked into further than what is read: hostile nesting costs nothing. */
const Properties = z.record(z.string(), z.unknown()).optional();
const Entity = z.object({
  type: z.string().min(1).max(128),
  id: z.string().min(1).max(256),
  properties: Properties,
});

/** AuthZEN Authorization API 1.0 §5: members that are not known are ignored. */
export const EvaluationBody = z
  .object({
    subject: Entity.meta({
      description:
        'An enforcement point names the session that it saw the subject in as `properties.session` (the claim `sid`), where it was as `properties.channel`, and who acted there, nearest first, as `properties.actors` (the claims `channel` and `act`)',
    }),
    action: z.object({ name: z.string().min(1).max(128), properties: Properties }),
    resource: Entity,
    context: Properties,
  })
  .meta({ id: 'Evaluation' });
export type EvaluationBody = z.infer<typeof EvaluationBody>;

export const EvaluationAnswer = z
  .object({
    decision: z.boolean(),
    context: z.looseObject({
      evaluation_id: z.string(),
      evaluated_at: z.iso.datetime(),
      policy_set: z.string().meta({ description: 'The policy set that decided' }),
      reason: z.string().optional(),
      policies: z.array(z.string()),
      obligations: z
        .array(z.object({ id: z.string(), type: z.string(), properties: z.record(z.string(), z.json()) }))
        .optional(),
    }),
  })
  .meta({ id: 'EvaluationResponse' });
export type EvaluationAnswer = z.infer<typeof EvaluationAnswer>;

export const evaluateAccessRoute = {
  method: 'POST',
  path: '/access/v1/evaluation',
  function: 'EvaluateAccess',
  summary: 'One decision (AuthZEN Authorization API 1.0)',
  body: EvaluationBody,
  headers: [{ name: 'X-Request-ID', description: 'Comes back in the answer', required: false }],
  answers: {
    200: { description: 'The decision; a denial too', schema: EvaluationAnswer },
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
      schema: z.looseObject({ policy_decision_point: z.string(), access_evaluation_endpoint: z.string() }),
    },
  },
} as const satisfies Route;
