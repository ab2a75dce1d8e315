import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';

/** A document that is kept in parts, under what it is: who has read it all has read the right one. */
export const ContentReference = z.object({
  /** SHA-256 of the document as JSON, hex. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  parts: z.int().positive(),
});
export type ContentReference = z.infer<typeof ContentReference>;

/** A part of a document. It is made once, and neither changed nor deleted. */
const PolicyPart = z.object({ id: z.string(), base64: z.string() });
export type PolicyPart = z.infer<typeof PolicyPart>;

export const policyPartType: EntityType<typeof PolicyPart> = { kind: 'POLICY_PART', schema: PolicyPart };

/** An item holds 400 KB (DynamoDB quotas): less than that, with what stands beside it. */
const MOST_PART_CHARACTERS = 380_000;
/** Whatever is stored was let in at an HTTP API that takes less; more than this is not what was stored. */
const MOST_DOCUMENT_BYTES = 64 * 1024 * 1024;

export interface PackedContent {
  readonly reference: ContentReference;
  readonly parts: readonly PolicyPart[];
}

/** A document in parts, each of which fits into an item. The same document gives the same digest. */
export function packed(document: unknown): PackedContent {
  const json = JSON.stringify(document);
  const digest = sha256(json);
  const base64 = gzipSync(json).toString('base64');
  const parts: PolicyPart[] = [];
  for (let from = 0; from < base64.length; from += MOST_PART_CHARACTERS)
    parts.push({ id: partId(digest, parts.length), base64: base64.slice(from, from + MOST_PART_CHARACTERS) });
  return { reference: { digest, parts: parts.length }, parts };
}

/**
 * The document that was packed.
 * @throws BrokenInvariant where a part is missing or is not what it was
 * @throws DependencyUnavailable
 */
export async function readContent(
  ledger: Pick<Ledger, 'readAll'>,
  { digest, parts }: ContentReference,
): Promise<unknown> {
  const found = await ledger.readAll(
    Array.from({ length: parts }, (_, index) => [policyPartType, partId(digest, index)] as const),
  );
  const base64 = found.map((part) => part?.entity.base64 ?? '').join('');
  const json = unzipped(base64);
  if (json === undefined || sha256(json) !== digest)
    throw new BrokenInvariant('The parts of a policy set are not what was stored');
  return JSON.parse(json);
}

/** The id of one part of a document: the first is there exactly if all are. */
export function partId(digest: string, index: number): string {
  return `${digest}.${index}`;
}

function unzipped(base64: string): string | undefined {
  try {
    return gunzipSync(Buffer.from(base64, 'base64'), { maxOutputLength: MOST_DOCUMENT_BYTES }).toString();
  } catch {
    return undefined;
  }
}

/** What a document's parts would be named by. */
export function digestOf(document: unknown): string {
  return sha256(JSON.stringify(document));
}

function sha256(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}
