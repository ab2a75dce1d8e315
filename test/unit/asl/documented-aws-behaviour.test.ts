import { afterAll, describe, it } from 'vitest';
import { flow } from './cases/flow.ts';
import type { Case } from './cases/form.ts';
import { limits } from './cases/limits.ts';
import { map } from './cases/map.ts';
import { parallel } from './cases/parallel.ts';
import { retryAndCatch } from './cases/retry-and-catch.ts';
import { taskTokens } from './cases/task-tokens.ts';
import { testState } from './cases/test-state.ts';
import { timeouts } from './cases/timeouts.ts';
import { variables } from './cases/variables.ts';
import { replay } from './replay.ts';

/**
 * Cases of our own for what the recordings of AWS lack, in their form and compared as they are. What a case
 * expects is what its page of AWS's documentation says, with the events as AWS records them.
 */
const topics: Record<string, Record<string, Case>> = {
  parallel,
  map,
  'time-outs and heartbeats': timeouts,
  'task tokens': taskTokens,
  'Retry and Catch': retryAndCatch,
  limits,
  variables,
  flow,
  TestState: testState,
};

let agreed = 0;

describe.each(Object.entries(topics))('%s', (_topic, cases) => {
  it.each(Object.entries(cases))('%s', async (_name, documented) => {
    await replay(documented);
    agreed += 1;
  });
});

afterAll(() => {
  const count = Object.values(topics).reduce((sum, cases) => sum + Object.keys(cases).length, 0);
  process.stdout.write(`Agree with what AWS documents: ${agreed} of ${count}\n`);
});
