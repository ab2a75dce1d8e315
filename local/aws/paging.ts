import type { AwsError } from './service.ts';

/** One page of a list, and the token for the next one where there is more. Throws the error of a token that is none. */
export function pageOf<Item>(
  all: readonly Item[],
  { most, token, invalidToken }: { most: number; token: string | undefined; invalidToken: AwsError },
): { items: Item[]; next?: string } {
  const start = token === undefined ? 0 : offsetIn(token);
  if (start === undefined) throw invalidToken;
  const end = start + most;
  const items = all.slice(start, end);
  return end < all.length ? { items, next: Buffer.from(`offset:${end}`).toString('base64') } : { items };
}

function offsetIn(token: string): number | undefined {
  const offset = /^offset:(\d+)$/.exec(Buffer.from(token, 'base64').toString())?.[1];
  return offset === undefined ? undefined : Number(offset);
}
