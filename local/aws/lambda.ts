import { randomUUID } from 'node:crypto';
import type { FunctionLog } from './function-log.ts';
import { compileBundle, type Handler } from './lambda-environment.ts';
import { AwsError, type Json } from './service.ts';

/** A function as the template declares it. */
export interface FunctionDeclaration {
  readonly name: string;
  readonly arn: string;
  /** Where its bundle lies. */
  readonly directory: string;
  /** `<file>.<export>`. */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly log: FunctionLog;
}

/** What Lambda answers when a function throws, times out or cannot be started. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export type InvocationResult =
  | { readonly succeeded: true; readonly payload: Json }
  | { readonly succeeded: false; readonly error: FunctionError };

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB, for requests and responses. */
const MOST_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** Runs the template's functions in this process. */
export class LambdaFunctions {
  readonly #functions = new Map<string, LambdaFunction>();
  readonly #running = new Set<Promise<InvocationResult>>();

  define(declaration: FunctionDeclaration): void {
    this.#functions.set(declaration.name, new LambdaFunction(declaration));
  }

  names(): string[] {
    return [...this.#functions.keys()];
  }

  /** Throws `AwsError` if there is no such function. */
  arnOf(nameOrArn: string): string {
    return this.#find(nameOrArn).declaration.arn;
  }

  /** What the function has written so far. */
  log(nameOrArn: string): string {
    return this.#find(nameOrArn).declaration.log.read();
  }

  /**
   * Invokes a function and waits for its answer. Throws `AwsError` if there is no such function or the payload
   * is too large; a failure of the function itself is a result.
   */
  async invoke(nameOrArn: string, payload: Json): Promise<InvocationResult> {
    const invocation = this.#find(nameOrArn).invoke(payload);
    this.#running.add(invocation);
    try {
      return await invocation;
    } finally {
      this.#running.delete(invocation);
    }
  }

  /** Whether any function is at work. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves once no function is at work. */
  async idle(): Promise<void> {
    while (this.isBusy) await Promise.allSettled(this.#running);
  }

  #find(nameOrArn: string): LambdaFunction {
    const name = /^arn:[^:]*:lambda:[^:]*:[^:]*:function:([^:]+)/.exec(nameOrArn)?.[1] ?? nameOrArn;
    const found = this.#functions.get(name);
    if (found !== undefined) return found;
    throw new AwsError('ResourceNotFoundException', `Function not found: ${nameOrArn}`, 404);
  }
}

class LambdaFunction {
  readonly declaration: FunctionDeclaration;
  /**
   * The function's one execution environment, started when it is first needed. On Lambda an environment serves
   * one invocation at a time and there are many; here all of them would share one thread and the machine's
   * memory. What a function keeps in its module is therefore shared by more invocations than on AWS, not fewer.
   */
  #environment: Handler | undefined;

  constructor(declaration: FunctionDeclaration) {
    this.declaration = declaration;
  }

  async invoke(payload: Json): Promise<InvocationResult> {
    const event = JSON.stringify(payload);
    if (Buffer.byteLength(event) > MOST_PAYLOAD_BYTES)
      throw new AwsError(
        'RequestTooLargeException',
        `Request must be smaller than ${MOST_PAYLOAD_BYTES} bytes for the InvokeFunction operation`,
        413,
      );
    const requestId = randomUUID();
    try {
      this.#environment ??= this.#coldStart();
      return { succeeded: true, payload: await this.#run(this.#environment, event, requestId) };
    } catch (thrown) {
      const error = describeError(thrown);
      this.declaration.log.write(`${JSON.stringify({ level: 'ERROR', requestId, ...error })}\n`);
      // A handler that has timed out may still be running.
      if (error.errorType === 'Sandbox.Timedout') this.#environment = undefined;
      return { succeeded: false, error };
    }
  }

  #coldStart(): Handler {
    const { directory, handler, environment, log } = this.declaration;
    return compileBundle(directory, handler)(environment, log);
  }

  /**
   * A timeout is the machine's time, whatever a test's clock says: a function that is at work while the clock
   * leaps eight hours has not worked for eight hours. It cannot be stopped, as it runs in this process, but
   * nobody hears of it any more.
   */
  async #run(handler: Handler, event: string, requestId: string): Promise<Json> {
    const { name, arn, timeoutSeconds, memoryMegabytes } = this.declaration;
    const deadline = performance.now() + timeoutSeconds * 1000;
    const context = {
      awsRequestId: requestId,
      callbackWaitsForEmptyEventLoop: true,
      functionName: name,
      functionVersion: '$LATEST',
      invokedFunctionArn: arn,
      logGroupName: `/aws/lambda/${name}`,
      logStreamName: 'local',
      memoryLimitInMB: String(memoryMegabytes),
      getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
    };
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const message = `RequestId: ${requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`;
      reject(Object.assign(new Error(message), { name: 'Sandbox.Timedout', stack: undefined }));
    }, timeoutSeconds * 1000);
    try {
      const answer = await Promise.race([
        (async () => handler(JSON.parse(event) as Json, context))(),
        timeout,
      ]);
      const response = JSON.stringify(answer) ?? 'null';
      if (Buffer.byteLength(response) <= MOST_PAYLOAD_BYTES) return JSON.parse(response) as Json;
      throw Object.assign(
        new Error(
          `Response payload size exceeded maximum allowed payload size (${MOST_PAYLOAD_BYTES} bytes).`,
        ),
        { name: 'Function.ResponseSizeTooLarge', stack: undefined },
      );
    } finally {
      clearTimeout(timer);
    }
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
function describeError(thrown: unknown): FunctionError {
  if (!(thrown instanceof Error))
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  return {
    errorType: thrown.name,
    errorMessage: thrown.message,
    ...(thrown.stack === undefined ? {} : { trace: thrown.stack.split('\n') }),
  };
}
