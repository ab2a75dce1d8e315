import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import type * as z from 'zod';
import { BrokenInvariant, failures, InvalidInput } from './failures.ts';
import { describeFailure, type Log, log } from './logger.powertools.ts';

/** A use case behind a Task state: what it takes and gives, and what it does. */
interface StepDefinition<Input extends z.ZodType, Output extends z.ZodType> {
  /** The step's name in kebab-case, which opens its log lines. */
  readonly name: string;
  readonly input: Input;
  readonly output: Output;
  readonly step: (input: z.infer<Input>) => Promise<z.infer<Output>>;
}

/**
 * The function behind a Task state: normalises what is thrown to the catalogue, logs, checks what comes in and
 * what goes out.
 */
export function stepHandler<Input extends z.ZodType, Output extends z.ZodType>({
  name,
  input,
  output,
  step,
}: StepDefinition<Input, Output>): (event: unknown, context: Context) => Promise<z.infer<Output>> {
  const handle = async (event: unknown): Promise<z.infer<Output>> => {
    const received = input.safeParse(event);
    if (!received.success) throw new InvalidInput(`${name} was given input of another shape`);
    const given = output.safeParse(await step(received.data));
    if (!given.success) throw new BrokenInvariant(`${name} gives output of another shape`);
    return given.data;
  };
  return middy<unknown, z.infer<Output>>()
    .use(normaliseFailures())
    .use(logLifecycle(name, log))
    .handler(handle) as unknown as (event: unknown, context: Context) => Promise<z.infer<Output>>;
}

/** Anything outside the catalogue becomes BrokenInvariant: its message could quote what it must not. */
function normaliseFailures(): MiddlewareObj {
  return {
    onError: (request) => {
      const known = Object.values(failures).some((failure) => request.error instanceof failure);
      if (!known)
        request.error = new BrokenInvariant('An error outside the catalogue', { cause: request.error });
    },
  };
}

function logLifecycle(name: string, logger: Log): MiddlewareObj {
  return {
    before: (request) => logger.info(`${name} started`, caseIn(request.event)),
    after: (request) => {
      const { outcome } = (request.response ?? {}) as { outcome?: string };
      logger.info(`${name} completed`, {
        ...caseIn(request.event),
        ...(outcome === undefined ? {} : { outcome }),
      });
    },
    onError: (request) =>
      logger.error(`${name} failed`, {
        ...caseIn(request.event),
        failure: describeFailure(request.error),
      }),
  };
}

/** The ids by which whoever an alarm calls finds what a step works on. */
const caseNames = ['requestId', 'rotationId'] as const;

function caseIn(event: unknown): Partial<Record<(typeof caseNames)[number], string>> {
  const given = (event ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    caseNames.flatMap((name) => {
      const id = given[name];
      return typeof id === 'string' && /^[\w-]{1,80}$/.test(id) ? [[name, id]] : [];
    }),
  );
}
