import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { BrokenInvariant, failures, InvalidInput } from '../../../lambdas/platform/failures.ts';
import { stepHandler } from '../../../lambdas/platform/step-handler.middy.ts';

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((said) => lines.push(String(said)) > 0);
  }
});
afterEach(() => void vi.restoreAllMocks());

const input = z.object({ requestId: z.string() });
const output = z.object({ outcome: z.literal('done') });

const run = (
  step: (given: { requestId: string }) => Promise<unknown>,
  event: unknown = { requestId: 'req-1' },
) =>
  stepHandler({
    name: 'do-it',
    input,
    output,
    step: step as (given: { requestId: string }) => Promise<{ outcome: 'done' }>,
  })(event, {} as Context);

test('a step is given what its schema lets through, and gives what its schema lets out', async () => {
  const given: unknown[] = [];
  const answer = await run(
    async (one) => {
      given.push(one);
      return { outcome: 'done', secret: 'hunter2' };
    },
    { requestId: 'req-1', more: 'hunter2' },
  );
  expect([given, answer]).toEqual([[{ requestId: 'req-1' }], { outcome: 'done' }]);
});

describe('what is thrown', () => {
  test.for(Object.entries(failures))('by its own name: %s', async ([, Failure]) => {
    const thrown = new Failure('req-1');
    await expect(run(() => Promise.reject(thrown))).rejects.toBe(thrown);
  });

  test('from outside the catalogue is a broken invariant, whose message quotes nothing', async () => {
    const error = await run(() => Promise.reject(new TypeError('token=hunter2'))).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(BrokenInvariant);
    expect(String(error)).not.toContain('hunter2');
  });

  test('is logged by name and place alone', async () => {
    await run(() =>
      Promise.reject(new BrokenInvariant('token=hunter2', { cause: new Error('hunter2') })),
    ).catch(() => undefined);
    expect(lines.join()).toContain('"name":"BrokenInvariant","causes":["Error"]');
    expect(lines.join()).not.toContain('hunter2');
  });

  test('is logged without a line of its message that looks like a place', async () => {
    await run(() => Promise.reject(new BrokenInvariant('bad\n    at token=hunter2'))).catch(() => undefined);
    expect(lines.join()).toContain('"name":"BrokenInvariant"');
    expect(lines.join()).not.toContain('hunter2');
  });
});

test('input of another shape is refused before the step runs', async () => {
  const step = vi.fn(async () => ({ outcome: 'done' }));
  await expect(run(step, { requestId: 7 })).rejects.toThrow(InvalidInput);
  expect(step).not.toHaveBeenCalled();
});

test('output of another shape is a broken invariant', async () => {
  await expect(run(async () => ({ outcome: 'other' }))).rejects.toThrow(BrokenInvariant);
});

test('the log says what began and what came out, and nothing of what was given', async () => {
  await run(async () => ({ outcome: 'done' }), { requestId: 'req-1', secret: 'hunter2' });
  const said = lines.join().split('\n').filter(Boolean);
  expect(
    said.filter((line) => line.includes('do-it started') || line.includes('do-it completed')),
  ).toHaveLength(2);
  expect(lines.join()).not.toContain('hunter2');
});
