import { describe, expect, it } from 'vitest';
import type { FunctionAnswer, FunctionRequest } from '../../../local/asl/integrations.ts';
import type { Json } from '../../../local/asl/json.ts';
import { createWorkbench, detailsOf, outline } from './workbench.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
const machine = (state: object) => ({
  StartAt: 'Work',
  States: {
    Work: { Type: 'Task', End: true, ...state },
    ...('Catch' in state ? { Caught: { Type: 'Pass', End: true } } : {}),
  },
});
const direct = (more: object = {}) => machine({ Resource: FUNCTION, ...more });
const invoke = (more: object = {}) =>
  machine({ Resource: 'arn:aws:states:::lambda:invoke', Arguments: { FunctionName: 'work' }, ...more });
const approve = (more: object = {}) =>
  machine({
    Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
    Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
    ...more,
  });

/** A function that keeps the tokens it is given. */
function tokenKeeper() {
  const tokens: string[] = [];
  return {
    tokens,
    functions: async ({ payload }: FunctionRequest): Promise<FunctionAnswer> => {
      tokens.push((payload as { token: string }).token);
      return { ok: true, payload: null };
    },
  };
}

describe('a Task that calls a function', () => {
  it('passes its Arguments, or its input, to a function by its ARN', async () => {
    const { run } = createWorkbench();
    expect((await run(direct(), { n: 1 })).output).toBe('{"n":1}');
    expect((await run(direct({ Arguments: ['{% $states.input.n %}'] }), { n: 1 })).output).toBe('[1]');
  });

  it('names the function by name, ARN and qualifier', async () => {
    const requests: FunctionRequest[] = [];
    const { run } = createWorkbench({
      functions: async (request) => {
        requests.push(request);
        return { ok: true, payload: request.payload };
      },
    });
    await run(invoke());
    await run(invoke({ Arguments: { FunctionName: FUNCTION, Qualifier: 'live', Payload: [1] } }));
    expect(requests).toMatchObject([
      { functionArn: FUNCTION, payload: {} },
      { functionArn: `${FUNCTION}:live`, payload: [1] },
    ]);
  });

  it('times out without waiting for the function, and ignores its late answer', async () => {
    let answer: () => void = () => {};
    const workbench = createWorkbench({
      functions: () =>
        new Promise((resolve) => {
          answer = () => resolve({ ok: true, payload: 'late' });
        }),
    });
    const Retry = [{ ErrorEquals: ['States.Timeout'], IntervalSeconds: 10, MaxAttempts: 1 }];
    const arn = await workbench.start(invoke({ TimeoutSeconds: '{% $states.input.limit %}', Retry }), {
      limit: 30,
    });
    await workbench.pass(29_999);
    expect(workbench.execution(arn).history).toHaveLength(4);
    await workbench.pass(1);
    answer();
    await workbench.engine.settled();
    await workbench.pass(10_000);
    answer();
    await workbench.engine.settled();
    const execution = workbench.execution(arn);
    expect(execution.status).toBe('SUCCEEDED');
    expect(outline(execution)).toEqual([
      '1<0: ExecutionStarted',
      '2<0: TaskStateEntered Work',
      '3<2: TaskScheduled',
      '4<3: TaskStarted',
      '5<4: TaskTimedOut',
      '6<5: TaskScheduled',
      '7<6: TaskStarted',
      '8<7: TaskSucceeded',
      '9<8: TaskStateExited Work',
      '10<9: ExecutionSucceeded',
    ]);
    expect(detailsOf(execution, 'TaskTimedOut')).toEqual({
      resourceType: 'lambda',
      resource: 'invoke',
      error: 'States.Timeout',
    });
  });

  it('catches its timeout with an empty cause', async () => {
    const workbench = createWorkbench({ functions: () => new Promise(() => {}) });
    const Catch = [{ ErrorEquals: ['States.Timeout'], Next: 'Caught' }];
    const arn = await workbench.start(direct({ TimeoutSeconds: 5, Catch }));
    await workbench.pass(5000);
    expect(workbench.execution(arn).output).toBe('{"Error":"States.Timeout","Cause":""}');
  });

  it('fails with what the function threw', async () => {
    const cause = '{"errorMessage":"no","errorType":"Refused","trace":[]}';
    const { run } = createWorkbench({ functions: async () => ({ ok: false, error: 'Refused', cause }) });
    const execution = await run(direct());
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Refused', cause });
    expect(detailsOf(execution, 'LambdaFunctionFailed')).toEqual({ error: 'Refused', cause });
  });

  it('fails as a task where the call itself breaks', async () => {
    const { run } = createWorkbench({ functions: () => Promise.reject(new Error('no route')) });
    expect(await run(invoke())).toMatchObject({ error: 'States.TaskFailed', cause: 'Error: no route' });
  });

  it('calls what else it is taught to', async () => {
    const { run } = createWorkbench({
      integrations: {
        'arn:aws:states:::events:putEvents': {
          task: { resourceType: 'events', resource: 'putEvents' },
          waitsForTaskToken: false,
          parameters: { required: ['Entries'], optional: [] },
          call: async (parameters) => ({ ok: true, output: parameters }),
        },
      },
    });
    const resource = { Resource: 'arn:aws:states:::events:putEvents' };
    expect((await run(machine({ ...resource, Arguments: { Entries: [] } }))).output).toBe('{"Entries":[]}');
    await expect(run(machine({ ...resource, Arguments: { Entry: [] } }))).rejects.toThrow(
      "Field 'Entry' is not supported at /States/Work/Arguments",
    );
  });
});

