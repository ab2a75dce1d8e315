import { Worker } from 'node:worker_threads';
import type { InvocationResult } from './lambda.ts';
import type { FunctionCode, ThreadData, ThreadReport, ThreadRequest } from './lambda-messages.ts';
import type { Json } from './service.ts';

interface Invocation {
  readonly request: ThreadRequest & { kind: 'invoke' };
  readonly answer: (result: InvocationResult) => void;
  hasBegun: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** After a function's timeout, how long its thread may stay silent before it counts as blocked. */
const SILENCE_MILLISECONDS = 1000;

/**
 * The one thread that all functions run on, so that they take another core than the servers and the engine, and can
 * be stopped. It is started when it is first needed, and anew when it has ended.
 */
export class LambdaThread {
  readonly #data: ThreadData;
  readonly #onWritten: (functionName: string, text: string) => void;
  readonly #invocations = new Map<string, Invocation>();
  #worker: Worker | undefined;

  constructor(data: ThreadData, onWritten: (functionName: string, text: string) => void) {
    this.#data = data;
    this.#onWritten = onWritten;
  }

  /** By the time of the answer, all that the function had written before has been heard of. */
  invoke(requestId: string, code: FunctionCode, event: string): Promise<InvocationResult> {
    const { promise, resolve: answer } = Promise.withResolvers<InvocationResult>();
    const request = { kind: 'invoke', requestId, code, event } as const;
    const invocation: Invocation = { request, answer, hasBegun: false, timer: undefined };
    this.#invocations.set(requestId, invocation);
    this.#send(request);
    return promise;
  }

  /** Ends what is at work; it is never answered. */
  async stop(): Promise<void> {
    for (const invocation of this.#invocations.values()) this.#forget(invocation);
    await this.#worker?.terminate();
  }

  #send(request: ThreadRequest): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(request);
  }

  #start(): Worker {
    const worker = new Worker(new URL('lambda-worker.ts', import.meta.url), { workerData: this.#data });
    // It serves the process, and does not keep it running.
    worker.unref();
    worker.on('message', (report: ThreadReport) => this.#hear(report));
    worker.once('error', (error) => {
      process.emitWarning(`The thread of the functions has ended: ${error}`);
      for (const invocation of this.#invocations.values()) this.#failByExit(invocation);
    });
    worker.once('exit', () => {
      this.#worker = undefined;
      // Only what has not begun can be sent again: nobody knows how far the rest had come.
      for (const invocation of this.#invocations.values())
        if (invocation.hasBegun) this.#failByExit(invocation);
        else this.#send(invocation.request);
    });
    return worker;
  }

  #hear(report: ThreadReport): void {
    if (report.kind === 'written') {
      this.#onWritten(report.functionName, report.text);
      return;
    }
    const invocation = this.#invocations.get(report.requestId);
    if (invocation === undefined) return;
    if (report.kind === 'begun') {
      invocation.hasBegun = true;
      invocation.timer = setTimeout(
        () => this.#timeOut(invocation),
        invocation.request.code.timeoutSeconds * 1000,
      );
      return;
    }
    this.#forget(invocation);
    if (report.kind === 'answered')
      invocation.answer({ succeeded: true, payload: JSON.parse(report.response) as Json });
    if (report.kind === 'failed') invocation.answer({ succeeded: false, error: report.error });
  }

  /**
   * A timeout is the machine's time, whatever a test's clock says: a function that is at work while the clock leaps
   * eight hours has not worked for eight hours. One that only waits is left to itself, and nobody hears of it any
   * more, for the others' sake; but one that blocks the thread is stopped with it.
   */
  #timeOut(invocation: Invocation): void {
    const { requestId, code } = invocation.request;
    const seconds = code.timeoutSeconds.toFixed(2);
    const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`;
    invocation.answer({ succeeded: false, error: { errorType: 'Sandbox.Timedout', errorMessage } });
    this.#send({ kind: 'abandon', requestId, functionName: code.name });
    invocation.timer = setTimeout(() => this.#worker?.terminate(), SILENCE_MILLISECONDS);
  }

  #failByExit(invocation: Invocation): void {
    this.#forget(invocation);
    const errorMessage = `RequestId: ${invocation.request.requestId} Error: Runtime exited`;
    invocation.answer({ succeeded: false, error: { errorType: 'Runtime.ExitError', errorMessage } });
  }

  #forget(invocation: Invocation): void {
    clearTimeout(invocation.timer);
    this.#invocations.delete(invocation.request.requestId);
  }
}
