/**
 * Step Functions on one machine: Standard workflows in JSONata, run to the rules of
 * https://states-language.net/spec.html and of https://docs.aws.amazon.com/step-functions/latest/dg/.
 *
 * What is not like AWS:
 * - Only JSONata: a definition that holds JSONPath is refused, with the field's place.
 * - Only inline Maps, only Lambda integrations unless `integrations` adds more, no Express workflows, versions,
 *   aliases, activities, redrive, logging or encryption.
 * - An inline Map's ToleratedFailureCount and -Percentage are checked and tolerate nothing.
 * - Branches of a Parallel, and iterations of a Map, each go on until they wait before the next one does, so
 *   their events interleave less than on AWS.
 * - A Lambda integration's result has no HTTP headers, and the executed version is always `$LATEST`.
 * - `$random` with a seed gives another number than AWS does, though always the same one.
 * - JSONata's time, memory and depth are not limited.
 * - An engine that takes up an execution of another calls again what had not been answered, and records a second
 *   start for it.
 * - Anyone may call: authorisation is the caller's.
 *
 * What no recording or measure of AWS was at hand for, and is inferred: the error of variables that are too large
 * (States.DataLimitExceeded here), the events of a failed call that should have submitted a task token (TaskFailed
 * here), the previous event of an EvaluationFailed after a state's work is done, what is recorded of states nested
 * in an aborted one or within which one has failed, and the words for what a definition's check finds where AWS
 * documents only that it does.
 */
import { randomUUID } from 'node:crypto';
import { AwsError } from '../aws/service.ts';
import type { Clock } from '../clock.ts';
import type { Execution, ExecutionStatus } from './execution.ts';
import { createMemoryExecutionStore, type ExecutionStore } from './execution-store.ts';
import type { Failure } from './failures.ts';
import { type HistoryEvent, inputDetails, recordAfter, withoutExecutionData } from './history.ts';
import {
  type Integrations,
  type InvokeFunction,
  LAMBDA_INTEGRATIONS,
  type TaskAnswer,
} from './integrations.ts';
import { advance, type Event, nextDeadline } from './interpreter.ts';
import { checkArn, checkName, executionArn } from './names.ts';
import { type Page, pageOf } from './paging.ts';
import { parseInput, parseOutput } from './payloads.ts';
import { createRun, type Run } from './run.ts';
import { createStateMachines, type StateMachines } from './state-machines.ts';
import { readToken } from './task-tokens.ts';
import type { TaskCall, TaskResult } from './tasks.ts';
import { type TestedState, type TestState, testState } from './test-state.ts';

export interface EngineOptions {
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  readonly invokeFunction: InvokeFunction;
  /** Beyond Lambda's, by `Resource`. */
  readonly integrations?: Integrations;
  /** In memory where absent. The engine takes up what is running in it. */
  readonly executions?: ExecutionStore;
  /** For the jitter of retries and for `$random`: from 0 up to, not including, 1. */
  readonly random?: () => number;
  readonly uuid?: () => string;
}

export interface StartExecution {
  readonly stateMachineArn: string;
  readonly name?: string | undefined;
  /** JSON text; `{}` where absent. */
  readonly input?: string | undefined;
}

/** The engine's operations. Dates are in milliseconds since the epoch; errors are `AwsError`s named as on AWS. */
export interface Engine {
  readonly stateMachines: StateMachines;
  testState(input: TestState): Promise<TestedState>;
  startExecution(input: StartExecution): { executionArn: string; startDate: number };
  /** Throws `ExecutionDoesNotExist`. */
  describeExecution(arn: string): Execution;
  getExecutionHistory(
    input: {
      executionArn: string;
      reverseOrder?: boolean | undefined;
      includeExecutionData?: boolean | undefined;
    } & Page,
  ): { items: HistoryEvent[]; nextToken?: string };
  listExecutions(input: { stateMachineArn: string; statusFilter?: ExecutionStatus | undefined } & Page): {
    items: Execution[];
    nextToken?: string;
  };
  stopExecution(input: { executionArn: string } & Failure): Promise<{ stopDate: number }>;
  sendTaskSuccess(input: { taskToken: string; output: string }): Promise<void>;
  sendTaskFailure(input: {
    taskToken: string;
    error?: string | undefined;
    cause?: string | undefined;
  }): Promise<void>;
  sendTaskHeartbeat(input: { taskToken: string }): Promise<void>;
  /** Resolves once every execution waits, for time, a token or a call's answer, or has ended. */
  settled(): Promise<void>;
}

/** An execution at work: its events are taken one after another. */
interface Worker {
  readonly run: Run;
  working: Promise<unknown>;
  cancelTimer: () => void;
}

