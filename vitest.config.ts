import { defineConfig } from 'vitest/config';

/** The end-to-end tests that a change breaks first. */
const QUICK = [
  'access-requests',
  'approvals',
  'authzen',
  'authzen-todo',
  'bad-input',
  'enforcement',
  'explain',
  'governed-path',
  'openapi',
  'policy-sets',
  'scim',
];

/** What takes longer than a change should wait for. `npm run test:e2e` runs it, and so does `iam:report`. */
const long = [`test/e2e/!(${QUICK.join('|')}).test.ts`, 'test/e2e/embedded/*.test.ts'];

export default defineConfig({
  test: {
    globalSetup: ['test/support/current-assembly.ts'],
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'quick', include: ['test/**/*.test.ts'], exclude: long } },
      { extends: true, test: { name: 'long', include: long } },
    ],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
