import { conflict } from '../../platform/problem.ts';
import type { Grant } from '../grant.ts';

/**
 * What stands at the target for each permission of a grant.
 * @throws Problem where the deployment has changed, and the target has lost one
 */
export function meaningsOf<Meaning>(
  { permissions }: Pick<Grant, 'permissions'>,
  target: { readonly permissions: Readonly<Record<string, Meaning>> },
): Meaning[] {
  return permissions.map((name) => {
    const meaning = Object.hasOwn(target.permissions, name) ? target.permissions[name] : undefined;
    if (meaning === undefined)
      throw conflict(
        'not-at-target',
        `The target knows no permission ${name} any more; give the grant back and ask anew.`,
      );
    return meaning;
  });
}
