import type { Channel } from '../platform/channel.ts';
import type { AssuranceRules } from './assurance-rules.ts';
import type { Aal, Evidence } from './evidence.ts';

/** A session's presence in a channel, as far as it decides what counts there. */
export interface Passage {
  readonly channel: Channel;
  /** Who acts there for the principal. */
  readonly actors: readonly { readonly id: string }[];
  /** How it came there from another channel; absent where the session was opened. */
  readonly handedOver?:
    | {
        readonly from: Channel;
        /** What the one who took it over proved besides having the code. */
        readonly boundBy: 'code' | 'key' | 'authenticator';
        readonly atEpochSeconds: number;
      }
    | undefined;
}

/** The same parties in the same channel: whoever comes there later takes the place of who was there before. */
export type Seat = Pick<Passage, 'channel' | 'actors'>;

/** A seat, or a channel: for whoever came there last. */
export type Place = Channel | Seat;

/** The highest level that a piece of evidence may give in a place, undefined where it does not count there. */
export type Reach = (evidence: Evidence) => Aal | undefined;

const ALL: Aal = 3;
const NOTHING = -1;

/**
 * How far evidence reaches into `place`. It counts in full where it was observed, and elsewhere as far as
 * handoffs have carried it: each takes along what its origin had by then, up to the cap of its two channels,
 * and up to that of a bare code where nothing else was proven.
 *
 * Who comes into a channel does not thereby own what was observed there before: of that, too, they have what
 * was carried. Otherwise whoever got hold of a code would only need to come back by a round trip.
 *
 * One pass over the presences for each piece of evidence, whatever chains and cycles they form.
 */
export function reachInto(place: Place, presences: readonly Passage[], { handoffs }: AssuranceRules): Reach {
  const channel = typeof place === 'string' ? place : place.channel;
  const seat = typeof place === 'string' ? undefined : seatKey(place);
  const target = presences.findLastIndex((presence) =>
    seat === undefined ? presence.channel === channel : seatKey(presence) === seat,
  );
  // Where nobody is present, what was observed there counts, and nothing was carried there.
  if (target === -1) return (evidence) => (evidence.channel === channel ? ALL : undefined);
  const lastBySeat = new Map<string, number>();
  const passages = presences.slice(0, target + 1).map((presence, index) => {
    const origins = [...lastBySeat.values()].filter(
      (origin) => presences[origin]?.channel === presence.handedOver?.from,
    );
    lastBySeat.set(seatKey(presence), index);
    return {
      channel: presence.channel,
      // Whoever opened the session has what was observed there from the first on.
      since: presence.handedOver?.atEpochSeconds ?? Number.NEGATIVE_INFINITY,
      cap: capOf(presence, handoffs),
      actors: presence.actors.map(({ id }) => id).join(),
      // A handoff tells its channel and not who was there: it is taken to come from whoever there has the least.
      origins,
    };
  });
  const reached = passages.map(() => NOTHING);
  return (evidence) => {
    const recordedAt = evidence.recordedAtEpochSeconds ?? evidence.observedAtEpochSeconds;
    passages.forEach(({ channel: at, since, cap, actors, origins }, index) => {
      const beside = evidence.givenBeside?.join();
      // In the second in which they came, only what says so is theirs: it may have been there just before them.
      const isTheirs = beside === undefined ? recordedAt > since : beside === actors && recordedAt >= since;
      const isItsOwn = evidence.channel === at && isTheirs;
      const isCarried = recordedAt <= since;
      reached[index] = isItsOwn ? ALL : isCarried ? carried(origins, cap, reached) : NOTHING;
    });
    const reach = reached[target] ?? NOTHING;
    return reach === NOTHING ? undefined : (reach as Aal);
  };
}

type Handoffs = AssuranceRules['handoffs'];

function capOf({ channel, handedOver }: Passage, { caps, byCodeAlone }: Handoffs): number {
  if (handedOver === undefined) return NOTHING;
  const between = caps[handedOver.from]?.[channel] ?? NOTHING;
  return handedOver.boundBy === 'code' ? Math.min(between, byCodeAlone) : between;
}

function carried(origins: readonly number[], cap: number, reached: readonly number[]): number {
  let least = origins.length === 0 ? NOTHING : cap;
  for (const origin of origins) least = Math.min(least, reached[origin] ?? NOTHING);
  return least;
}

function seatKey({ channel, actors }: Seat): string {
  return JSON.stringify([channel, ...actors.map(({ id }) => id)]);
}
