import type { AwsCall } from './aws/faults.ts';

export interface CallCount extends AwsCall {
  readonly count: number;
}

/** How often each function has called each operation. */
export class CallCounts {
  readonly #counts = new Map<string, { call: AwsCall; count: number }>();

  count(call: AwsCall): void {
    const id = `${call.service}.${call.operation} ${call.functionName ?? ''}`;
    const entry = this.#counts.get(id) ?? { call, count: 0 };
    entry.count += 1;
    this.#counts.set(id, entry);
  }

  list(): CallCount[] {
    return [...this.#counts.values()].map(({ call, count }) => ({ ...call, count }));
  }
}
