import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from './service.ts';

/**
 * Records by key, each written through to a file of its own that only its owner can read, since they hold key
 * material and secret values; without a directory, kept in memory.
 */
export class RecordStore<Value extends object> {
  readonly #directory: string | undefined;
  readonly #records = new Map<string, Value>();

  constructor(directory: string | undefined) {
    this.#directory = directory;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory).filter((file) => file.endsWith('.json'))) {
      const { key, value } = JSON.parse(readFileSync(join(directory, name), 'utf8')) as JsonObject;
      this.#records.set(key as string, value as Value);
    }
  }

  get(key: string): Value | undefined {
    return this.#records.get(key);
  }

  /** Saves the record, also when the value that `get` answered with was changed in place. */
  set(key: string, value: Value): void {
    this.#records.set(key, value);
    const path = this.#path(key);
    if (path === undefined) return;
    writeFileSync(`${path}.new`, JSON.stringify({ key, value }), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  delete(key: string): void {
    this.#records.delete(key);
    const path = this.#path(key);
    if (path !== undefined) rmSync(path, { force: true });
  }

  values(): Value[] {
    return [...this.#records.values()];
  }

  /** Keys hold slashes and can be longer than a file's name may be. */
  #path(key: string): string | undefined {
    const name = createHash('sha256').update(key).digest('hex');
    return this.#directory === undefined ? undefined : join(this.#directory, `${name}.json`);
  }
}
