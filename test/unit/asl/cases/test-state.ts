import { type Case, functionNamed, reference, tested } from './form.ts';

const PAGE = reference('TestState');
const revoke = {
  QueryLanguage: 'JSONata',
  Type: 'Task',
  Resource: functionNamed('revoke'),
  Arguments: { grant: '{% $grant %}' },
  Assign: { receipt: '{% $states.result.receipt %}' },
  Output: { receipt: '{% $states.result.receipt %}' },
  Retry: [{ ErrorEquals: ['Throttled'] }],
  Catch: [{ ErrorEquals: ['Refused'], Next: 'Alarm' }],
  Next: 'Confirm',
};
const test = (definition: object, more: object = {}) => ({ definition, ...more }) as never;

export const testState: Record<string, Case> = {
  'does the work of a state, with its variables': tested(
    PAGE,
    test(
      { QueryLanguage: 'JSONata', Type: 'Pass', Output: '{% $states.input.n + $more %}', Next: 'Then' },
      { input: '{"n":1}', variables: '{"more":2}' },
    ),
    { status: 'SUCCEEDED', output: '3', nextState: 'Then' },
  ),
  'does the work of a Task': tested(
    PAGE,
    test(
      { QueryLanguage: 'JSONata', Type: 'Task', Resource: functionNamed('echo'), End: true },
      { input: '"in"' },
    ),
    { status: 'SUCCEEDED', output: 'in' },
  ),
  'takes a result for the work': tested(PAGE, test(revoke, { mock: { result: '{"receipt":"dead"}' } }), {
    status: 'SUCCEEDED',
    output: { receipt: 'dead' },
    nextState: 'Confirm',
  }),
  'tells an error that would be retried': tested(
    PAGE,
    test(revoke, { mock: { errorOutput: { error: 'Throttled', cause: 'c' } } }),
    { status: 'RETRIABLE', error: 'Throttled', cause: 'c' },
  ),
  'tells an error that is caught': tested(
    PAGE,
    test(revoke, { mock: { errorOutput: { error: 'Refused', cause: 'c' } } }),
    {
      status: 'CAUGHT_ERROR',
      output: { Error: 'Refused', Cause: 'c' },
      error: 'Refused',
      cause: 'c',
      nextState: 'Alarm',
    },
  ),
  'tells an error that nothing takes': tested(
    PAGE,
    test(revoke, { mock: { errorOutput: { error: 'Other', cause: 'c' } } }),
    { status: 'FAILED', error: 'Other', cause: 'c' },
  ),
  'fails as a Fail does': tested(
    PAGE,
    test({ QueryLanguage: 'JSONata', Type: 'Fail', Error: 'E', Cause: 'C' }),
    {
      status: 'FAILED',
      error: 'E',
      cause: 'C',
    },
  ),
  'does not wait': tested(PAGE, test({ QueryLanguage: 'JSONata', Type: 'Wait', Seconds: 60, End: true }), {
    status: 'SUCCEEDED',
    output: {},
  }),
  'shows the input where it is asked to': tested(
    PAGE,
    test({ QueryLanguage: 'JSONata', Type: 'Succeed' }, { input: '{"n":1}', inspectionLevel: 'DEBUG' }),
    { status: 'SUCCEEDED', output: { n: 1 }, inspectionData: { input: { n: 1 } } },
  ),
  'fails with a runtime error': tested(
    PAGE,
    test({ QueryLanguage: 'JSONata', Type: 'Choice', Choices: [{ Condition: false, Next: 'A' }] }),
    {
      status: 'FAILED',
      error: 'States.Runtime',
      cause:
        "An error occurred while executing the state 'State' (entered at the event id #1). Failed to transition out of the state. The state does not point to a next state.",
    },
  ),
};
