import type { Json, JsonObject } from '../aws/service.ts';

export type { Json, JsonObject };

/** The most that an input, an output or a variable may hold, in bytes of UTF-8. */
export const PAYLOAD_LIMIT_BYTES = 262_144;

/** Payloads are never changed in place, so the text of each is made once and found again here. */
const texts = new WeakMap<object, string>();

/** The JSON text of a payload, as the history shows it. */
export function textOf(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  let text = texts.get(value);
  if (text === undefined) {
    text = JSON.stringify(value);
    texts.set(value, text);
  }
  return text;
}

export function exceedsPayloadLimit(text: string): boolean {
  // No UTF-16 unit takes more than three bytes of UTF-8, so short texts need not be measured.
  return text.length * 3 > PAYLOAD_LIMIT_BYTES && Buffer.byteLength(text) > PAYLOAD_LIMIT_BYTES;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The type's name as Step Functions writes it in its messages. */
export function typeNameOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
