import type { Deployment } from '../platform/deployment.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { notFound } from '../platform/problem.ts';
import { type Caller, isInAny, isParty } from '../verification/caller.ts';
import type { AuditEvent } from './event.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Pick<Ledger, 'events' | 'chainsOf'>;
}

/** Longer than any case that one request makes; a longer chain is read page by page. */
const MOST_EVENTS = 200;

/** The events of one chain, for auditors and for those who did something in it. */
export function readChain({ deployment, ledger }: Dependencies) {
  return async (
    caller: Caller,
    chain: string,
    page: { readonly limit?: number; readonly after?: number },
  ): Promise<{ events: readonly AuditEvent[]; next?: number }> => {
    const limit = Math.min(page.limit ?? MOST_EVENTS, MOST_EVENTS);
    const events = await ledger.events(chain, { limit, after: page.after ?? 0 });
    // Whether one may read does not depend on the page that one asks for.
    const isWhole = page.after === undefined && limit === MOST_EVENTS;
    const opening = isWhole ? events : await ledger.events(chain, { limit: MOST_EVENTS });
    if (opening.length === 0 || !mayRead(deployment, caller, opening)) throw notFound('audit chain');
    const last = events.at(-1);
    return { events, ...(events.length === limit && last !== undefined ? { next: last.sequence } : {}) };
  };
}

/**
 * The events of the chains of one `txn` that the caller may read, the first 100 of them; of a chain that is longer
 * than a page the first page, and its name among the incomplete.
 */
export function readUndertaking({ deployment, ledger }: Dependencies) {
  return async (
    caller: Caller,
    txn: string,
  ): Promise<{ events: readonly AuditEvent[]; incomplete: readonly string[] }> => {
    const chains = await ledger.chainsOf(txn);
    const found = await Promise.all(chains.map((chain) => ledger.events(chain, { limit: MOST_EVENTS })));
    const readable = found.filter((chain) => mayRead(deployment, caller, chain));
    const cut = readable.filter(({ length }) => length === MOST_EVENTS);
    return { events: readable.flat(), incomplete: cut.flatMap(([first]) => first?.chain ?? []) };
  };
}

function mayRead(deployment: Deployment, caller: Caller, events: readonly AuditEvent[]): boolean {
  if (isInAny(caller, deployment.roles.auditors)) return true;
  return events.some(({ who }) => 'principal' in who && isParty(caller, who));
}
