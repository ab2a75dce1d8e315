import * as z from 'zod';
import { timestamp } from './duration.ts';

/** What people write for people. Without lone surrogates, which have no canonical JSON (RFC 8785 §3.2.2.2). */
export function proseUpTo(mostCharacters: number) {
  return z
    .string()
    .trim()
    .max(mostCharacters)
    .refine((text) => text.isWellFormed(), { message: 'must be well-formed Unicode' });
}

/** RFC 3339, as answers of the API write times. */
export const Timestamp = z.iso.datetime();

/** A principal as answers of the API name it: AuthZEN's type and id. */
export const PartyDocument = z.object({ type: z.string(), id: z.string() });

export function partyDocument({ kind, id }: { readonly kind: string; readonly id: string }) {
  return { type: kind, id };
}

/** A stored time as answers of the API write it. */
export function timeDocument(epochSeconds: number): string {
  return timestamp(epochSeconds * 1000);
}
