import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';

/**
 * Who bears a name that only one person may bear at a time. The transaction that gives it to somebody makes or changes
 * this item, so that two cannot have it.
 */
const UserName = z.object({
  /** In lower case: names that differ in nothing else are one (RFC 7643 §4.1.1). */
  id: z.string(),
  /** Nobody, once who bore it has another one or is gone. */
  bearer: z.string().optional(),
});

export const userNameType: EntityType<typeof UserName> = { kind: 'USER_NAME', schema: UserName };

export function userNameId(userName: string): string {
  return userName.toLowerCase();
}
