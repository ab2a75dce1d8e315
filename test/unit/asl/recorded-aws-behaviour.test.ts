import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../../../local/asl/history.ts';
import type { FunctionAnswer } from '../../../local/asl/integrations.ts';
import type { Json, JsonObject } from '../../../local/asl/json.ts';
import { createWorkbench } from './workbench.ts';

/**
 * Replays state machines whose behaviour was recorded on AWS itself (by the LocalStack project, Apache-2.0) and
 * compares status, output, error, cause and the events. The recordings are not part of this repository.
 */
const RECORDINGS = new URL('../../../../shared/corpus/asl-jsonata.json', import.meta.url);

interface StateTest {
  definition: string;
  input?: string;
  context?: string;
  mock?: { result?: string };
}

interface Recording {
  records: {
    kind: string;
    handler?: string;
    func_name?: string;
    definition?: string;
    execution_input?: string;
  }[];
  snapshot: {
    'recorded-content': {
      get_execution_history?: { events: JsonObject[] };
      test_case_response?: JsonObject;
      exception?: { exception_typename: string; exception_value: string };
      validation_exception?: { Error: { Code: string; Message: string } };
    };
  };
}

const recordings: Record<string, Recording> = existsSync(RECORDINGS)
  ? JSON.parse(readFileSync(RECORDINGS, 'utf8'))
  : {};

const executions = Object.entries(recordings).flatMap(([name, { records, snapshot }]) => {
  const execution = records.find(({ kind }) => kind === 'create_and_record_execution');
  const events = snapshot['recorded-content'].get_execution_history?.events;
  const { definition, execution_input: input } = execution ?? {};
  if (definition === undefined || input === undefined || events === undefined) return [];
  const raises = records.some(({ handler }) => handler?.includes('raise_exception'));
  return [{ name: name.replace(/^.*::/, ''), definition, input, events, raises }];
});

const stateTests = Object.entries(recordings).flatMap(([name, { records, snapshot }]) =>
  records
    .filter(({ kind }) => kind === 'api:test_state')
    .map((record) => ({
      name: name.replace(/^.*::/, ''),
      test: record as unknown as StateTest,
      recorded: snapshot['recorded-content'],
    })),
);

const inJsonata = executions.filter(({ definition }) => mixedInPlaces(JSON.parse(definition)).length === 0);
const mixed = executions.filter((execution) => !inJsonata.includes(execution));

describe.runIf(executions.length > 0)('what AWS recorded', () => {
  let agreed = 0;

  it.each(byName(inJsonata))('%s', async (_name, { definition, input, events, raises }) => {
    const workbench = createWorkbench({ functions: raises ? raise : undefined });
    const { arn } = workbench.create(definition);
    const { executionArn } = workbench.engine.startExecution({ stateMachineArn: arn, input });
    await workbench.engine.settled();
    await workbench.pass(60_000);
    const { history, status } = workbench.engine.describeExecution(executionArn);
    expect(status).toBe(events.at(-1)?.['type'] === 'ExecutionSucceeded' ? 'SUCCEEDED' : 'FAILED');
    expect(history.map(comparable)).toEqual(events.map(comparable));
    agreed += 1;
  });

  it.each(byName(mixed))('refused, as it mixes in JSONPath: %s', (_name, { definition }) => {
    const places = mixedInPlaces(JSON.parse(definition));
    expect(() => createWorkbench().create(definition)).toThrow(new RegExp(`at (${places.join('|')})[,']`));
    agreed += 1;
  });

  it.each(byName(stateTests))('TestState: %s', async (_name, { test, recorded }) => {
    const tested = createWorkbench().engine.testState(test);
    const { exception, validation_exception: refusal, test_case_response: response } = recorded;
    if (response !== undefined) {
      const { inspectionData: _, ResponseMetadata: __, ...expected } = response;
      expect(settle({ ...(await tested) })).toEqual(expected);
    } else {
      const error = await tested.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: exception?.exception_typename ?? refusal?.Error.Code });
      const message = exception?.exception_value.replace(/^.*? operation: /, '') ?? refusal?.Error.Message;
      expect(error).toMatchObject({ message });
    }
    agreed += 1;
  });

  afterAll(() => {
    process.stdout.write(
      `Agree with what AWS recorded: ${agreed} of ${executions.length + stateTests.length}\n`,
    );
  });
});

if (executions.length === 0)
  it('is compared with what AWS recorded', ({ skip }) => skip('The recordings are not at hand'));

function byName<T extends { name: string }>(cases: T[]): [string, T][] {
  return cases.map((recorded) => [recorded.name, recorded]);
}

/** The places of the query languages other than JSONata: of states that name one, or have none to inherit. */
function mixedInPlaces(definition: JsonObject): string[] {
  const inherited = definition['QueryLanguage'] ?? 'JSONPath';
  return Object.entries(definition['States'] as Record<string, JsonObject>).flatMap(([name, state]) =>
    (state['QueryLanguage'] ?? inherited) === 'JSONata' ? [] : [`/States/${name}/QueryLanguage`],
  );
}

async function raise(): Promise<FunctionAnswer> {
  const error = { errorType: 'Exception', errorMessage: 'Some exception was raised.' };
  return { ok: false, error: 'Exception', cause: JSON.stringify(error) };
}

/** The recordings hold JSON objects parsed, and placeholders for what differs from run to run. */
function comparable(event: HistoryEvent | JsonObject): Json {
  return settle(JSON.parse(JSON.stringify({ ...event, timestamp: 'timestamp' })));
}

const VARYING = new Set([
  'SdkHttpMetadata',
  'SdkResponseMetadata',
  'roleArn',
  'region',
  'requestId',
  'stackTrace',
]);

function settle(value: Json): Json {
  if (typeof value === 'string') return settleText(value);
  if (Array.isArray(value)) return value.map(settle);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !VARYING.has(name));
  return Object.fromEntries(
    kept.map(([name, member]) => [name, name === 'TimestampValue' ? 'timestamp' : settle(member)]),
  );
}

function settleText(text: string): Json {
  if (/^arn:.*:function:/.test(text)) return 'function ARN';
  if (!/^[[{"]/.test(text)) return text;
  try {
    return settle(JSON.parse(text));
  } catch {
    return text;
  }
}
