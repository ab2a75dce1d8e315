import { expect } from 'vitest';
import type { ApiClient } from '../../demo/api-client.ts';

const MOST_PAGES = 1000;

/** What is on each page of a list, following the cursors to the end. */
export async function pagesOf(
  client: ApiClient,
  path: string,
  member: 'grants' | 'approvals' | 'events',
  limit: number,
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the documents
): Promise<any[][]> {
  const pages = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor !== undefined && { cursor }) });
    const { status, body } = await client.get(`${path}${path.includes('?') ? '&' : '?'}${query}`);
    expect(status).toBe(200);
    pages.push(body[member]);
    cursor = body.cursor;
  } while (cursor !== undefined && pages.length < MOST_PAGES);
  return pages;
}
