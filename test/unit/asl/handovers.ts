import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Execution } from '../../../local/asl/execution.ts';
import { type DurableExecutionStore, openExecutionStore } from '../../../local/asl/execution-store.sqlite.ts';
import { createMemoryExecutionStore, type ExecutionStore } from '../../../local/asl/execution-store.ts';

/** The store of the next process, after one that left this execution; of the first, where none did. */
export type Next = (left?: Execution) => ExecutionStore;

/** How executions get from one process to the next, and how often a property is worth its time with each. */
export const handovers: { kept: string; runs: number; handOver: () => Next }[] = [
  {
    kept: 'as text',
    runs: 150,
    handOver: () => (left) => {
      const store = createMemoryExecutionStore();
      if (left !== undefined) store.save(JSON.parse(JSON.stringify(left)) as Execution);
      return store;
    },
  },
  {
    kept: 'in a file',
    runs: 40,
    handOver: () => {
      const path = join(temporaryDirectory(), 'executions.sqlite');
      let store: DurableExecutionStore | undefined;
      onTestFinished(() => store?.close());
      return () => {
        store?.close();
        store = openExecutionStore(path);
        return store;
      };
    },
  },
];

/** Gone when the test has ended. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-executions-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
