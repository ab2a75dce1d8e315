import { defineConfig } from 'vitest/config';

/** What takes time: it leaps, breaks, restarts, follows runbooks. `npm run test:e2e` runs it, and so does `iam:report`. */
const long = 'test/e2e/embedded/!(scenarios).test.ts';

export default defineConfig({
  test: {
    globalSetup: ['test/support/current-assembly.ts'],
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'quick', include: ['test/**/*.test.ts'], exclude: [long] } },
      { extends: true, test: { name: 'long', include: [long] } },
    ],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
