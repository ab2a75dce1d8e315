import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { AuditEvent, EventBody } from './event.ts';

/** Where a chain ends: what the next event is appended to. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

/** One event, named so that it can be found and recognised. */
export interface EventReference extends ChainHead {
  readonly chain: string;
}

export function referenceToEvent({ chain, sequence, hash }: AuditEvent): EventReference {
  return { chain, sequence, hash };
}

/** The head of a chain that has no event yet. */
export const emptyChain: ChainHead = { sequence: 0, hash: '0'.repeat(64) };

/** The event that follows `head`. */
export function appendEvent(chain: string, head: ChainHead, body: EventBody): AuditEvent {
  const event = { ...body, chain, sequence: head.sequence + 1, previous_hash: head.hash };
  return { ...event, hash: eventHash(event) };
}

/** What a check of a chain found; `sequence` is the place of the first event that does not fit. */
export type ChainVerdict =
  | { readonly verified: true; readonly events: number }
  | { readonly verified: false; readonly sequence: number; readonly reason: string };

/**
 * Checks a chain with nothing but its events, in their order. What it cannot see is events missing at the
 * end: compare the last hash with one that was kept elsewhere.
 */
export function verifyChain(chain: string, events: readonly AuditEvent[]): ChainVerdict {
  let head = emptyChain;
  for (const event of events) {
    const { hash, ...rest } = event;
    const expected = head.sequence + 1;
    const doesNotFit = (reason: string): ChainVerdict => ({ verified: false, sequence: expected, reason });
    if (event.sequence !== expected) return doesNotFit(`expected event ${expected}, found ${event.sequence}`);
    if (event.chain !== chain) return doesNotFit(`it belongs to chain ${event.chain}`);
    if (event.previous_hash !== head.hash) return doesNotFit('it does not follow the event before it');
    if (eventHash(rest) !== hash) return doesNotFit('its content does not have its hash');
    head = { sequence: event.sequence, hash };
  }
  if (events.length === 0) return { verified: false, sequence: 1, reason: 'the chain has no event' };
  return { verified: true, events: events.length };
}

/** SHA-256 over the JSON Canonicalization Scheme (RFC 8785). */
function eventHash(event: Omit<AuditEvent, 'hash'>): string {
  const canonical = canonicalize(event);
  if (canonical === undefined) throw new TypeError('An event is JSON');
  return createHash('sha256').update(canonical).digest('hex');
}