describe('a Task that waits for its token', () => {
  it('succeeds with what the token brings', async () => {
    const { tokens, functions } = tokenKeeper();
    const workbench = createWorkbench({ functions });
    const arn = await workbench.start(approve());
    await workbench.pass(8 * 3_600_000);
    await workbench.engine.sendTaskSuccess({ taskToken: tokens[0] ?? '', output: '{"by":"ann"}' });
    const execution = workbench.execution(arn);
    expect([execution.status, execution.output]).toEqual(['SUCCEEDED', '{"by":"ann"}']);
    expect(outline(execution).slice(2)).toEqual([
      '3<2: TaskScheduled',
      '4<3: TaskStarted',
      '5<4: TaskSubmitted',
      '6<5: TaskSucceeded',
      '7<6: TaskStateExited Work',
      '8<7: ExecutionSucceeded',
    ]);
  });

  it('fails with what the token brings', async () => {
    const { tokens, functions } = tokenKeeper();
    const workbench = createWorkbench({ functions });
    const arn = await workbench.start(approve());
    await workbench.engine.sendTaskFailure({ taskToken: tokens[0] ?? '', error: 'Denied', cause: 'by ann' });
    expect(workbench.execution(arn)).toMatchObject({ status: 'FAILED', error: 'Denied', cause: 'by ann' });
  });

  it('takes the token once, even when it is sent twice at the same time', async () => {
    const { tokens, functions } = tokenKeeper();
    const workbench = createWorkbench({ functions });
    const arn = await workbench.start(approve());
    const taskToken = tokens[0] ?? '';
    const sent = await Promise.allSettled([
      workbench.engine.sendTaskSuccess({ taskToken, output: '1' }),
      workbench.engine.sendTaskSuccess({ taskToken, output: '2' }),
    ]);
    expect(sent.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(sent[1]).toMatchObject({ reason: { code: 'TaskTimedOut' } });
    expect(workbench.execution(arn).output).toBe('1');
  });

  it('refuses a token that came too late, of an earlier attempt, or of an ended execution', async () => {
    const { tokens, functions } = tokenKeeper();
    const workbench = createWorkbench({ functions });
    const Retry = [{ ErrorEquals: ['States.Timeout'], MaxAttempts: 1 }];
    const arn = await workbench.start(approve({ TimeoutSeconds: 60, Retry }));
    await workbench.pass(60_000);
    await workbench.pass(1000);
    const [first = '', second = ''] = tokens;
    expect(first).not.toBe(second);
    await expect(workbench.engine.sendTaskSuccess({ taskToken: first, output: '1' })).rejects.toMatchObject({
      code: 'TaskTimedOut',
    });
    await workbench.engine.stopExecution({ executionArn: arn });
    await expect(workbench.engine.sendTaskHeartbeat({ taskToken: second })).rejects.toMatchObject({
      code: 'TaskTimedOut',
    });
  });

  it('refuses what is no token, and a result that is no JSON', async () => {
    const { tokens, functions } = tokenKeeper();
    const workbench = createWorkbench({ functions });
    await workbench.start(approve());
    for (const taskToken of ['nonsense', `x${tokens[0]}`])
      await expect(workbench.engine.sendTaskSuccess({ taskToken, output: '1' })).rejects.toMatchObject({
        code: 'InvalidToken',
      });
    const forged = Buffer.from(
      Buffer.from(tokens[0] ?? '', 'base64url')
        .toString()
        .replace(/.{5}"\]$/, 'aaaaa"]'),
    );
    await expect(
      workbench.engine.sendTaskSuccess({ taskToken: forged.toString('base64url'), output: '1' }),
    ).rejects.toMatchObject({ code: 'TaskTimedOut' });
    await expect(
      workbench.engine.sendTaskSuccess({ taskToken: tokens[0] ?? '', output: '{' }),
    ).rejects.toMatchObject({ code: 'InvalidOutput' });
  });

  it('lives on by heartbeats, and times out for want of one', async () => {
    const { tokens, functions } = tokenKeeper();
    const workbench = createWorkbench({ functions });
    const Catch = [{ ErrorEquals: ['States.HeartbeatTimeout'], Next: 'Caught' }];
    const arn = await workbench.start(approve({ HeartbeatSeconds: 60, TimeoutSeconds: 600, Catch }));
    for (let beats = 0; beats < 5; beats += 1) {
      await workbench.pass(59_000);
      await workbench.engine.sendTaskHeartbeat({ taskToken: tokens[0] ?? '' });
    }
    await workbench.pass(59_999);
    expect(workbench.execution(arn).status).toBe('RUNNING');
    await workbench.pass(1);
    const execution = workbench.execution(arn);
    expect(execution.output).toBe('{"Error":"States.Timeout","Cause":""}');
    expect(detailsOf(execution, 'TaskScheduled')).toMatchObject({
      heartbeatInSeconds: 60,
      timeoutInSeconds: 600,
    });
    expect(detailsOf(execution, 'TaskTimedOut')).toMatchObject({ error: 'States.Timeout' });
  });

  it('times out in spite of heartbeats', async () => {
    const { tokens, functions } = tokenKeeper();
    const workbench = createWorkbench({ functions });
    const arn = await workbench.start(approve({ HeartbeatSeconds: 60, TimeoutSeconds: 100 }));
    await workbench.pass(50_000);
    await workbench.engine.sendTaskHeartbeat({ taskToken: tokens[0] ?? '' });
    await workbench.pass(50_000);
    expect(workbench.execution(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });

  it('fails at once where the call that submits it fails', async () => {
    const { run } = createWorkbench({
      functions: async () => ({ ok: false, error: 'Refused', cause: '{}' }),
    });
    expect(await run(approve())).toMatchObject({ status: 'FAILED', error: 'Refused' });
  });

  it('takes a token that arrives before the call has answered', async () => {
    const workbench: ReturnType<typeof createWorkbench> = createWorkbench({
      functions: async ({ payload }) => {
        const { token } = payload as { token: string };
        await workbench.engine.sendTaskSuccess({ taskToken: token, output: '"early"' });
        return { ok: true, payload: null as Json };
      },
    });
    const execution = await workbench.run(approve());
    expect(execution.output).toBe('"early"');
    expect(outline(execution)).not.toContain('5<4: TaskSubmitted');
  });
});
