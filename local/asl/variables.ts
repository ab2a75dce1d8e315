import type { Execution, Frame } from './execution.ts';
import { type JsonObject, PAYLOAD_LIMIT_BYTES } from './json.ts';

/** The most that all variables of an execution may hold together, in bytes of UTF-8. */
const TOTAL_LIMIT_BYTES = 10 * 2 ** 20;

/** What a frame can read: its own variables and those of the frames around it, which wait while it walks. */
export function variablesIn(execution: Execution, { parentId, variables }: Frame): JsonObject {
  const parent = parentId === undefined ? undefined : execution.frames[parentId];
  return parent === undefined ? variables : { ...variablesIn(execution, parent), ...variables };
}

/**
 * Keeps what a state assigns, or keeps nothing and gives false where that is more than an Assign, or than the
 * execution, may hold (https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html).
 */
export function keepAssigned(
  execution: Execution,
  frame: Frame,
  assigned: JsonObject,
  texts: readonly (readonly [name: string, text: string])[],
): boolean {
  const bytes = Object.fromEntries(texts.map(([name, text]) => [name, Buffer.byteLength(text)]));
  const variableBytes = { ...frame.variableBytes, ...bytes };
  const others = Object.values(execution.frames).filter(({ id }) => id !== frame.id);
  const total = others.reduce((sum, other) => sum + totalOf(other.variableBytes), totalOf(variableBytes));
  if (totalOf(bytes) > PAYLOAD_LIMIT_BYTES || total > TOTAL_LIMIT_BYTES) return false;
  frame.variableBytes = variableBytes;
  frame.variables = { ...frame.variables, ...assigned };
  return true;
}

function totalOf(bytes: Readonly<Record<string, number>> = {}): number {
  return Object.values(bytes).reduce((sum, size) => sum + size, 0);
}
