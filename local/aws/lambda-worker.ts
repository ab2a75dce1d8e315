import { AsyncLocalStorage } from 'node:async_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { LeapingClock } from '../clock.ts';
import { ExecutionEnvironment } from './lambda-environment.ts';
import {
  type FunctionCode,
  type FunctionError,
  MOST_PAYLOAD_BYTES,
  type ThreadData,
  type ThreadReport,
  type ThreadRequest,
} from './lambda-messages.ts';
import type { Json } from './service.ts';

type Invoke = ThreadRequest & { kind: 'invoke' };

/**
 * Each function's one execution environment, started when it is first needed. On Lambda an environment serves one
 * invocation at a time and there are many; here all of them would share one thread and the machine's memory. What a
 * function keeps in its module is therefore shared by more invocations than on AWS, not fewer.
 */
const environments = new Map<string, ExecutionEnvironment>();

/** Whose code runs: of an error that nobody catches it is all that tells whose it is. */
const running = new AsyncLocalStorage<ExecutionEnvironment>();

function report(what: ThreadReport): void {
  parentPort?.postMessage(what);
}

function environmentOf(code: FunctionCode): ExecutionEnvironment {
  const warm = environments.get(code.name);
  if (warm !== undefined && !warm.hasEnded) return warm;
  const cold = new ExecutionEnvironment(code, (text) => {
    report({ kind: 'written', functionName: code.name, text });
  });
  environments.set(code.name, cold);
  return cold;
}

async function invoke({ requestId, code, event }: Invoke): Promise<void> {
  // First of all: what follows may never come to an end.
  report({ kind: 'begun', requestId });
  const environment = environmentOf(code);
  try {
    const answer = await running.run(environment, () =>
      environment.run(JSON.parse(event) as Json, contextOf(requestId, code)),
    );
    const response = JSON.stringify(answer) ?? 'null';
    if (Buffer.byteLength(response) > MOST_PAYLOAD_BYTES) throw responseTooLarge();
    report({ kind: 'answered', requestId, response });
  } catch (thrown) {
    report({ kind: 'failed', requestId, error: describeError(thrown) });
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function contextOf(requestId: string, { name, arn, timeoutSeconds, memoryMegabytes }: FunctionCode): object {
  const deadline = performance.now() + timeoutSeconds * 1000;
  return {
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
}

function responseTooLarge(): Error {
  const message = `Response payload size exceeded maximum allowed payload size (${MOST_PAYLOAD_BYTES} bytes).`;
  return Object.assign(new Error(message), { name: 'Function.ResponseSizeTooLarge', stack: undefined });
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

const { time } = workerData as ThreadData;
if (time !== undefined) new LeapingClock(time).installAsDate();

process.on('uncaughtException', (error, origin) => {
  const environment = running.getStore();
  // Then it ends the thread.
  if (environment === undefined) throw error;
  environment.crash(error, origin);
});

parentPort?.on('message', (request: ThreadRequest) => {
  if (request.kind === 'invoke') {
    void invoke(request);
  } else {
    environments.delete(request.functionName);
    report({ kind: 'abandoned', requestId: request.requestId });
  }
});
