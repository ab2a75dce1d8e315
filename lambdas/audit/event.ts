import * as z from 'zod';
import { Channel } from '../platform/channel.ts';

/** A principal as the audit names it. */
const Party = z.object({ kind: z.string(), id: z.string() });

/** Who did what an event tells: a caller, as its credential proved, or a step of the system itself. */
export const Who = z.union([
  z.object({
    principal: Party,
    /** The actor chain, nearest first (RFC 8693 §4.1). */
    actors: z.array(Party),
    channel: Channel,
    session: z.string(),
    /** The assurance that counted, and the evidence that it rests on. */
    assurance: z.object({ aal: z.number(), evidence: z.array(z.string()) }),
  }),
  z.object({ service: z.string() }),
]);
export type Who = z.infer<typeof Who>;

/** What a transition says of itself; the chain adds its place and its hashes. */
export const EventBody = z.object({
  type: z.string(),
  /** RFC 3339, UTC, milliseconds. */
  at: z.iso.datetime(),
  /** Correlates the chains that one undertaking touches. */
  txn: z.string(),
  who: Who,
  details: z.record(z.string(), z.json()),
});
export type EventBody = z.infer<typeof EventBody>;

/** One event of a chain. */
export const AuditEvent = EventBody.extend({
  chain: z.string(),
  /** From 1, without gaps. */
  sequence: z.int().positive(),
  /** The hash of the event before; of the first, 64 zeros. */
  previous_hash: z.string(),
  /** SHA-256, hex, over the RFC 8785 canonical form of all the other members. */
  hash: z.string(),
});
export type AuditEvent = z.infer<typeof AuditEvent>;
