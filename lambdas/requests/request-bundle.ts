import * as z from 'zod';
import { RequestedResource } from '../decision/requested-resource.ts';
import type { EntityType } from '../platform/entity.ts';
import { PartyReference } from '../verification/session.ts';
import { START_SECONDS, Submitted } from './access-request.ts';

/** One (resource, action) as it was asked for, and the request that decides it. */
const BundleItem = z.object({ resource: RequestedResource, action: z.string(), requestId: z.string() });
export type BundleItem = z.infer<typeof BundleItem>;

/**
 * Several requests that were asked for together (AuthZEN Access Request and Approval Profile, `items`). It is recorded
 * before them, with what is still to be recorded, so that a stop between two of them loses none and makes none twice.
 */
export const RequestBundle = z.object({
  id: z.string(),
  txn: z.string(),
  principal: PartyReference,
  actors: z.array(PartyReference),
  items: z.array(BundleItem).min(1),
  unrecorded: z.array(Submitted),
  createdAtEpochSeconds: z.int(),
  /** A party of it took it back; what was not recorded by then never is. */
  cancelledAtEpochSeconds: z.int().optional(),
});
export type RequestBundle = z.infer<typeof RequestBundle>;

export const requestBundleType: EntityType<typeof RequestBundle> = {
  kind: 'BUNDLE',
  schema: RequestBundle,
};

export function bundleId(unique: string): string {
  return `bundle-${unique}`;
}

export function isBundleId(taskId: string): boolean {
  return taskId.startsWith('bundle-');
}

/** The requests that its items are decided by, each once. */
export function requestIdsOf({ items }: RequestBundle): string[] {
  return [...new Set(items.map(({ requestId }) => requestId))];
}

/**
 * Whether what is not recorded yet may still be: whoever began it may be at work, or send the same again. Well before
 * those who look count it as failed (`isLost`), so that none of the two is wrong.
 */
export function canBeCompleted(bundle: RequestBundle, nowEpochSeconds: number): boolean {
  return (
    bundle.cancelledAtEpochSeconds === undefined &&
    nowEpochSeconds < bundle.createdAtEpochSeconds + START_SECONDS / 2
  );
}

/** Whether what is not recorded never will be: its submission stopped half-way, and nobody sent it again. */
export function isLost(bundle: RequestBundle, nowEpochSeconds: number): boolean {
  return nowEpochSeconds >= bundle.createdAtEpochSeconds + START_SECONDS;
}
