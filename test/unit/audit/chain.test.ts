import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appendEvent, type ChainHead, emptyChain, verifyChain } from '../../../lambdas/audit/chain.ts';
import type { AuditEvent, EventBody } from '../../../lambdas/audit/event.ts';

fc.configureGlobal({ seed: 20260105 });

const CHAIN = 'req-1';
const json = fc.jsonValue({ maxDepth: 2, stringUnit: 'grapheme' });
const anyBody = fc.record({
  type: fc.string(),
  at: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  txn: fc.string(),
  who: fc.oneof(
    fc.record({ service: fc.string() }),
    fc.record({
      principal: fc.record({ kind: fc.string(), id: fc.string() }),
      actors: fc.array(fc.record({ kind: fc.string(), id: fc.string() }), { maxLength: 2 }),
      channel: fc.constantFrom('web' as const, 'machine' as const),
      session: fc.string(),
      assurance: fc.record({ aal: fc.integer(), evidence: fc.array(fc.string(), { maxLength: 2 }) }),
    }),
  ),
  details: fc.dictionary(fc.string(), json, { maxKeys: 4 }),
}) as fc.Arbitrary<EventBody>;

function chainOf(bodies: readonly EventBody[]): AuditEvent[] {
  const events: AuditEvent[] = [];
  for (const body of bodies) {
    const head: ChainHead = events.at(-1) ?? emptyChain;
    events.push(appendEvent(CHAIN, head, body));
  }
  return events;
}

const anyChain = fc.array(anyBody, { minLength: 1, maxLength: 6 }).map(chainOf);
/** A chain and one of its places. */
const anyPlace = anyChain.chain((events) =>
  fc.record({ events: fc.constant(events), at: fc.nat(events.length - 1) }),
);

/** The first event that does not fit, if any: what an auditor is pointed to. */
const faultIn = (events: readonly AuditEvent[]) => {
  const verdict = verifyChain(CHAIN, events);
  return verdict.verified ? undefined : verdict.sequence;
};

/** The paths of every string, number, boolean and null in a value. */
function leaves(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, member]) => leaves(member, [...path, key]));
}

function changedAt(
  event: AuditEvent,
  path: readonly string[],
  change: (leaf: unknown) => unknown,
): AuditEvent {
  const copy = structuredClone(event);
  let owner = copy as unknown as Record<string, unknown>;
  for (const key of path.slice(0, -1)) owner = owner[key] as Record<string, unknown>;
  const last = path.at(-1) ?? '';
  owner[last] = change(owner[last]);
  return copy;
}

const somethingElse = (leaf: unknown) => {
  if (typeof leaf === 'string') return `${leaf}!`;
  if (typeof leaf === 'number') return leaf + (Math.abs(leaf) > 2 ** 50 ? leaf : 1) || 7;
  return leaf !== true;
};

describe('a chain as it was written', () => {
  test('verifies', () => {
    fc.assert(
      fc.property(anyChain, (events) => {
        expect(verifyChain(CHAIN, events)).toEqual({ verified: true, events: events.length });
      }),
    );
  });

  test('verifies whatever the order of the members in its JSON', () => {
    fc.assert(
      fc.property(anyChain, (events) => {
        const turned = events.map(
          (event) => Object.fromEntries(Object.entries(event).reverse()) as AuditEvent,
        );
        expect(faultIn(turned)).toBeUndefined();
      }),
    );
  });

  test('numbers its events from 1 and begins after 64 zeros', () => {
    const [first] = chainOf([{ type: 't', at: '', txn: '', who: { service: 's' }, details: {} }]);
    expect(first).toMatchObject({ sequence: 1, previous_hash: '0'.repeat(64), chain: CHAIN });
  });
});

describe('is found, and the first event that does not fit is named:', () => {
  test('any value that was changed', () => {
    fc.assert(
      fc.property(
        anyPlace.chain(({ events, at }) =>
          fc.record({
            events: fc.constant(events),
            at: fc.constant(at),
            path: fc.constantFrom(...leaves(events[at])),
          }),
        ),
        ({ events, at, path }) => {
          const tampered = events.map((event, index) =>
            index === at ? changedAt(event, path, somethingElse) : event,
          );
          expect(faultIn(tampered)).toBe(at + 1);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a changed value whose hash was made anew, at the event after it', () => {
    fc.assert(
      fc.property(anyPlace, ({ events, at }) => {
        fc.pre(at < events.length - 1);
        const tampered = events.map((event, index) => {
          if (index !== at) return event;
          const { hash: _, chain: __, sequence, previous_hash, ...body } = event;
          return appendEvent(
            CHAIN,
            { sequence: sequence - 1, hash: previous_hash },
            { ...body, type: `${body.type}!` },
          );
        });
        expect(faultIn(tampered)).toBe(at + 2);
      }),
    );
  });

  test('a member that was added', () => {
    fc.assert(
      fc.property(anyPlace, ({ events, at }) => {
        const tampered = events.map((event, index) =>
          index === at ? { ...event, note: 'innocent' } : event,
        );
        expect(faultIn(tampered)).toBe(at + 1);
      }),
    );
  });

  test('a member that was removed', () => {
    fc.assert(
      fc.property(
        anyPlace,
        fc.constantFrom('type', 'at', 'txn', 'who', 'details', 'chain', 'sequence', 'previous_hash', 'hash'),
        ({ events, at }, member) => {
          const tampered = events.map((event, index) => {
            if (index !== at) return event;
            const { [member as keyof AuditEvent]: _, ...rest } = event;
            return rest as AuditEvent;
          });
          expect(faultIn(tampered)).toBe(at + 1);
        },
      ),
    );
  });

  test('an event that was removed, unless it was the last', () => {
    fc.assert(
      fc.property(anyPlace, ({ events, at }) => {
        fc.pre(at < events.length - 1);
        expect(faultIn(events.toSpliced(at, 1))).toBe(at + 1);
      }),
    );
  });

  test('two events that were swapped', () => {
    fc.assert(
      fc.property(anyPlace, fc.nat(), ({ events, at }, seed) => {
        const other = seed % events.length;
        fc.pre(other !== at);
        const swapped = [...events];
        [swapped[at], swapped[other]] = [swapped[other] as AuditEvent, swapped[at] as AuditEvent];
        expect(faultIn(swapped)).toBe(Math.min(at, other) + 1);
      }),
    );
  });

  test('an event that was put in, also one with a right hash of its own', () => {
    fc.assert(
      fc.property(anyPlace, anyBody, ({ events, at }, body) => {
        const before = events[at - 1] ?? emptyChain;
        const forged = appendEvent(CHAIN, before, body);
        expect(faultIn(events.toSpliced(at, 0, forged))).toBe(at + 2);
      }),
    );
  });

  test('an event that comes twice', () => {
    fc.assert(
      fc.property(anyPlace, ({ events, at }) => {
        expect(faultIn(events.toSpliced(at, 0, events[at] as AuditEvent))).toBe(at + 2);
      }),
    );
  });

  test('a chain that is passed off as another', () => {
    fc.assert(
      fc.property(anyChain, (events) => {
        expect(verifyChain('req-2', events)).toMatchObject({ verified: false, sequence: 1 });
      }),
    );
  });

  test('a chain without events', () => {
    expect(faultIn([])).toBe(1);
  });
});

test('a missing tail is not found: the last hash must be kept elsewhere', () => {
  fc.assert(
    fc.property(anyPlace, ({ events, at }) => {
      expect(faultIn(events.slice(0, at + 1))).toBeUndefined();
    }),
  );
});
