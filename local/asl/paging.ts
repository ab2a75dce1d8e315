import { pageOf as pageOfAny } from '../aws/paging.ts';
import { AwsError } from '../aws/service.ts';

export interface Page {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

const DEFAULT_PAGE = 100;

/** One page of a list, and the token for the next one where there is more. A `maxResults` of 0 is the default. */
export function pageOf<T>(
  all: readonly T[],
  { maxResults, nextToken }: Page,
): { items: T[]; nextToken?: string } {
  const { items, next } = pageOfAny(all, {
    most: maxResults || DEFAULT_PAGE,
    token: nextToken,
    invalidToken: new AwsError('InvalidToken', "Invalid Token: 'Invalid token'"),
  });
  return next === undefined ? { items } : { items, nextToken: next };
}
