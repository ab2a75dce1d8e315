import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';
import { knownAs } from '../verification/principal.ts';

/** The list of all groups. */
export const ALL_GROUPS = 'all';

/**
 * A group. Who is in it is written at the people, where decisions read it; what is still to be written there stands here
 * first, so that who takes over knows what was meant.
 */
export const Group = z.object({
  id: z.string(),
  displayName: z.string(),
  externalId: z.string().optional(),
  /** A deleted one is kept, so that its id can be given again and its chain goes on. */
  status: z.enum(['present', 'deleted']),
  /** Who is still to be let in, or put out. */
  pending: z.object({ joining: z.array(z.string()), leaving: z.array(z.string()) }),
  createdAtEpochMilliseconds: z.int(),
  changedAtEpochMilliseconds: z.int(),
});
export type Group = z.infer<typeof Group>;

export const nothingPending: Group['pending'] = { joining: [], leaving: [] };

export const groupType: EntityType<typeof Group> = {
  kind: 'GROUP',
  schema: Group,
  listEntries: ({ id, displayName, externalId, status }) => {
    const names = [
      knownAs.groupNamed(displayName),
      ...(externalId === undefined ? [] : [knownAs.group(externalId)]),
    ];
    if (status === 'deleted') return [];
    return [
      { kind: 'GROUPS', list: ALL_GROUPS, place: id, entityId: id },
      ...names.map((list) => ({ kind: 'KNOWN_AS' as const, list, place: id, entityId: id })),
    ];
  },
};
