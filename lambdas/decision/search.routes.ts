import * as z from 'zod';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { Action, Entity, Properties, requestIdHeader } from './authzen.routes.ts';

/** The entity that is searched for: whatever id it has is not looked at. */
const Searched = Entity.omit({ id: true });

/** AuthZEN Authorization API 1.0 §8.2: everything but the page stays the same from one page to the next. */
const PageRequest = z
  .object({
    token: z.string().max(1024).optional().meta({ description: '`page.next_token` of the page before' }),
    limit: z.int().min(1).optional().meta({ description: 'At most so many results; 100 at most anyway' }),
  })
  .optional();

export const SubjectSearchBody = z
  .object({ subject: Searched, action: Action, resource: Entity, context: Properties, page: PageRequest })
  .meta({ id: 'SubjectSearch' });
export type SubjectSearchBody = z.infer<typeof SubjectSearchBody>;

export const ResourceSearchBody = z
  .object({ subject: Entity, action: Action, resource: Searched, context: Properties, page: PageRequest })
  .meta({ id: 'ResourceSearch' });
export type ResourceSearchBody = z.infer<typeof ResourceSearchBody>;

export const ActionSearchBody = z
  .object({ subject: Entity, resource: Entity, context: Properties, page: PageRequest })
  .meta({ id: 'ActionSearch' });
export type ActionSearchBody = z.infer<typeof ActionSearchBody>;

const page = z.object({
  next_token: z.string().meta({ description: 'Of the next page; empty at the end' }),
});
const FoundEntities = z
  .object({ results: z.array(z.object({ type: z.string(), id: z.string() })), page })
  .meta({ id: 'EntitySearchResponse' });
const FoundActions = z
  .object({ results: z.array(z.object({ name: z.string() })), page })
  .meta({ id: 'ActionSearchResponse' });

const more = {
  method: 'POST',
  function: 'SearchAccess',
  headers: [requestIdHeader],
} as const;
const found = 'A page of those that an evaluation would permit; fewer than asked for, where more may follow';

export const searchSubjectsRoute = {
  ...more,
  path: '/access/v1/search/subject',
  summary: 'Who may do this (AuthZEN Authorization API 1.0)',
  body: SubjectSearchBody,
  answers: {
    200: { description: found, schema: FoundEntities },
    ...problemAnswers(400, 401, 403, 413, 503),
  },
} as const satisfies Route;

export const searchResourcesRoute = {
  ...more,
  path: '/access/v1/search/resource',
  summary: 'With what somebody may do this (AuthZEN Authorization API 1.0)',
  body: ResourceSearchBody,
  answers: {
    200: { description: found, schema: FoundEntities },
    ...problemAnswers(400, 401, 403, 413, 503),
  },
} as const satisfies Route;

export const searchActionsRoute = {
  ...more,
  path: '/access/v1/search/action',
  summary: 'What somebody may do with this (AuthZEN Authorization API 1.0)',
  body: ActionSearchBody,
  answers: {
    200: { description: found, schema: FoundActions },
    ...problemAnswers(400, 401, 403, 413, 503),
  },
} as const satisfies Route;
