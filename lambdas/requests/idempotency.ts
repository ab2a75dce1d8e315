import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';
import type { Caller } from '../verification/caller.ts';

/** What a caller's Idempotency-Key stood for the first time it came. */
const Idempotency = z.object({
  id: z.string(),
  bodyHash: z.string(),
  requestId: z.string(),
  expiresAtEpochSeconds: z.int(),
});

export type Idempotency = z.infer<typeof Idempotency>;

export const idempotencyType: EntityType<typeof Idempotency> = {
  kind: 'IDEMPOTENCY',
  schema: Idempotency,
  collectAtEpochSeconds: ({ expiresAtEpochSeconds }) => expiresAtEpochSeconds,
};

/** Keys are the caller's own: the same key of another principal, or through another actor, is another key. */
export function idempotencyId(caller: Caller, key: string): string {
  const parties = [caller.principal.id, ...caller.actors.map(({ id }) => id)];
  return createHash('sha256')
    .update(JSON.stringify([parties, key]))
    .digest('hex');
}
