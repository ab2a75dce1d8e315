import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type FunctionLog, logToMemory } from '../../../local/aws/function-log.ts';
import { LambdaFunctions } from '../../../local/aws/lambda.ts';
import { type Clock, LeapingClock, SystemClock } from '../../../local/clock.ts';
import { temporaryDirectory } from './fixture-assembly.ts';

interface Fixture {
  readonly code: string;
  readonly environment?: Record<string, string>;
  readonly timeoutSeconds?: number;
  readonly handler?: string;
  readonly log?: FunctionLog;
}

function define(
  fixtures: Readonly<Record<string, Fixture>>,
  clock: Clock = new SystemClock(),
): LambdaFunctions {
  const root = temporaryDirectory();
  const functions = new LambdaFunctions(clock);
  onTestFinished(() => functions.stop());
  for (const [name, fixture] of Object.entries(fixtures)) {
    const directory = join(root, name);
    mkdirSync(directory);
    writeFileSync(join(directory, 'index.js'), fixture.code);
    writeFileSync(join(directory, 'beside.txt'), `beside ${name}`);
    functions.define({
      name,
      arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      directory,
      handler: fixture.handler ?? 'index.handler',
      timeoutSeconds: fixture.timeoutSeconds ?? 3,
      memoryMegabytes: 128,
      environment: fixture.environment ?? {},
      log: fixture.log ?? logToMemory(),
    });
  }
  return functions;
}

async function answerOf(code: string, payload: object = {}, fixture: Partial<Fixture> = {}) {
  return define({ One: { code, ...fixture } }).invoke('One', JSON.parse(JSON.stringify(payload)));
}

const failedWith = (error: object) => ({ succeeded: false, error: expect.objectContaining(error) });

