import { expect } from 'vitest';
import type { World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import type { AuditEvent } from '../../lambdas/audit/event.ts';
import type { Fault } from '../../local/aws/faults.ts';
import { chainOf, executionStatusOf } from './system-state.ts';

/** A call that a function makes. */
export interface Dependency {
  readonly functionName: string;
  readonly service: 'dynamodb' | 'kms' | 'states';
  readonly operation: string;
}

const dynamoDbCalls = ['GetItem', 'BatchGetItem', 'Query', 'TransactWriteItems'] as const;

/** The calls that these functions make, one after another. */
export function dependenciesOf(
  calls: Readonly<
    Record<string, readonly (`${'kms' | 'states'}:${string}` | (typeof dynamoDbCalls)[number])[]>
  >,
): Dependency[] {
  return Object.entries(calls).flatMap(([functionName, operations]) =>
    operations.map((name) => {
      const [operation = '', service = 'dynamodb'] = name.split(':').reverse();
      return { functionName, service: service as Dependency['service'], operation };
    }),
  );
}

/** An error that an SDK does not try again by itself, so that each one reaches the function. */
const refusal = { code: 'AccessDeniedException', statusCode: 400 };

/** The call fails before it has any effect. */
export const failing = (call: Dependency, times?: number): Fault => ({
  ...call,
  error: refusal,
  ...(times === undefined ? {} : { times }),
});

/** The call takes effect, and its answer is lost. */
export const losingTheAnswer = (call: Dependency, times?: number): Fault => ({
  ...failing(call, times),
  when: 'after',
});

/** A call that is broken for good, and in which way. */
export interface Breakage extends Dependency {
  readonly how: 'fails' | 'loses its answer';
  readonly fault: Fault;
}

/** Each call failing; and each that has an effect, also only losing its answers. */
export function waysToBreak(calls: readonly Dependency[]): Breakage[] {
  return calls.flatMap((call) => [
    { ...call, how: 'fails' as const, fault: failing(call) },
    ...(['TransactWriteItems', 'Encrypt'].includes(call.operation)
      ? [{ ...call, how: 'loses its answer' as const, fault: losingTheAnswer(call) }]
      : []),
  ]);
}

/** The longest waits between two tries of a step: `MaxDelaySeconds` of the workflow's retries. */
const SHORT_BACKOFF = 10_000;
const LONG_BACKOFF = 600_000;
/** Of `MaxAttempts` of the most patient step, twice: for what comes after it. */
const MOST_BACKOFFS = 45;

/** Lets time leap through the next few tries of a step. */
export async function waitForRetries(world: World, tries: number): Promise<void> {
  for (let passed = 0; passed < tries; passed += 1) await world.leap(SHORT_BACKOFF);
}

/** Lets time leap from try to try until the request's execution has ended. Returns how it ended. */
export async function waitForTheEnd(world: World, requestId: string): Promise<string | undefined> {
  for (let passed = 0; passed < MOST_BACKOFFS; passed += 1) {
    await world.runtime.settled();
    const status = await executionStatusOf(world.runtime, requestId);
    if (status !== 'RUNNING') return status;
    await world.leap(passed < 10 ? SHORT_BACKOFF : LONG_BACKOFF);
  }
  return executionStatusOf(world.runtime, requestId);
}

/** The types of a chain's events, after holding that the chain verifies. */
export async function verifiedEvents(world: World, requestId: string): Promise<string[]> {
  const events: readonly AuditEvent[] = await chainOf(world.runtime, requestId);
  expect(verifyChain(requestId, events)).toEqual({ verified: true, events: events.length });
  return events.map(({ type }) => type);
}