export function createEngine(options: EngineOptions): Engine {
  const { clock, region, accountId, executions = createMemoryExecutionStore() } = options;
  const world = {
    region,
    now: () => clock.now(),
    random: options.random ?? Math.random,
    uuid: options.uuid ?? randomUUID,
  };
  const definitionOptions = {
    sources: world,
    integrations: { ...LAMBDA_INTEGRATIONS, ...options.integrations },
  };
  const stateMachines = createStateMachines({ ...world, accountId, ...definitionOptions });
  const workers = new Map<string, Worker>();
  const integrationContext = { region, accountId, invokeFunction: options.invokeFunction };

  /** Queues an event; resolves to whether the execution still waited for it. */
  function post(worker: Worker, event: Event): Promise<boolean> {
    const taken = worker.working.then(() => work(worker, event));
    worker.working = taken;
    return taken;
  }

  async function work(worker: Worker, event: Event): Promise<boolean> {
    const { execution } = worker.run;
    const { accepted, calls } = await advance(worker.run, event);
    executions.save(execution);
    worker.cancelTimer();
    worker.cancelTimer = () => {};
    if (execution.status !== 'RUNNING') {
      workers.delete(execution.arn);
      return accepted;
    }
    const takeDeadlines = () => void post(worker, { type: 'time' });
    const deadline = nextDeadline(execution);
    if (deadline <= clock.now()) takeDeadlines();
    else if (deadline < Infinity) worker.cancelTimer = clock.schedule(deadline, takeDeadlines);
    for (const call of calls) void make(worker, call);
    return accepted;
  }

  async function make(
    worker: Worker,
    { frameId, attempt, integration, parameters }: TaskCall,
  ): Promise<void> {
    let answer: TaskAnswer;
    try {
      const { roleArn } = worker.run.execution;
      answer = await integration.call(parameters, { ...integrationContext, roleArn });
    } catch (error) {
      answer = { ok: false, error: 'States.TaskFailed', cause: String(error) };
    }
    await post(worker, { type: 'answer', frameId, attempt, answer });
  }

  function describeExecution(arn: string): Execution {
    checkArn(arn, 'execution');
    const execution = executions.get(arn);
    if (execution === undefined)
      throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return execution;
  }

  function startExecution({ stateMachineArn, name = world.uuid(), input = '{}' }: StartExecution) {
    const record = stateMachines.describe(stateMachineArn);
    checkName(name);
    const parsedInput = parseInput(input);
    const arn = executionArn({ region, accountId }, record.name, name);
    const existing = executions.get(arn);
    if (existing !== undefined) {
      // Starting again is starting once, while it runs: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
      if (existing.status === 'RUNNING' && existing.input === input)
        return { executionArn: arn, startDate: existing.startedAt };
      throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    }
    const { timeoutSeconds, startAt } = stateMachines.load(record.definition);
    const startedAt = clock.now();
    const execution: Execution = {
      arn,
      name,
      stateMachineArn,
      stateMachineName: record.name,
      roleArn: record.roleArn,
      definition: record.definition,
      input,
      startedAt,
      status: 'RUNNING',
      ...(timeoutSeconds === undefined ? {} : { deadline: startedAt + timeoutSeconds * 1000 }),
      history: [],
      frames: {},
      nextFrameId: 1,
    };
    recordAfter(execution, 0, startedAt, 'ExecutionStarted', 'executionStartedEventDetails', {
      ...inputDetails(input),
      roleArn: record.roleArn,
    });
    const next = { name: startAt, input: parsedInput };
    execution.frames[0] = { id: 0, index: 0, previousEventId: 0, variables: {}, next };
    executions.save(execution);
    takeUp(execution);
    return { executionArn: arn, startDate: startedAt };
  }

  function takeUp(execution: Execution): void {
    const run = createRun(execution, stateMachines.load(execution.definition), world);
    const worker: Worker = { run, working: Promise.resolve(), cancelTimer: () => {} };
    workers.set(execution.arn, worker);
    void post(worker, { type: 'resume' });
  }

  async function sendToken(taskToken: string, message: TaskResult | 'heartbeat'): Promise<void> {
    const token = readToken(taskToken);
    if (token === undefined) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
    const worker = workers.get(token.executionArn);
    const { frameId } = token;
    const accepted =
      worker !== undefined && (await post(worker, { type: 'token', frameId, token: taskToken, message }));
    if (!accepted)
      throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
  }

  executions.running().forEach(takeUp);
  return {
    stateMachines,
    testState: (input) => testState(input, { ...definitionOptions, world, integrationContext }),
    startExecution,
    describeExecution,
    getExecutionHistory({ executionArn: arn, reverseOrder, includeExecutionData, ...page }) {
      const { history } = describeExecution(arn);
      const { items, ...rest } = pageOf(reverseOrder ? history.toReversed() : history, page);
      return { items: includeExecutionData === false ? items.map(withoutExecutionData) : items, ...rest };
    },
    listExecutions({ stateMachineArn, statusFilter, ...page }) {
      const all = executions.list(stateMachines.describe(stateMachineArn).arn);
      return pageOf(statusFilter ? all.filter(({ status }) => status === statusFilter) : all, page);
    },
    async stopExecution({ executionArn: arn, ...failure }) {
      const execution = describeExecution(arn);
      const worker = workers.get(arn);
      if (worker !== undefined) await post(worker, { type: 'stop', failure });
      return { stopDate: execution.stoppedAt ?? clock.now() };
    },
    async sendTaskSuccess({ taskToken, output }) {
      await sendToken(taskToken, { ok: true, output: parseOutput(output) });
    },
    async sendTaskFailure({ taskToken, error, cause }) {
      await sendToken(taskToken, {
        ok: false,
        ...(error === undefined ? {} : { error }),
        ...(cause === undefined ? {} : { cause }),
      });
    },
    async sendTaskHeartbeat({ taskToken }) {
      await sendToken(taskToken, 'heartbeat');
    },
    async settled() {
      // An answer that has just come is queued in a later turn, and what is taken may queue more.
      for (let before: unknown[] = []; ; ) {
        await new Promise((resolve) => setImmediate(resolve));
        const working = [...workers.values()].map((worker) => worker.working);
        if (working.length === before.length && working.every((work, index) => work === before[index]))
          return;
        await Promise.all(working);
        before = [...workers.values()].map((worker) => worker.working);
      }
    },
  };
}
