import type { Outcome } from './exit-codes.ts';

/** Why a command ends without its result: said to the user in a sentence, to a script by its exit code. */
export class CommandFailure extends Error {
  readonly outcome: Outcome;
  /** What `--json` prints of it: the problem document, where the API gave one. */
  readonly document: unknown;

  constructor(outcome: Outcome, message: string, more: { document?: unknown; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.outcome = outcome;
    this.document = more.document;
  }
}

export function usageError(message: string): CommandFailure {
  return new CommandFailure('usage', message);
}

/** The value of an option that a command cannot do without. */
export function required<Value>(option: string, value: Value | undefined): Value {
  if (value === undefined) throw usageError(`${option} is missing.`);
  return value;
}
