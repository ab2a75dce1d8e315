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
  const start = nextToken === undefined ? 0 : offsetIn(nextToken);
  const end = start + (maxResults || DEFAULT_PAGE);
  const items = all.slice(start, end);
  return end < all.length ? { items, nextToken: Buffer.from(`offset:${end}`).toString('base64') } : { items };
}

function offsetIn(token: string): number {
  const offset = /^offset:(\d+)$/.exec(Buffer.from(token, 'base64').toString())?.[1];
  if (offset === undefined) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
  return Number(offset);
}
