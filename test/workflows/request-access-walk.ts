import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Execution } from '../../local/asl/execution.ts';
import type { FunctionAnswer } from '../../local/asl/integrations.ts';
import type { Json, JsonObject } from '../../local/asl/json.ts';
import { type WorkflowName, workflows } from '../../workflows/manifest.ts';
import { createWorkbench, START, type Workbench } from '../unit/asl/workbench.ts';

type Rule = {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts?: number;
  readonly Next?: string;
};

/** What the tests read of a state. */
export interface State {
  readonly Type: string;
  readonly Retry?: readonly Rule[];
  readonly Catch?: readonly Rule[];
  readonly [field: string]: unknown;
}

export function definitionText(name: WorkflowName): string {
  return readFileSync(join(import.meta.dirname, `../../workflows/${name}.asl.json`), 'utf8');
}

const text = definitionText('request-access');
export const states: Readonly<Record<string, State>> = JSON.parse(text).States;
export type TaskName = keyof (typeof workflows)['request-access'];
export const taskNames = Object.keys(workflows['request-access']) as TaskName[];

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:';
/** The definition with every placeholder bound to the function of its name. */
const definition: object = JSON.parse(text.replaceAll(/\$\{(\w+)FunctionArn\}/g, `${FUNCTION}$1`));

export const REQUEST_ID = 'req-1';
export const APPROVAL_TIMEOUT_SECONDS = 24 * 3600;
export const STEP_UP_TIMEOUT_SECONDS = 900;
export const GRANT_SECONDS = 3600;

/** What a function does when it is called: it answers, throws an error of this name, or never answers. */
export type Act = { readonly answers: JsonObject } | { readonly throws: string } | 'never answers';

/** What each function does, call by call; the last act goes on. A function without acts does as usual. */
export type Script = Partial<Record<TaskName, readonly Act[]>>;

export function decision(outcome: string): JsonObject {
  return {
    outcome,
    approvalTimeoutSeconds: APPROVAL_TIMEOUT_SECONDS,
    stepUpTimeoutSeconds: STEP_UP_TIMEOUT_SECONDS,
  };
}

/** What the functions answer on the path of a request that is permitted at once. */
const usual: Record<TaskName, JsonObject> = {
  VerifyRequester: { outcome: 'verified' },
  DecideAccess: decision('permitted'),
  RequestStepUp: { outcome: 'waiting' },
  RequestApproval: { outcome: 'waiting' },
  SettleApproval: { outcome: 'expired' },
  MintCredential: {
    outcome: 'active',
    expiresAt: new Date(START + GRANT_SECONDS * 1000).toISOString(),
  },
  HoldGrant: { outcome: 'held' },
  RevokeCredential: { outcome: 'revoked' },
  CloseGrant: { outcome: 'ended' },
  RecordUnrevoked: { outcome: 'unresolved' },
  RecordFailure: { outcome: 'failed' },
};

export const approvalRequired: Act = { answers: decision('approval_required') };
export const stepUpRequired: Act = { answers: decision('step_up_required') };

/** A run of the workflow on a frozen clock. */
export interface Walk {
  /** The states that were entered, in their order. */
  entered(): string[];
  /** What each call of a function was given. */
  calls(task: TaskName): JsonObject[];
  /** When each call of a function was made, in seconds since the start. */
  callTimes(task: TaskName): number[];
  /** Answers the wait that this task began last. */
  answer(task: TaskName, output: JsonObject): Promise<void>;
  pass(seconds: number, step?: number): Promise<void>;
  execution(): Execution;
}

/** Starts the workflow and lets it go as far as it can without time passing. */
export async function walk(script: Script = {}, random: () => number = () => 0): Promise<Walk> {
  const made: { task: TaskName; payload: JsonObject; at: number }[] = [];
  const workbench: Workbench = createWorkbench({
    random,
    functions: async ({ functionArn, payload }) => {
      const task = functionArn.slice(FUNCTION.length) as TaskName;
      const nth = made.filter((call) => call.task === task).length;
      made.push({ task, payload: payload as JsonObject, at: workbench.clock.now() });
      const acts = script[task] ?? [];
      const act = acts[nth] ?? acts.at(-1) ?? { answers: usual[task] };
      if (act === 'never answers') return new Promise<FunctionAnswer>(() => {});
      if ('answers' in act) return { ok: true, payload: act.answers as Json };
      return { ok: false, error: act.throws, cause: '{}' };
    },
  });
  const arn = await workbench.start(definition, { requestId: REQUEST_ID });
  const callsOf = (task: TaskName) => made.filter((call) => call.task === task);
  return {
    entered: () =>
      workbench
        .execution(arn)
        .history.flatMap((event) =>
          'stateEnteredEventDetails' in event
            ? [(event['stateEnteredEventDetails'] as { name: string }).name]
            : [],
        ),
    calls: (task) => callsOf(task).map(({ payload }) => payload),
    callTimes: (task) => callsOf(task).map(({ at }) => (at - START) / 1000),
    answer: async (task, output) => {
      const taskToken = String(callsOf(task).at(-1)?.payload['taskToken']);
      await workbench.engine.sendTaskSuccess({ taskToken, output: JSON.stringify(output) });
      await workbench.engine.settled();
    },
    pass: (seconds, step = seconds) => workbench.pass(seconds * 1000, step * 1000),
    execution: () => workbench.execution(arn),
  };
}
