import { type Grant, grantType, isOver as isGrantOver } from '../minting/grant.ts';
import type { Clock } from '../platform/clock.port.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { partyDocument, timeDocument } from '../platform/documents.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { limitOf, type PageQuery } from '../platform/page.ts';
import type { PageCursors } from '../platform/page-cursor.port.ts';
import { forbidden, notFound } from '../platform/problem.ts';
import { type Caller, isInAny } from '../verification/caller.ts';
import { isLive, sessionType } from '../verification/session.ts';
import {
  ALL_REVOCATIONS,
  pageId,
  type Revocation,
  revocationPageType,
  revocationType,
} from './revocation.ts';
import type { ItemDocument } from './revocations.routes.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Pick<Ledger, 'read' | 'readAll' | 'list'>;
  readonly cursors: PageCursors;
  readonly clock: Clock;
}

function mayRead({ roles }: Deployment, caller: Caller): boolean {
  return isInAny(caller, [...roles.responders, ...roles.auditors]);
}

/** Containments, newest first, for responders and auditors. */
export function listRevocations({ deployment, ledger, cursors }: Dependencies) {
  return async (
    caller: Caller,
    query: PageQuery,
  ): Promise<{ revocations: readonly Revocation[]; cursor?: string }> => {
    if (!mayRead(deployment, caller))
      throw forbidden('not-a-responder', 'Responders and auditors read what was contained.');
    const list = { kind: 'REVOCATIONS', name: ALL_REVOCATIONS } as const;
    const page = await ledger.list(revocationType, list, {
      limit: limitOf(query),
      newestFirst: true,
      ...(query.cursor === undefined ? {} : { after: await cursors.open(query.cursor, list.kind) }),
    });
    return {
      revocations: page.items,
      ...(page.next === undefined ? {} : { cursor: await cursors.seal(page.next, list.kind) }),
    };
  };
}

/** How far the reading of items has got: the page, and the place in it. Secrets come before the first page. */
interface Place {
  readonly page: number;
  readonly item: number;
}

/** One containment with some of its items, each as it is at this moment. */
export function readRevocation({ deployment, ledger, cursors, clock }: Dependencies) {
  return async (
    caller: Caller,
    id: string,
    query: PageQuery,
  ): Promise<{ revocation: Revocation; items: readonly ItemDocument[]; cursor?: string }> => {
    const revocation = (await ledger.read(revocationType, id))?.entity;
    if (revocation === undefined || !mayRead(deployment, caller)) throw notFound('revocation');
    const list = `REVOCATION#${id}`;
    const from = query.cursor === undefined ? undefined : placeIn(await cursors.open(query.cursor, list));
    const secrets: ItemDocument[] =
      from === undefined
        ? revocation.secrets.map(({ id: secret, status, rotation }) => ({
            kind: 'secret',
            id: secret,
            status,
            ...(rotation === undefined ? {} : { rotation }),
          }))
        : [];
    const { items, next } = await itemsFrom(revocation, from ?? { page: 1, item: 0 }, limitOf(query));
    return {
      revocation,
      items: [...secrets, ...items],
      ...(next === undefined ? {} : { cursor: await cursors.seal(`${next.page}.${next.item}`, list) }),
    };
  };

  async function itemsFrom(
    revocation: Revocation,
    from: Place,
    limit: number,
  ): Promise<{ items: ItemDocument[]; next?: Place }> {
    const items: ItemDocument[] = [];
    let { page, item } = from;
    while (page <= revocation.pages) {
      if (items.length === limit) return { items, next: { page, item } };
      const found = (await ledger.read(revocationPageType, pageId(revocation.id, page)))?.entity;
      if (found === undefined) return { items };
      const ids = found.ids.slice(item, item + limit - items.length);
      items.push(...(found.kind === 'grant' ? await grants(revocation, ids) : await sessions(ids)));
      item += ids.length;
      if (item >= found.ids.length) {
        page += 1;
        item = 0;
      }
    }
    return { items };
  }

  async function grants({ dryRun }: Revocation, ids: readonly string[]): Promise<ItemDocument[]> {
    const found = await ledger.readAll(ids.map((id) => [grantType, id] as const));
    return found.flatMap((stored) => (stored === undefined ? [] : [grantItem(stored.entity, dryRun)]));
  }

  async function sessions(ids: readonly string[]): Promise<ItemDocument[]> {
    const now = epochSeconds(clock);
    const found = await ledger.readAll(ids.map((id) => [sessionType, id] as const));
    return found.flatMap((stored) =>
      stored === undefined
        ? []
        : [
            {
              kind: 'session',
              id: stored.entity.id,
              status: isLive(stored.entity, now) ? 'live' : 'ended',
              principal: partyDocument(stored.entity.principal),
            },
          ],
    );
  }
}

function grantItem(grant: Grant, dryRun: boolean): ItemDocument {
  const credential = 'credential' in grant ? grant.credential : undefined;
  const isDead = isGrantOver(grant) || credential?.status === 'revoked';
  return {
    kind: 'grant',
    id: grant.id,
    status: isDead ? 'dead' : dryRun ? 'live' : 'unconfirmed',
    principal: partyDocument(grant.principal),
    target: grant.target,
    ...(credential?.status === 'revoked'
      ? {
          receipt: {
            answer: credential.receipt.answer,
            how: credential.receipt.how,
            at: timeDocument(credential.receipt.probedAtEpochSeconds),
          },
        }
      : {}),
  };
}

function placeIn(cursor: string): Place {
  const [page = 1, item = 0] = cursor.split('.').map(Number);
  return { page, item };
}
