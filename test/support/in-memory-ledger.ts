import type * as z from 'zod';
import { appendEvent, type EventReference, emptyChain, referenceToEvent } from '../../lambdas/audit/chain.ts';
import type { AuditEvent } from '../../lambdas/audit/event.ts';
import type { Change, EntityType, ItemKind, ListEntry, Stored } from '../../lambdas/platform/entity.ts';
import { BrokenInvariant, StateConflict } from '../../lambdas/platform/failures.ts';
import type { Found, Ledger } from '../../lambdas/platform/ledger.port.ts';

export interface InMemoryLedger extends Ledger {
  /** Puts an entity as if it had always been there, at version 1, with its list entries and without an event. */
  seed<Schema extends z.ZodType<{ id: string }>>(type: EntityType<Schema>, entity: z.infer<Schema>): void;
  /** Every entity by `KIND#id`, without its version: what is true of the world. */
  entities(): Record<string, unknown>;
  chain(id: string): readonly AuditEvent[];
  /** How many transitions have been committed. */
  readonly commits: number;
}

interface Item {
  readonly version: number;
  readonly entity: { readonly id: string };
  readonly toldBy: EventReference;
}

/** The ledger's port in memory: versions, one event a transition, lists that change with their entities. */
export function inMemoryLedger(): InMemoryLedger {
  const items = new Map<string, Item>();
  const lists = new Map<string, Map<string, string>>();
  const chains = new Map<string, AuditEvent[]>();
  const openings = new Map<string, { place: string; chain: string }[]>();
  let commits = 0;

  const keyOf = (kind: ItemKind, id: string) => `${kind}#${id}`;
  const partition = ({ kind, list }: Pick<ListEntry, 'kind' | 'list'>) => {
    const found = lists.get(`${kind}#${list}`) ?? new Map<string, string>();
    lists.set(`${kind}#${list}`, found);
    return found;
  };

  function put(
    type: EntityType,
    entity: { readonly id: string },
    version: number,
    toldBy: EventReference,
  ): void {
    const key = keyOf(type.kind, entity.id);
    const before = items.get(key);
    for (const entry of before === undefined ? [] : (type.listEntries?.(before.entity) ?? [])) {
      partition(entry).delete(entry.place);
    }
    for (const entry of type.listEntries?.(entity) ?? []) partition(entry).set(entry.place, entry.entityId);
    items.set(key, {
      version,
      entity: structuredClone(type.schema.parse(entity)),
      toldBy,
    });
  }

  function stands({ type, entity, replaces }: Change): boolean {
    return items.get(keyOf(type.kind, entity.id))?.version === replaces?.version;
  }

  const ledger: InMemoryLedger = {
    get commits() {
      return commits;
    },
    seed(type, entity) {
      put(type as unknown as EntityType, entity, 1, { chain: 'seed', ...emptyChain });
    },
    entities: () =>
      structuredClone(Object.fromEntries([...items].sort().map(([key, { entity }]) => [key, entity]))),
    chain: (id) => chains.get(id) ?? [],

    async read(type, id) {
      const item = items.get(keyOf(type.kind, id));
      return item === undefined ? undefined : stored(type, item);
    },
    async readAll(wanted) {
      return wanted.map(([type, id]) => {
        const item = items.get(keyOf(type.kind, id));
        return item === undefined ? undefined : stored(type, item);
      }) as Found<typeof wanted>;
    },
    async list(type, { kind, name }, { limit, after, newestFirst = false }) {
      const entries = [...partition({ kind, list: name })].sort(([a], [b]) => (a < b ? -1 : 1));
      if (newestFirst) entries.reverse();
      const rest = entries.filter(
        ([place]) => after === undefined || (newestFirst ? place < after : place > after),
      );
      const page = rest.slice(0, limit);
      const found = await ledger.readAll(page.map(([, id]) => [type, id] as const));
      const next = page.length === limit ? page.at(-1)?.[0] : undefined;
      return {
        items: found.flatMap((one) => one?.entity ?? []),
        ...(next === undefined ? {} : { next }),
      };
    },
    async commit({ chain, opens, event, changes }) {
      const events = chains.get(chain) ?? [];
      if (!changes.every(stands) || (opens === true && events.length > 0)) {
        throw new StateConflict(`Case ${chain} has changed since it was read`);
      }
      const appended = appendEvent(chain, events.at(-1) ?? emptyChain, structuredClone(event));
      for (const { type, entity, replaces } of changes)
        put(type, entity, (replaces?.version ?? 0) + 1, referenceToEvent(appended));
      chains.set(chain, [...events, appended]);
      if (opens === true) {
        const place = `${event.at}#${chain}`;
        openings.set(event.txn, [...(openings.get(event.txn) ?? []), { place, chain }]);
      }
      commits += 1;
      return referenceToEvent(appended);
    },
    async events(chain, { limit, after = 0 }) {
      return (chains.get(chain) ?? []).filter(({ sequence }) => sequence > after).slice(0, limit);
    },
    async chainsOf(txn) {
      const opened = [...(openings.get(txn) ?? [])].sort((a, b) => (a.place < b.place ? -1 : 1));
      return opened.map(({ chain }) => chain).slice(0, 100);
    },
  };
  return ledger;
}

function stored<Schema extends z.ZodType<{ id: string }>>(
  type: EntityType<Schema>,
  { entity, version, toldBy }: Item,
): Stored<z.infer<Schema>> {
  const parsed = type.schema.safeParse(structuredClone(entity));
  if (!parsed.success) throw new BrokenInvariant(`A stored ${type.kind} does not have its shape`);
  return { entity: parsed.data, version, toldBy };
}
