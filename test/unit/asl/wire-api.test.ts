import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type ExecutionStatus,
  GetExecutionHistoryCommand,
  InvalidArn,
  InvalidDefinition,
  InvalidExecutionInput,
  InvalidName,
  InvalidOutput,
  InvalidToken,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  paginateGetExecutionHistory,
  paginateListExecutions,
  paginateListStateMachines,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StateMachineAlreadyExists,
  StateMachineDoesNotExist,
  StopExecutionCommand,
  TaskTimedOut,
  TestStateCommand,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsError, type AwsService, type JsonObject } from '../../../local/aws/service.ts';
import { createStepFunctionsService } from '../../../local/aws/step-functions.ts';
import { createWorkbench, START, type Workbench } from './workbench.ts';

const ROLE = 'arn:aws:iam::111111111111:role/workflow';
const PASS = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Only',
  States: { Only: { Type: 'Pass', Output: { got: '{% $states.input.n %}' }, End: true } },
});
const APPROVE = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Approve',
  States: {
    Approve: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
      End: true,
    },
  },
});

let workbench: Workbench;
let server: Server;
let client: SFNClient;
let tokens: string[];

beforeEach(async () => {
  tokens = [];
  workbench = createWorkbench({
    functions: async ({ payload }) => {
      tokens.push((payload as { token: string }).token);
      return { ok: true, payload: null };
    },
  });
  server = serve(createStepFunctionsService(workbench.engine));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new SFNClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    // TestState's host has a prefix on AWS, which an address has not.
    disableHostPrefix: true,
  });
});

afterEach(() => {
  client.destroy();
  server.close();
});

