import type { Ledger } from '../platform/ledger.port.ts';
import { limitOf, type PageQuery } from '../platform/page.ts';
import type { PageCursors } from '../platform/page-cursor.port.ts';
import { notFound } from '../platform/problem.ts';
import { type Caller, isParty } from '../verification/caller.ts';
import { type Grant, grantType } from './grant.ts';

interface Dependencies {
  readonly ledger: Pick<Ledger, 'read' | 'list'>;
  readonly cursors: PageCursors;
}

/** The grants of which the caller is the principal or acts in, newest first. */
export function listGrants({ ledger, cursors }: Dependencies) {
  return async (caller: Caller, query: PageQuery): Promise<{ grants: readonly Grant[]; cursor?: string }> => {
    const name = caller.principal.id;
    const list = `GRANTS_OF#${name}`;
    const page = await ledger.list(
      grantType,
      { kind: 'GRANTS_OF', name },
      {
        limit: limitOf(query),
        newestFirst: true,
        ...(query.cursor === undefined ? {} : { after: await cursors.open(query.cursor, list) }),
      },
    );
    return {
      // Whoever acts for somebody sees the grants that it has a part in.
      grants: page.items.filter((grant) => isParty(caller, grant)),
      ...(page.next === undefined ? {} : { cursor: await cursors.seal(page.next, list) }),
    };
  };
}

/** One grant, for its parties. */
export function readGrant({ ledger }: Pick<Dependencies, 'ledger'>) {
  return async (caller: Caller, id: string): Promise<Grant> => {
    const stored = await ledger.read(grantType, id);
    if (stored === undefined || !isParty(caller, stored.entity)) throw notFound('grant');
    return stored.entity;
  };
}
