import * as z from 'zod';
import { timestamp } from '../platform/duration.ts';
import type { Stored } from '../platform/entity.ts';
import type { Group } from './group.ts';
import { groupSchema } from './scim-schemas.ts';
import { resourceOf, resourceUrl, ScimName, schemasWith, unlessNull, weakTag } from './scim-user.ts';

/** How many members one request names at the most; a body of 64 KiB has room for no more. */
const MOST_MEMBERS_SENT = 1000;

/** A group as an identity provider sends it. */
export const GroupBody = z
  .object({
    schemas: schemasWith(groupSchema.id),
    displayName: ScimName,
    externalId: unlessNull(ScimName),
    members: unlessNull(z.array(z.object({ value: ScimName })).max(MOST_MEMBERS_SENT)),
  })
  .meta({ id: 'ScimGroup' });
export type GroupBody = z.infer<typeof GroupBody>;

/** @throws Problem 400 `invalidValue` where what a PATCH has left is no group */
export function groupBodyOf(patched: object): GroupBody {
  return resourceOf(GroupBody, { ...patched, schemas: [groupSchema.id] });
}

/** Who is in a group: people, and groups. */
export interface Members {
  readonly people: readonly string[];
  readonly groups: readonly string[];
}

/** What a PATCH works on. @param members those that it names, or all */
export function groupAttributes({ displayName, externalId }: Group, { people, groups }: Members): object {
  const members = [...people, ...groups].map((value) => ({ value }));
  return {
    displayName,
    ...(externalId === undefined ? {} : { externalId }),
    ...(members.length === 0 ? {} : { members }),
  };
}

/**
 * @param members absent where the caller does not want them
 * @param base the address of the SCIM endpoints
 */
export function groupDocument(
  { entity: group, version }: Stored<Group>,
  members: Members | undefined,
  base: string,
): object {
  const { id, displayName, externalId, createdAtEpochMilliseconds, changedAtEpochMilliseconds } = group;
  const documents = [
    ...(members?.people ?? []).map((value) => memberDocument('User', value, base)),
    ...(members?.groups ?? []).map((value) => memberDocument('Group', value, base)),
  ];
  return {
    schemas: [groupSchema.id],
    id,
    displayName,
    ...(externalId === undefined ? {} : { externalId }),
    ...(documents.length === 0 ? {} : { members: documents }),
    meta: {
      resourceType: 'Group',
      created: timestamp(createdAtEpochMilliseconds),
      lastModified: timestamp(changedAtEpochMilliseconds),
      location: resourceUrl(base, 'Groups', id),
      version: weakTag(version),
    },
  };
}

function memberDocument(type: 'User' | 'Group', value: string, base: string): object {
  return { value, type, $ref: resourceUrl(base, type === 'User' ? 'Users' : 'Groups', value) };
}
