import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type GrantIn, Receipt } from '../minting/grant.ts';
import type { Target } from '../platform/deployment.ts';
import type { EntityType } from '../platform/entity.ts';

const found = z.object({
  id: z.string(),
  target: z.string(),
  /** Its name at the target. */
  handle: z.string(),
  foundAtEpochSeconds: z.int(),
});

/** A credential that is live at a target and that no grant accounts for. */
export const Orphan = z.discriminatedUnion('status', [
  found.extend({ status: z.literal('found') }),
  found.extend({ status: z.literal('revoked'), receipt: Receipt }),
]);
export type Orphan = z.infer<typeof Orphan>;

export const orphanType: EntityType<typeof Orphan> = {
  kind: 'ORPHAN',
  schema: Orphan,
  listEntries: (orphan) =>
    orphan.status === 'found'
      ? [
          {
            kind: 'DUE',
            list: 'orphans',
            place: `${orphan.foundAtEpochSeconds}#${orphan.id}`,
            entityId: orphan.id,
          },
        ]
      : [],
};

/** The same credential at the same target is the same orphan, however often it is found. */
export function orphanId(target: Target, handle: string): string {
  return `orphan-${createHash('sha256').update(`${target.id}\0${handle}`).digest('hex').slice(0, 32)}`;
}

/** The grant whose handle it bears, or would if there were one. */
export function grantIdOf(handle: string): string {
  return handle.replace(/^sallyport-/, '');
}

/** A grant that nobody has decided, for a connector that ends what bears its handle. */
export function unrecordedGrant({ id, target, handle, foundAtEpochSeconds: at }: Orphan): GrantIn<'ending'> {
  const nobody = { kind: 'workload', id: 'nobody' } as const;
  return {
    id: grantIdOf(handle),
    status: 'ending',
    requestId: id,
    txn: id,
    principal: nobody,
    actors: [],
    session: id,
    ancestors: [],
    target,
    permissions: ['nothing'],
    durationSeconds: 1,
    createdAtEpochSeconds: at,
    activatedAtEpochSeconds: at,
    expiresAtEpochSeconds: at,
    credential: { status: 'prepared', handle },
    reason: 'revoked',
    endingSinceEpochSeconds: at,
  };
}
