import * as z from 'zod';
import type { RouteAnswer } from './route.ts';

/** problem+json (RFC 9457). */
export const ProblemDocument = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

const descriptions = {
  400: 'The request is not valid; nothing was changed',
  401: 'No token, a token that is not accepted, or stronger authentication is needed',
  403: 'Refused',
  404: 'There is no such thing, or the caller may not see it',
  409: 'The state does not allow this; nothing was changed',
  410: 'It is over, and no longer shown or accepted',
  413: 'The body is too large',
  429: 'Too many attempts; `Retry-After` says when the next one counts',
  503: 'A service did not answer; try the same again',
} as const;

/** The refusals of a route, by status, for its description. */
export function problemAnswers(...statuses: (keyof typeof descriptions)[]): Record<number, RouteAnswer> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: descriptions[status], schema: ProblemDocument, contentType: 'application/problem+json' },
    ]),
  );
}
