import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { FunctionLog } from './function-log.ts';
import { type FunctionCode, type FunctionError, MOST_PAYLOAD_BYTES } from './lambda-messages.ts';
import { LambdaThread } from './lambda-thread.ts';
import { AwsError, type Json } from './service.ts';

/** A function as the template declares it. */
export interface FunctionDeclaration extends FunctionCode {
  readonly log: FunctionLog;
}

export type InvocationResult =
  | { readonly succeeded: true; readonly payload: Json }
  | { readonly succeeded: false; readonly error: FunctionError };

/** The template's functions. */
export class LambdaFunctions {
  readonly #functions = new Map<string, FunctionDeclaration>();
  readonly #running = new Set<Promise<InvocationResult>>();
  readonly #thread: LambdaThread;

  /** @param clock in whose present the functions live. */
  constructor(clock: Clock) {
    this.#thread = new LambdaThread({ time: clock.shared }, (functionName, text) => {
      this.#find(functionName).log.write(text);
    });
  }

  define(declaration: FunctionDeclaration): void {
    this.#functions.set(declaration.name, declaration);
  }

  names(): string[] {
    return [...this.#functions.keys()];
  }

  /** Throws `AwsError` if there is no such function. */
  arnOf(nameOrArn: string): string {
    return this.#find(nameOrArn).arn;
  }

  /** What the function has written so far. */
  log(nameOrArn: string): string {
    return this.#find(nameOrArn).log.read();
  }

  /**
   * Invokes a function and waits for its answer. Throws `AwsError` if there is no such function or the payload
   * is too large; a failure of the function itself is a result.
   */
  async invoke(nameOrArn: string, payload: Json): Promise<InvocationResult> {
    const invocation = this.#invoke(this.#find(nameOrArn), payload);
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

  /** Ends what is at work; it is never answered. */
  stop(): Promise<void> {
    return this.#thread.stop();
  }

  async #invoke({ log, ...code }: FunctionDeclaration, payload: Json): Promise<InvocationResult> {
    const event = JSON.stringify(payload);
    if (Buffer.byteLength(event) > MOST_PAYLOAD_BYTES)
      throw new AwsError(
        'RequestTooLargeException',
        `Request must be smaller than ${MOST_PAYLOAD_BYTES} bytes for the InvokeFunction operation`,
        413,
      );
    const requestId = randomUUID();
    const result = await this.#thread.invoke(requestId, code, event);
    if (!result.succeeded) log.write(`${JSON.stringify({ level: 'ERROR', requestId, ...result.error })}\n`);
    return result;
  }

  #find(nameOrArn: string): FunctionDeclaration {
    const name = /^arn:[^:]*:lambda:[^:]*:[^:]*:function:([^:]+)/.exec(nameOrArn)?.[1] ?? nameOrArn;
    const found = this.#functions.get(name);
    if (found !== undefined) return found;
    throw new AwsError('ResourceNotFoundException', `Function not found: ${nameOrArn}`, 404);
  }
}
