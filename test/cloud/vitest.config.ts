import { dirname } from 'node:path';
import { defineConfig } from 'vitest/config';

/** The portable end-to-end tests, one after the other: they share one deployment. */
export default defineConfig({
  root: dirname(dirname(import.meta.dirname)),
  test: {
    include: ['test/e2e/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
