import * as z from 'zod';
import { EvaluationAnswer, EvaluationBody } from '../decision/authzen.routes.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';

/** What a cluster calls an attribute that is not said (authorization.k8s.io/v1): the empty text. */
const Attribute = z.string().max(1024).default('');

/**
 * A SubjectAccessReview, as an API server asks it (https://kubernetes.io/docs/reference/kubernetes-api/definitions/subject-access-review-v1-authorization/).
 * What a decision does not depend on is not looked at.
 */
export const AccessReview = z
  .object({
    apiVersion: z.literal('authorization.k8s.io/v1'),
    kind: z.literal('SubjectAccessReview'),
    spec: z
      .looseObject({
        user: Attribute,
        /** What the authenticator says of the user besides; the names are in small letters. */
        extra: z.record(z.string(), z.array(z.string())).optional(),
        resourceAttributes: z
          .looseObject({
            verb: Attribute,
            group: Attribute,
            resource: Attribute,
            subresource: Attribute,
            namespace: Attribute,
            name: Attribute,
          })
          .optional(),
        nonResourceAttributes: z.looseObject({ verb: Attribute, path: Attribute }).optional(),
      })
      .refine(
        ({ resourceAttributes, nonResourceAttributes }) =>
          (resourceAttributes === undefined) !== (nonResourceAttributes === undefined),
        { message: 'say either resourceAttributes or nonResourceAttributes' },
      ),
  })
  .meta({ id: 'SubjectAccessReview' });
export type AccessReview = z.infer<typeof AccessReview>;

export const AnsweredReview = z
  .object({
    apiVersion: z.literal('authorization.k8s.io/v1'),
    kind: z.literal('SubjectAccessReview'),
    spec: z.looseObject({}),
    status: z.object({
      allowed: z.boolean(),
      denied: z
        .boolean()
        .optional()
        .meta({ description: 'True: whoever is asked next cannot allow it. Neither: we have no opinion' }),
      reason: z.string(),
    }),
  })
  .meta({ id: 'AnsweredSubjectAccessReview' });
export type AnsweredReview = z.infer<typeof AnsweredReview>;

export const reviewAccessRoute = {
  method: 'POST',
  path: '/kubernetes/authorize',
  function: 'EnforceAccess',
  summary: 'Decide for a cluster’s API server (SubjectAccessReview, authorization.k8s.io/v1)',
  body: AccessReview,
  answers: {
    200: { description: 'Allowed, denied, or no opinion', schema: AnsweredReview },
    ...problemAnswers(400, 401, 403, 413, 503),
  },
} as const satisfies Route;

/** Whom a proxy asks about, where it does not hand on their own token. */
const subjectHeaders = [
  {
    name: 'X-Sallyport-Subject',
    description: 'Whom an enforcement point asks about: `user/alice`. Others ask about themselves.',
    required: false,
  },
  { name: 'X-Sallyport-Session', description: 'The session of the subject', required: false },
  { name: 'X-Sallyport-Channel', description: 'Where in it the subject was seen', required: false },
  {
    name: 'X-Sallyport-Actors',
    description: 'Who acts there for the subject, nearest first, with commas between; `-` for nobody',
    required: false,
  },
  {
    name: 'X-Sallyport-Approval',
    description: 'The approval that the subject was given (`context.approval.id`)',
    required: false,
  },
  {
    name: 'X-Original-Host',
    description: 'The host of the request, where a rule tells hosts apart',
    required: false,
  },
] as const;

const authorizing = {
  function: 'EnforceAccess',
  answers: {
    200: {
      description:
        'Permitted: `x-sallyport-evaluation-id` names the evaluation, `x-sallyport-policies` what permits',
    },
    ...problemAnswers(400, 401, 403, 503),
  },
} as const;

/** nginx asks with GET; other proxies with what they like: what counts is in the headers. */
const authorizingByHeaders = {
  ...authorizing,
  path: '/authorize',
  headers: [
    {
      name: 'X-Original-URI',
      description: 'The request’s path, as it was sent, with its query or without',
      required: true,
    },
    { name: 'X-Original-Method', description: 'The request’s method', required: true },
    ...subjectHeaders,
  ],
} as const;

export const authorizeGetRoute = {
  ...authorizingByHeaders,
  method: 'GET',
  summary: 'Decide about a request to an internal API (nginx’s auth_request)',
} as const satisfies Route;

export const authorizePostRoute = {
  ...authorizingByHeaders,
  method: 'POST',
  summary: 'Decide about a request to an internal API, asked with POST',
} as const satisfies Route;

export const authorizePathRoute = {
  ...authorizing,
  method: 'ANY',
  path: '/authorize/{path+}',
  summary: 'Decide about the request to an internal API that has this method and path (Envoy’s ext_authz)',
  headers: subjectHeaders,
} as const satisfies Route;

/** Where in a call an agent puts the approval that it was given (MCP 2025-06-18, `_meta`). */
export const APPROVAL_META = 'sallyport.example/approval';

/** A JSON-RPC 2.0 request for a tool of an MCP server, as the agent has sent it. */
const ToolCallMessage = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]),
  method: z.literal('tools/call'),
  params: z.object({
    name: z.string().min(1).max(256),
    arguments: z.record(z.string(), z.unknown()).default({}),
    _meta: z.record(z.string(), z.unknown()).optional(),
  }),
});

export const ToolCallBody = z
  .object({
    server: z.string().min(1).max(256).meta({ description: 'What the gateway calls the MCP server' }),
    subject: EvaluationBody.shape.subject.optional().meta({
      description: 'Whom an enforcement point asks about, as in an evaluation. Others ask about themselves.',
    }),
    context: EvaluationBody.shape.context,
    request: ToolCallMessage,
  })
  .meta({ id: 'ToolCall' });
export type ToolCallBody = z.infer<typeof ToolCallBody>;

export const ToolCallAnswer = EvaluationAnswer.extend({
  error: z
    .object({
      code: z.int(),
      message: z.string(),
      data: EvaluationAnswer.shape.context.extend({
        evaluated: EvaluationBody.pick({ subject: true, action: true, resource: true }).meta({
          description: 'The question that was denied: what a request for access is about',
        }),
      }),
    })
    .optional()
    .meta({ description: 'Of a denial: the JSON-RPC error that the gateway gives the agent' }),
}).meta({ id: 'ToolCallDecision' });
export type ToolCallAnswer = z.infer<typeof ToolCallAnswer>;

export const authorizeToolCallRoute = {
  method: 'POST',
  path: '/mcp/authorize',
  function: 'EnforceAccess',
  summary: 'Decide about the call of a tool for an MCP gateway',
  body: ToolCallBody,
  answers: {
    200: { description: 'The decision; a denial too', schema: ToolCallAnswer },
    ...problemAnswers(400, 401, 403, 413, 503),
  },
} as const satisfies Route;
