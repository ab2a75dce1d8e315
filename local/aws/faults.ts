import { AwsError, type JsonObject } from './service.ts';

/** One call of an emulated AWS service, told by the access key that signed it. */
export interface AwsCall {
  /** The name it is signed for: `dynamodb`, `kms`, `secretsmanager`, `states`. */
  readonly service: string;
  readonly operation: string;
  /** The calling function; undefined for a caller that is none. */
  readonly functionName: string | undefined;
}

export interface Fault {
  readonly service: string;
  readonly operation: string;
  /** Only calls of this function fail; without it, those of every caller. */
  readonly functionName?: string;
  /** How many calls fail, before all is well again; without it, every one. An SDK tries a 5xx three times. */
  readonly times?: number;
  /** `after` lets the call take effect and loses its answer. */
  readonly when?: 'before' | 'after';
  /** `members` are further members of the error's shape, such as CancellationReasons. */
  readonly error: {
    readonly code: string;
    readonly message?: string;
    readonly statusCode?: number;
    readonly members?: JsonObject;
  };
}

/** The error that a test has asked for. */
export class InjectedFault extends AwsError {
  readonly members: JsonObject;

  constructor({ error }: Fault) {
    super(error.code, error.message ?? 'A fault that was asked for', error.statusCode ?? 500);
    this.members = error.members ?? {};
  }
}

/** With it a test makes the emulated AWS fail. */
export class Faults {
  readonly #faults = new Set<{ fault: Fault; left: number }>();

  /** Returns a function that takes the fault back. */
  fail(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#faults.add(entry);
    return () => {
      this.#faults.delete(entry);
    };
  }

  clear(): void {
    this.#faults.clear();
  }

  /** Throws if a fault is due at this moment of this call. */
  strike(call: AwsCall, moment: 'before' | 'after'): void {
    for (const entry of this.#faults) {
      const { fault } = entry;
      if (fault.service !== call.service || fault.operation !== call.operation) continue;
      if (fault.functionName !== undefined && fault.functionName !== call.functionName) continue;
      if ((fault.when ?? 'before') !== moment) continue;
      entry.left -= 1;
      if (entry.left === 0) this.#faults.delete(entry);
      throw new InjectedFault(fault);
    }
  }
}
