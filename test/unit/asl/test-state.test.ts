import { describe, expect, it } from 'vitest';
import { createWorkbench } from './workbench.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
const jsonata = (state: object) => JSON.stringify({ QueryLanguage: 'JSONata', ...state });
const revoke = jsonata({
  Type: 'Task',
  Resource: FUNCTION,
  Arguments: { grant: '{% $grant %}' },
  Output: { receipt: '{% $states.result.receipt %}' },
  Retry: [{ ErrorEquals: ['Throttled'] }],
  Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Alarm' }],
  Next: 'Confirm',
});

describe('testing one state', () => {
  const { engine } = createWorkbench();

  it('does its work', async () => {
    const pass = jsonata({ Type: 'Pass', Output: '{% $states.input.n + $more %}', Next: 'Then' });
    expect(await engine.testState({ definition: pass, input: '{"n":1}', variables: '{"more":2}' })).toEqual({
      status: 'SUCCEEDED',
      output: '3',
      nextState: 'Then',
    });
    const task = jsonata({ Type: 'Task', Resource: FUNCTION, End: true });
    expect(await engine.testState({ definition: task, input: '"in"' })).toEqual({
      status: 'SUCCEEDED',
      output: '"in"',
    });
    const wait = jsonata({ Type: 'Wait', Seconds: 60, End: true });
    expect(await engine.testState({ definition: wait })).toEqual({ status: 'SUCCEEDED', output: '{}' });
  });

  it('takes a result or an error for the work', async () => {
    const test = (mock: object) => engine.testState({ definition: revoke, mock });
    expect(await test({ result: '{"receipt":"dead"}' })).toEqual({
      status: 'SUCCEEDED',
      output: '{"receipt":"dead"}',
      nextState: 'Confirm',
    });
    expect(await test({ errorOutput: { error: 'Throttled' } })).toEqual({
      status: 'RETRIABLE',
      error: 'Throttled',
    });
    expect(await test({ errorOutput: { error: 'Refused', cause: 'c' } })).toEqual({
      status: 'CAUGHT_ERROR',
      output: '{"Error":"Refused","Cause":"c"}',
      error: 'Refused',
      cause: 'c',
      nextState: 'Alarm',
    });
  });

  it('tells how it fails', async () => {
    const fail = jsonata({ Type: 'Fail', Error: 'E', Cause: 'C' });
    expect(await engine.testState({ definition: fail })).toEqual({
      status: 'FAILED',
      error: 'E',
      cause: 'C',
    });
  });

  it('refuses a state in JSONPath, and input that is no JSON', async () => {
    await expect(engine.testState({ definition: '{"Type":"Pass","End":true}' })).rejects.toMatchObject({
      code: 'InvalidDefinition',
    });
    await expect(engine.testState({ definition: revoke, input: '{' })).rejects.toMatchObject({
      code: 'InvalidExecutionInput',
    });
  });
});
