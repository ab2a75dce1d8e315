import { Logger } from '@aws-lambda-powertools/logger';
import type { RecordedRequest } from '../decision/recorded-request.ts';

/** All that a log line may say. What is not named here is not logged. */
export interface LogFields {
  readonly requestId?: string;
  readonly rotationId?: string;
  readonly secret?: string;
  readonly evaluationId?: string;
  readonly principal?: string;
  readonly target?: string;
  readonly permissions?: readonly string[];
  readonly policies?: readonly string[];
  readonly policySet?: string;
  readonly request?: RecordedRequest;
  readonly route?: string;
  readonly status?: number;
  readonly outcome?: string;
  readonly problem?: string;
  readonly failure?: FailureFields;
}

/** A failure without its message: a message may quote what was received. */
interface FailureFields {
  readonly name: string;
  readonly causes: readonly string[];
  readonly frames: readonly string[];
}

/** Writes structured lines of allowed fields. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const MOST_FRAMES = 8;

/** Powertools' logger behind the allow-list. */
export const log: Log = (() => {
  const logger = new Logger();
  return {
    info: (message, fields = {}) => logger.info(message, { ...fields }),
    warn: (message, fields = {}) => logger.warn(message, { ...fields }),
    error: (message, fields = {}) => logger.error(message, { ...fields }),
  };
})();

/** What may be said of a thrown value: the names along its causes, and where it was thrown. */
export function describeFailure(thrown: unknown): FailureFields {
  const names: string[] = [];
  for (let error = thrown; error instanceof Error && names.length < MOST_FRAMES; error = error.cause) {
    names.push(error.name);
  }
  const { stack = '', message = '' } = thrown instanceof Error ? thrown : {};
  const frames = stack.slice(stack.indexOf(message) + message.length).split('\n');
  return {
    name: names[0] ?? typeof thrown,
    causes: names.slice(1),
    frames: frames
      .map((frame) => frame.trim())
      .filter((frame) => frame.startsWith('at '))
      .slice(0, MOST_FRAMES),
  };
}
