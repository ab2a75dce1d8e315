import { describe, expect, it } from 'vitest';
import type { FunctionAnswer, FunctionRequest } from '../../../local/asl/integrations.ts';
import { createWorkbench } from './workbench.ts';

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

  it('catches its timeout with an empty cause', async () => {
    const workbench = createWorkbench({ functions: () => new Promise(() => {}) });
    const Catch = [{ ErrorEquals: ['States.Timeout'], Next: 'Caught' }];
    const arn = await workbench.start(direct({ TimeoutSeconds: 5, Catch }));
    await workbench.pass(5000);
    expect(workbench.execution(arn).output).toBe('{"Error":"States.Timeout","Cause":""}');
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

  it('refuses a token that is forged from one of its own', async () => {
    const { tokens, functions } = tokenKeeper();
    const workbench = createWorkbench({ functions });
    await workbench.start(approve());
    const [token = ''] = tokens;
    const told = Buffer.from(token, 'base64url').toString();
    const forged = Buffer.from(told.replace(/.{5}"\]$/, 'aaaaa"]')).toString('base64url');
    await expect(workbench.engine.sendTaskSuccess({ taskToken: forged, output: '1' })).rejects.toMatchObject({
      code: 'TaskTimedOut',
    });
    await expect(
      workbench.engine.sendTaskSuccess({ taskToken: `x${token}`, output: '1' }),
    ).rejects.toMatchObject({ code: 'InvalidToken' });
  });

  it('fails at once where the call that submits it fails', async () => {
    const { run } = createWorkbench({
      functions: async () => ({ ok: false, error: 'Refused', cause: '{}' }),
    });
    expect(await run(approve())).toMatchObject({ status: 'FAILED', error: 'Refused' });
  });
});