describe('LambdaFunctions', () => {
  it('gives each function an environment of its own, and nothing of the machine', async () => {
    const code = `
      const imported = require('node:process');
      exports.handler = async () => ({
        stage: process.env.STAGE,
        imported: imported.env.STAGE,
        names: Object.keys(process.env),
      });`;
    const functions = define({
      One: { code, environment: { STAGE: 'one' } },
      Two: { code, environment: { STAGE: 'two' } },
    });
    for (const [name, stage] of [
      ['One', 'one'],
      ['Two', 'two'],
    ] as const)
      expect(await functions.invoke(name, {})).toEqual({
        succeeded: true,
        payload: { stage, imported: stage, names: ['STAGE'] },
      });
  });

  it('captures what a function writes, however it writes it', async () => {
    const code = `
      const { Console } = require('node:console');
      exports.handler = async () => {
        console.log('by console');
        console.error('by its error');
        new Console({ stdout: process.stdout, stderr: process.stderr }).info('by its own');
        process.stdout.write('by stdout\\n');
        require('console').warn('by import');
      };`;
    const functions = define({ One: { code }, Two: { code: 'exports.handler = async () => {};' } });
    expect(await functions.invoke('One', {})).toEqual({ succeeded: true, payload: null });
    await functions.invoke('Two', {});
    expect(functions.log('One').split('\n')).toEqual([
      'by console',
      'by its error',
      'by its own',
      'by stdout',
      'by import',
      '',
    ]);
    expect(functions.log('Two')).toBe('');
  });

  it('reads the files beside the code', async () => {
    const code = `
      const { readFileSync } = require('node:fs');
      exports.handler = async () => readFileSync(__dirname + '/beside.txt', 'utf8');`;
    expect(await answerOf(code)).toEqual({ succeeded: true, payload: 'beside One' });
  });

  it('lets code import Node, as the AWS SDK does', async () => {
    const code = `exports.handler = async () => typeof (await import('node:http')).request;`;
    expect(await answerOf(code)).toEqual({ succeeded: true, payload: 'function' });
  });

  it('tells the handler what it runs as', async () => {
    const code = `exports.handler = async (event, context) => [
      context.functionName, context.invokedFunctionArn, context.awsRequestId.length,
      context.getRemainingTimeInMillis() > 2500,
    ];`;
    expect(await answerOf(code)).toEqual({
      succeeded: true,
      payload: ['One', 'arn:aws:lambda:us-east-1:000000000000:function:One', 36, true],
    });
  });

  const counting = `
    let invocations = 0;
    exports.handler = async ({ milliseconds }) => {
      const mine = ++invocations;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      return [mine, invocations];
    };`;

  it('keeps its one environment warm, and lets it serve invocations side by side', async () => {
    const functions = define({ One: { code: counting } });
    const together = await Promise.all(
      Array.from({ length: 3 }, () => functions.invoke('One', { milliseconds: 5 })),
    );
    const payloads = together.map((result) => JSON.stringify(result.succeeded && result.payload));
    expect(payloads.sort()).toEqual(['[1,3]', '[2,3]', '[3,3]']);
    expect(functions.isBusy).toBe(false);
  });

  it('hands over copies', async () => {
    const payload = { list: [1] };
    const functions = define({
      One: { code: 'exports.handler = async (e) => { e.list.push(2); return e; };' },
    });
    expect(await functions.invoke('One', payload)).toEqual({ succeeded: true, payload: { list: [1, 2] } });
    expect(payload).toEqual({ list: [1] });
  });

  it('answers a thrown error with its name, its message and its trace, and logs it', async () => {
    const code = `
      class StateConflict extends Error { name = 'StateConflict'; }
      exports.handler = async () => { throw new StateConflict('changed since'); };`;
    const functions = define({ One: { code } });
    expect(await functions.invoke('One', {})).toEqual(
      failedWith({
        errorType: 'StateConflict',
        errorMessage: 'changed since',
        trace: expect.arrayContaining([expect.stringContaining('index.js')]),
      }),
    );
    expect(JSON.parse(functions.log('One'))).toMatchObject({ errorType: 'StateConflict' });
  });

  it.each([
    [`exports.handler = async () => { throw 'text'; };`, { errorType: 'string', errorMessage: 'text' }],
    [`exports.handler = () => { throw new TypeError('at once'); };`, { errorType: 'TypeError' }],
    [`throw new Error('at the cold start');`, { errorType: 'Error', errorMessage: 'at the cold start' }],
    [
      `exports.other = 1;`,
      { errorType: 'Runtime.HandlerNotFound', errorMessage: 'index.handler is undefined or not exported' },
    ],
    [`exports.handler = async () => process.exit(3);`, { errorType: 'Runtime.ExitError' }],
    [`exports.handler = async () => 'x'.repeat(7e6);`, { errorType: 'Function.ResponseSizeTooLarge' }],
  ])('answers the failure of %s', async (code, error) => {
    expect(await answerOf(code)).toEqual(failedWith(error));
  });

  it('ends the wait for a function at its timeout, and starts it anew the next time', async () => {
    const code = `
      let invocations = 0;
      exports.handler = async ({ hang }) => {
        invocations += 1;
        if (hang) await new Promise(() => {});
        return invocations;
      };`;
    const functions = define({ One: { code, timeoutSeconds: 0.05 } });
    expect(await functions.invoke('One', { hang: true })).toEqual(
      failedWith({
        errorType: 'Sandbox.Timedout',
        errorMessage: expect.stringMatching(
          /^RequestId: [\w-]{36} Error: Task timed out after 0\.05 seconds$/,
        ),
      }),
    );
    expect(functions.log('One')).toContain('Task timed out after 0.05 seconds');
    expect(await functions.invoke('One', { hang: false })).toEqual({ succeeded: true, payload: 1 });
  });

  describe('where a function blocks the thread', () => {
    const fixtures = {
      Blocking: {
        code: `
          let invocations = 0;
          exports.handler = async ({ block }) => {
            invocations += 1;
            if (!block) return invocations;
            console.log('about to block');
            for (;;);
          };`,
        timeoutSeconds: 0.2,
      },
      Waiting: {
        code: 'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 60_000));',
        timeoutSeconds: 60,
      },
      Other: { code: `exports.handler = async () => 'served';` },
    };

    it('answers it at its timeout, with what it has written, and starts it anew the next time', async () => {
      const functions = define(fixtures);
      expect(await functions.invoke('Blocking', { block: true })).toEqual(
        failedWith({ errorType: 'Sandbox.Timedout' }),
      );
      expect(functions.log('Blocking')).toMatch(/^about to block\n.*Task timed out/);
      expect(await functions.invoke('Blocking', { block: false })).toEqual({ succeeded: true, payload: 1 });
    });

    it('fails what was at work beside it, and serves what was yet to begin', async () => {
      const functions = define(fixtures);
      const beside = functions.invoke('Waiting', {});
      const blocking = functions.invoke('Blocking', { block: true });
      const after = functions.invoke('Other', {});
      expect(await beside).toEqual(failedWith({ errorType: 'Runtime.ExitError' }));
      expect(await blocking).toEqual(failedWith({ errorType: 'Sandbox.Timedout' }));
      expect(await after).toEqual({ succeeded: true, payload: 'served' });
    });

    it('does not hold up whoever is on another thread', async () => {
      const functions = define(fixtures);
      const blocking = functions.invoke('Blocking', { block: true });
      let turns = 0;
      const timer = setInterval(() => {
        turns += 1;
      }, 10);
      await blocking;
      clearInterval(timer);
      expect(turns).toBeGreaterThan(3);
    });

    it('stops', async () => {
      const functions = define(fixtures);
      void functions.invoke('Blocking', { block: true });
      await expect.poll(() => functions.log('Blocking')).toBe('about to block\n');
      await functions.stop();
    });
  });

  it('leaves the others at work when a function only waits beyond its timeout', async () => {
    const functions = define({
      Hanging: { code: 'exports.handler = () => new Promise(() => {});', timeoutSeconds: 0.05 },
      Counting: { code: counting },
    });
    const beside = functions.invoke('Counting', { milliseconds: 1500 });
    expect(await functions.invoke('Hanging', {})).toEqual(failedWith({ errorType: 'Sandbox.Timedout' }));
    expect(await beside).toEqual({ succeeded: true, payload: [1, 1] });
    expect(await functions.invoke('Counting', { milliseconds: 0 })).toEqual({
      succeeded: true,
      payload: [2, 2],
    });
  });

  it.each([
    [
      `setTimeout(() => { throw new RangeError('later'); });`,
      { errorType: 'RangeError', errorMessage: 'later' },
    ],
    [
      `Promise.reject(new RangeError('nobody waits'));`,
      { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'RangeError: nobody waits' },
    ],
    [`setTimeout(() => process.exit(3));`, { errorType: 'Runtime.ExitError' }],
    [`try { process.exit(3); } catch {}`, { errorType: 'Runtime.ExitError' }],
  ])('ends the environment of a function with %s, and no other', async (code, error) => {
    const functions = define({
      One: {
        code: `
          let invocations = 0;
          exports.handler = async ({ fail }) => {
            invocations += 1;
            if (!fail) return invocations;
            ${code}
            await new Promise(() => {});
          };`,
      },
      Two: { code: counting },
    });
    const beside = functions.invoke('Two', { milliseconds: 100 });
    expect(await functions.invoke('One', { fail: true })).toEqual(failedWith(error));
    expect(await beside).toEqual({ succeeded: true, payload: [1, 1] });
    expect(await functions.invoke('One', { fail: false })).toEqual({ succeeded: true, payload: 1 });
    expect(await functions.invoke('Two', { milliseconds: 0 })).toEqual({ succeeded: true, payload: [2, 2] });
  });

  it('lets functions live in the present of a clock that leaps', async () => {
    const clock = new LeapingClock({ frozenAt: Date.UTC(2026, 0, 1) });
    const functions = define(
      { One: { code: 'exports.handler = async () => [Date.now(), new Date().toISOString()];' } },
      clock,
    );
    const present = () => ({ succeeded: true, payload: [clock.now(), new Date(clock.now()).toISOString()] });
    expect(await functions.invoke('One', {})).toEqual(present());
    clock.leap(8 * 3_600_000);
    expect(await functions.invoke('One', {})).toEqual(present());
  });

  it('has all that a function has written when its answer is there, in its order', async () => {
    const code = `exports.handler = async ({ from }) => {
      for (let line = from; line < from + 100; line += 1) {
        if (line % 2) console.log(line); else console.error(line);
        if (line % 10 === 0) await new Promise(setImmediate);
      }
    };`;
    const functions = define({ One: { code } });
    const lines = (count: number) => Array.from({ length: count }, (_, line) => `${line}\n`).join('');
    await functions.invoke('One', { from: 0 });
    expect(functions.log('One')).toBe(lines(100));
    await functions.invoke('One', { from: 100 });
    expect(functions.log('One')).toBe(lines(200));
  });

  it('refuses a function that is not there, and a payload that is too large', async () => {
    const functions = define({ One: { code: 'exports.handler = async () => {};' } });
    await expect(functions.invoke('Two', {})).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
    await expect(functions.invoke('One', 'x'.repeat(7e6))).rejects.toMatchObject({
      code: 'RequestTooLargeException',
    });
  });
});