describe('the wire API, through the SDK', () => {
  it('creates, describes, updates and lists state machines', async () => {
    const created = await create('first', PASS);
    expect(created.creationDate).toEqual(new Date(START));
    const stateMachineArn = 'arn:aws:states:us-east-1:111111111111:stateMachine:first';
    expect(created.stateMachineArn).toBe(stateMachineArn);
    expect(await create('first', PASS)).toMatchObject({ stateMachineArn });
    await expect(create('first', APPROVE)).rejects.toThrow(StateMachineAlreadyExists);
    await expect(create('no spaces', PASS)).rejects.toThrow(InvalidName);
    await expect(create('second', '{"StartAt":"A"}')).rejects.toThrow(InvalidDefinition);

    const described = new DescribeStateMachineCommand({ stateMachineArn });
    expect(await client.send(described)).toMatchObject({
      definition: PASS,
      status: 'ACTIVE',
      type: 'STANDARD',
    });
    const updated = await client.send(
      new UpdateStateMachineCommand({ stateMachineArn, definition: APPROVE }),
    );
    expect(updated.updateDate).toEqual(new Date(START));
    expect(await client.send(described)).toMatchObject({
      definition: APPROVE,
      revisionId: updated.revisionId,
    });
    const { stateMachines } = await client.send(new ListStateMachinesCommand({}));
    expect(stateMachines?.map(({ name }) => name)).toEqual(['first']);
    const unknown = new DescribeStateMachineCommand({ stateMachineArn: `${stateMachineArn}-not` });
    await expect(client.send(unknown)).rejects.toThrow(StateMachineDoesNotExist);
  });

  it('starts an execution, describes it and tells its history', async () => {
    const { stateMachineArn } = await create('first', PASS);
    const { executionArn, startDate } = await start(stateMachineArn, 'one', '{"n":7}');
    expect(startDate).toEqual(new Date(START));
    await workbench.engine.settled();
    expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: 'SUCCEEDED',
      input: '{"n":7}',
      output: '{"got":7}',
      stopDate: new Date(START),
    });
    const { events } = await client.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true }),
    );
    expect(events?.map(({ id, type }) => [id, type])).toEqual([
      [4, 'ExecutionSucceeded'],
      [3, 'PassStateExited'],
      [2, 'PassStateEntered'],
      [1, 'ExecutionStarted'],
    ]);
    expect(events?.[3]).toMatchObject({
      timestamp: new Date(START),
      executionStartedEventDetails: { roleArn: ROLE },
    });
    const unknown = new DescribeExecutionCommand({ executionArn: `${executionArn}-not` });
    await expect(client.send(unknown)).rejects.toThrow(ExecutionDoesNotExist);
    await expect(client.send(new DescribeExecutionCommand({ executionArn: 'nonsense' }))).rejects.toThrow(
      InvalidArn,
    );
  });

  it('gives histories in pages, and without data when asked to', async () => {
    const { stateMachineArn } = await create('first', PASS);
    const { executionArn } = await start(stateMachineArn, 'one', '{"n":"data"}');
    await workbench.engine.settled();
    const get = (nextToken?: string) =>
      client.send(
        new GetExecutionHistoryCommand({
          executionArn,
          maxResults: 3,
          nextToken,
          includeExecutionData: false,
        }),
      );
    const first = await get();
    const second = await get(first.nextToken);
    expect([first.events?.length, second.events?.length, second.nextToken]).toEqual([3, 1, undefined]);
    expect(JSON.stringify([first.events, second.events])).not.toContain('data"');
    await expect(get('nonsense')).rejects.toThrow(InvalidToken);
  });

  it('gives histories backwards in pages that leave nothing out', async () => {
    const { stateMachineArn } = await create('first', PASS);
    const { executionArn } = await start(stateMachineArn, 'one', '{"n":7}');
    await workbench.engine.settled();
    const config = { client, pageSize: 3 };
    const ids: unknown[] = [];
    for await (const page of paginateGetExecutionHistory(config, { executionArn, reverseOrder: true }))
      ids.push(page.events?.map(({ id }) => id));
    expect(ids).toEqual([[4, 3, 2], [1]]);
  });

  it('lists state machines and executions in pages', async () => {
    for (const name of ['a', 'b', 'c']) await create(name, PASS);
    const machines: unknown[] = [];
    for await (const page of paginateListStateMachines({ client, pageSize: 2 }, {}))
      machines.push(page.stateMachines?.map(({ name }) => name));
    expect(machines).toEqual([['a', 'b'], ['c']]);

    const { stateMachineArn } = await create('a', PASS);
    for (const name of ['one', 'two', 'three']) {
      await start(stateMachineArn, name, '{}');
      workbench.clock.leap(1000);
    }
    await workbench.engine.settled();
    const executions: unknown[] = [];
    for await (const page of paginateListExecutions({ client, pageSize: 2 }, { stateMachineArn }))
      executions.push(page.executions?.map(({ name }) => name));
    expect(executions).toEqual([['three', 'two'], ['one']]);

    for (const nextToken of ['nonsense', Buffer.from('offset:-1').toString('base64')]) {
      await expect(client.send(new ListStateMachinesCommand({ nextToken }))).rejects.toThrow(InvalidToken);
      await expect(client.send(new ListExecutionsCommand({ stateMachineArn, nextToken }))).rejects.toThrow(
        InvalidToken,
      );
    }
  });

  it('lists executions by each status', async () => {
    const { stateMachineArn: pass } = await create('pass', PASS);
    const { stateMachineArn } = await create(
      'approve',
      JSON.stringify({ ...JSON.parse(APPROVE), TimeoutSeconds: 60 }),
    );
    const list = async (statusFilter: ExecutionStatus) =>
      (await client.send(new ListExecutionsCommand({ stateMachineArn, statusFilter }))).executions;
    const names = ['times-out', 'succeeds', 'fails', 'is-stopped'];
    const arns: (string | undefined)[] = [];
    for (const name of names) arns.push((await start(stateMachineArn, name, '{}')).executionArn);
    await workbench.engine.settled();
    const [, toSucceed, toFail] = tokens;
    await client.send(new SendTaskSuccessCommand({ taskToken: toSucceed, output: '{}' }));
    await client.send(new SendTaskFailureCommand({ taskToken: toFail, error: 'No', cause: 'Not today' }));
    await client.send(new StopExecutionCommand({ executionArn: arns[3] }));
    expect(await list('RUNNING')).toMatchObject([{ name: 'times-out', status: 'RUNNING' }]);
    await workbench.pass(60_000);

    const endings: [ExecutionStatus, string, number][] = [
      ['SUCCEEDED', 'succeeds', START],
      ['FAILED', 'fails', START],
      ['ABORTED', 'is-stopped', START],
      ['TIMED_OUT', 'times-out', START + 60_000],
    ];
    for (const [status, name, stoppedAt] of endings)
      expect(await list(status)).toEqual([
        expect.objectContaining({
          name,
          status,
          stateMachineArn,
          startDate: new Date(START),
          stopDate: new Date(stoppedAt),
        }),
      ]);
    expect(await list('RUNNING')).toEqual([]);
    expect(await client.send(new DescribeExecutionCommand({ executionArn: arns[2] }))).toMatchObject({
      status: 'FAILED',
      error: 'No',
      cause: 'Not today',
    });
    expect((await client.send(new ListExecutionsCommand({ stateMachineArn: pass }))).executions).toEqual([]);
  });

  it('tells times to the millisecond', async () => {
    workbench.clock.leap(123);
    const { stateMachineArn } = await create('approve', APPROVE);
    const { executionArn, startDate } = await start(stateMachineArn, 'one', '{}');
    await workbench.engine.settled();
    const { events } = await client.send(new GetExecutionHistoryCommand({ executionArn }));
    const { stopDate } = await client.send(new StopExecutionCommand({ executionArn }));
    for (const date of [startDate, events?.[0]?.timestamp, stopDate])
      expect(date?.toISOString()).toBe('2026-01-01T00:00:00.123Z');
  });

  it('starts an execution once for one name and input while it runs, and never again afterwards', async () => {
    const { stateMachineArn } = await create('approve', APPROVE);
    const first = await start(stateMachineArn, 'same', '{}');
    expect(await start(stateMachineArn, 'same', '{}')).toMatchObject({ executionArn: first.executionArn });
    await expect(start(stateMachineArn, 'same', '{"other":1}')).rejects.toThrow(ExecutionAlreadyExists);
    await client.send(
      new StopExecutionCommand({ executionArn: first.executionArn, error: 'Enough', cause: 'Tired' }),
    );
    await expect(start(stateMachineArn, 'same', '{}')).rejects.toThrow(ExecutionAlreadyExists);
    expect(
      await client.send(new DescribeExecutionCommand({ executionArn: first.executionArn })),
    ).toMatchObject({ status: 'ABORTED', error: 'Enough', cause: 'Tired' });
    await start(stateMachineArn, 'another', '{}');
    const list = (statusFilter?: 'RUNNING') =>
      client.send(new ListExecutionsCommand({ stateMachineArn, statusFilter }));
    expect((await list()).executions?.map(({ name }) => name)).toEqual(['another', 'same']);
    expect((await list('RUNNING')).executions?.map(({ name }) => name)).toEqual(['another']);
  });

  it('takes a task token once', async () => {
    const { stateMachineArn } = await create('approve', APPROVE);
    const { executionArn } = await start(stateMachineArn, 'one', '{}');
    await workbench.engine.settled();
    const taskToken = tokens[0];
    await client.send(new SendTaskHeartbeatCommand({ taskToken }));
    await client.send(new SendTaskSuccessCommand({ taskToken, output: '"granted"' }));
    expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: 'SUCCEEDED',
      output: '"granted"',
    });
    await expect(client.send(new SendTaskSuccessCommand({ taskToken, output: '1' }))).rejects.toThrow(
      TaskTimedOut,
    );
    await expect(client.send(new SendTaskFailureCommand({ taskToken, error: 'Late' }))).rejects.toThrow(
      TaskTimedOut,
    );
    await expect(client.send(new SendTaskFailureCommand({ taskToken: 'nonsense' }))).rejects.toThrow(
      InvalidToken,
    );
  });

  it('takes no answer once no heartbeat has come in time', async () => {
    const definition = JSON.parse(APPROVE);
    definition.States.Approve.HeartbeatSeconds = 10;
    const { stateMachineArn } = await create('approve', JSON.stringify(definition));
    const { executionArn } = await start(stateMachineArn, 'one', '{}');
    await workbench.engine.settled();
    const taskToken = tokens[0];
    await workbench.pass(9000);
    await client.send(new SendTaskHeartbeatCommand({ taskToken }));
    await workbench.pass(9000);
    expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: 'RUNNING',
    });
    await workbench.pass(1500);
    for (const late of [
      client.send(new SendTaskHeartbeatCommand({ taskToken })),
      client.send(new SendTaskSuccessCommand({ taskToken, output: '1' })),
    ])
      await expect(late).rejects.toThrow(TaskTimedOut);
    expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: 'FAILED',
      error: 'States.Timeout',
    });
  });

  const absent = 'arn:aws:states:us-east-1:111111111111:stateMachine:absent';
  const gone = 'arn:aws:states:us-east-1:111111111111:execution:absent:gone';
  const taskToken = 'bm9uc2Vuc2U';
  it.each<[string, () => Promise<unknown>, new (...parts: never[]) => Error]>([
    ['start without a machine', () => start(absent, 'one', '{}'), StateMachineDoesNotExist],
    ['start by no ARN', () => start('nonsense', 'one', '{}'), InvalidArn],
    ["start by an execution's ARN", () => start(gone, 'one', '{}'), InvalidArn],
    [
      'list without a machine',
      () => client.send(new ListExecutionsCommand({ stateMachineArn: absent })),
      StateMachineDoesNotExist,
    ],
    [
      'list by no ARN',
      () => client.send(new ListExecutionsCommand({ stateMachineArn: 'nonsense' })),
      InvalidArn,
    ],
    [
      'update without a machine',
      () => client.send(new UpdateStateMachineCommand({ stateMachineArn: absent, definition: PASS })),
      StateMachineDoesNotExist,
    ],
    [
      'describe no execution',
      () => client.send(new DescribeExecutionCommand({ executionArn: gone })),
      ExecutionDoesNotExist,
    ],
    [
      'describe by no ARN',
      () => client.send(new DescribeExecutionCommand({ executionArn: absent })),
      InvalidArn,
    ],
    [
      'tell the history of no execution',
      () => client.send(new GetExecutionHistoryCommand({ executionArn: gone })),
      ExecutionDoesNotExist,
    ],
    [
      'tell a history by no ARN',
      () => client.send(new GetExecutionHistoryCommand({ executionArn: 'nonsense' })),
      InvalidArn,
    ],
    [
      'stop no execution',
      () => client.send(new StopExecutionCommand({ executionArn: gone })),
      ExecutionDoesNotExist,
    ],
    ['stop by no ARN', () => client.send(new StopExecutionCommand({ executionArn: 'nonsense' })), InvalidArn],
    [
      'succeed by no token',
      () => client.send(new SendTaskSuccessCommand({ taskToken, output: '1' })),
      InvalidToken,
    ],
    ['fail by no token', () => client.send(new SendTaskFailureCommand({ taskToken })), InvalidToken],
    ['beat by no token', () => client.send(new SendTaskHeartbeatCommand({ taskToken })), InvalidToken],
  ])('does not %s', async (_, call, error) => {
    await expect(call()).rejects.toThrow(error);
  });

  it('takes only JSON for inputs and outputs', async () => {
    const { stateMachineArn } = await create('approve', APPROVE);
    await expect(start(stateMachineArn, 'one', '{')).rejects.toThrow(InvalidExecutionInput);
    await expect(start(stateMachineArn, 'no spaces', '{}')).rejects.toThrow(InvalidName);
    await start(stateMachineArn, 'one', '{}');
    await workbench.engine.settled();
    const [token] = tokens;
    await expect(client.send(new SendTaskSuccessCommand({ taskToken: token, output: '{' }))).rejects.toThrow(
      InvalidOutput,
    );
    await client.send(new SendTaskSuccessCommand({ taskToken: token, output: '{}' }));
  });

  it('tests a state, and shows its input where asked to', async () => {
    const definition = JSON.stringify({
      QueryLanguage: 'JSONata',
      Type: 'Succeed',
      Output: '{% $states.input.n %}',
    });
    const test = new TestStateCommand({ definition, input: '{"n":7}', inspectionLevel: 'DEBUG' });
    expect(await client.send(test)).toMatchObject({
      status: 'SUCCEEDED',
      output: '7',
      inspectionData: { input: '{"n":7}' },
    });
  });

  it('names a member that it would not honour', async () => {
    const filtered = new ListExecutionsCommand({
      mapRunArn: 'arn:aws:states:us-east-1:111111111111:mapRun:a/b:c',
    });
    await expect(client.send(filtered)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('Unrecognized key: "mapRunArn"'),
    });
    const { stateMachineArn } = await create('first', PASS);
    const tooMany = new ListExecutionsCommand({ stateMachineArn, maxResults: 1001 });
    await expect(client.send(tooMany)).rejects.toThrow(/Value at 'maxResults'/);
  });

  it('says which member of an input is wrong', async () => {
    await expect(client.send(new StartExecutionCommand({ stateMachineArn: '' }))).rejects.toThrow(
      /1 validation error detected: Value at 'stateMachineArn'/,
    );
  });
});

function create(name: string, definition: string) {
  return client.send(new CreateStateMachineCommand({ name, definition, roleArn: ROLE }));
}

function start(stateMachineArn: string | undefined, name: string, input: string) {
  return client.send(new StartExecutionCommand({ stateMachineArn, name, input }));
}

/** Just enough of a server: the target names the operation, and an error its shape. */
function serve(service: AwsService): Server {
  return createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const target = String(request.headers['x-amz-target']).replace(`${service.targetPrefix}.`, '');
    response.setHeader('content-type', service.contentType);
    try {
      const output = await service.operations[target]?.(JSON.parse(body) as JsonObject);
      response.end(JSON.stringify(output));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      response.statusCode = error.statusCode;
      response.end(JSON.stringify({ __type: error.code, message: error.message }));
    }
  });
}
