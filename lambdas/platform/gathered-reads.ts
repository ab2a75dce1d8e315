import type * as z from 'zod';
import type { EntityType, Stored } from './entity.ts';
import type { Ledger, Reference } from './ledger.port.ts';

/** The reads of a ledger that need a key. */
type Reads = Pick<Ledger, 'read' | 'readAll'>;
type Found = Stored<{ readonly id: string }> | undefined;

/**
 * Reads for many who ask side by side, as one: what they want in the same turn is one call, and what one of them has
 * read the others have too. So what is asked about many costs as many calls as what is asked about one. It lives as
 * long as one request: what changes meanwhile, none of them sees.
 */
export function gatheredReads(ledger: Pick<Ledger, 'readAll'>): Reads {
  const known = new Map<string, Promise<Found>>();
  let gathering: { readonly wanted: Reference[]; readonly found: Promise<readonly Found[]> } | undefined;

  function gather() {
    const wanted: Reference[] = [];
    const found = endOfTurn().then(() => {
      gathering = undefined;
      return ledger.readAll(wanted);
    });
    return { wanted, found };
  }

  function readOnce(reference: Reference): Promise<Found> {
    const [{ kind }, id] = reference;
    const key = `${kind}#${id}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    gathering ??= gather();
    const place = gathering.wanted.push(reference) - 1;
    const found = gathering.found.then((all) => all[place]);
    known.set(key, found);
    return found;
  }

  return {
    async read<Schema extends z.ZodType<{ id: string }>>(type: EntityType<Schema>, id: string) {
      return (await readOnce([type as unknown as EntityType, id])) as Stored<z.infer<Schema>> | undefined;
    },
    readAll: (async (wanted: readonly Reference[]) => Promise.all(wanted.map(readOnce))) as Reads['readAll'],
  };
}

/** When everything that runs already has come to wait for something. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
