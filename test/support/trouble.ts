import type { EmbeddedWorld } from '../../demo/world.ts';
import { executionStatusOf } from './system-state.ts';

/** What a function needs of AWS. Reading is any of the calls that read: which of them a step makes is its own affair. */
const needs = {
  read: { service: 'dynamodb', operations: ['GetItem', 'BatchGetItem', 'Query'] },
  write: { service: 'dynamodb', operations: ['TransactWriteItems'] },
  encrypt: { service: 'kms', operations: ['Encrypt'] },
  decrypt: { service: 'kms', operations: ['Decrypt'] },
  sign: { service: 'kms', operations: ['Sign'] },
  'get a public key': { service: 'kms', operations: ['GetPublicKey'] },
  'start an execution': { service: 'states', operations: ['StartExecution'] },
  'answer a task': { service: 'states', operations: ['SendTaskSuccess'] },
} as const;

type Need = keyof typeof needs;

/** One thing that one function cannot do, and how: nothing happens, or it happens and nobody is told. */
export interface Breakage {
  readonly functionName: string;
  readonly cannot: Need;
  readonly how: 'fails' | 'loses its answers';
}

export const broken = (functionName: string, cannot: Need, how: Breakage['how'] = 'fails'): Breakage => ({
  functionName,
  cannot,
  how,
});

/** Each need of each function, failing; and writes also losing their answers, if asked for. */
export function breakages(
  functions: Readonly<Record<string, readonly Need[]>>,
  how: Breakage['how'] = 'fails',
): Breakage[] {
  return Object.entries(functions).flatMap(([functionName, all]) =>
    all.map((cannot) => broken(functionName, cannot, how)),
  );
}

/**
 * Breaks it, for so many calls of each operation or for good. The error is one that an SDK does not send again
 * by itself, but for the first after a leap: it takes the machine's `Date` in an answer for a clock that is
 * wrong. Returns a function that puts it right.
 */
export function breakIt(
  world: EmbeddedWorld,
  { functionName, cannot, how }: Breakage,
  times?: number,
): () => void {
  const { service, operations } = needs[cannot];
  const putRight = operations.map((operation) =>
    world.runtime.faults.fail({
      service,
      operation,
      functionName,
      when: how === 'fails' ? 'before' : 'after',
      error: { code: 'AccessDeniedException', statusCode: 400 },
      ...(times === undefined ? {} : { times }),
    }),
  );
  return () => {
    for (const right of putRight) right();
  };
}

/** Does something while it is broken. */
export async function whileBroken<Answer>(
  world: EmbeddedWorld,
  breakage: Breakage,
  act: () => Promise<Answer>,
): Promise<Answer> {
  const putRight = breakIt(world, breakage);
  try {
    return await act();
  } finally {
    putRight();
  }
}

/** The longest waits between two tries of a step: `MaxDelaySeconds` of the workflow's retries. */
const SHORT_BACKOFF = 10_000;
const LONG_BACKOFF = 600_000;
/** Of `MaxAttempts` of the most patient step, twice: for what comes after it. */
const MOST_BACKOFFS = 45;
/** `MaxAttempts` of a step that somebody waits for. */
const MOST_SHORT_BACKOFFS = 4;

/** Lets time leap from try to try of a step until it is so, or until there are no more tries. */
export async function retriedUntil(world: EmbeddedWorld, isSo: () => Promise<boolean>): Promise<void> {
  await world.runtime.settled();
  for (let passed = 0; passed < MOST_SHORT_BACKOFFS && !(await isSo()); passed += 1) {
    await world.leap(SHORT_BACKOFF);
  }
}

/** Lets time leap from try to try until the request's execution has ended. Returns how it ended. */
export async function waitForTheEnd(world: EmbeddedWorld, requestId: string): Promise<string | undefined> {
  for (let passed = 0; passed < MOST_BACKOFFS; passed += 1) {
    await world.runtime.settled();
    const status = await executionStatusOf(world.runtime, requestId);
    if (status !== 'RUNNING') return status;
    await world.leap(passed < 2 * MOST_SHORT_BACKOFFS ? SHORT_BACKOFF : LONG_BACKOFF);
  }
  return executionStatusOf(world.runtime, requestId);
}
