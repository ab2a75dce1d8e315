import {
  type Case,
  evaluationFailed,
  execution,
  failed,
  functionNamed,
  guide,
  machine,
  NO_MATCH,
  scope,
  task,
} from './form.ts';

const PAGE = guide('state-map.html');
const INLINE = guide('state-map-inline.html');
const TOLERANCE = guide('state-map-distributed.html');
const end = { End: true };
const pass = { Type: 'Pass', ...end };
const fail = { Type: 'Fail', Error: 'Broken', Cause: 'On purpose' };
const broken = { Error: 'Broken', Cause: 'On purpose' };
const each = (state: object, more: object = end) =>
  ({ Type: 'Map', ItemProcessor: scope({ One: state as never }), ...more }) as never;
const iteration = (index: number) => ({ name: 'Each', index });

/** AWS records a Map's success beside its exit: both follow the success of the iteration that ended last. */
export const map: Record<string, Case> = {
  'runs an iteration for each item and gives their outputs as an array': execution(
    PAGE,
    {
      definition: machine({ Each: each({ ...pass, Output: '{% $states.input & "!" %}' }) }),
      input: ['a', 'b'],
    },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: ['a', 'b'] }],
      ['3<2', 'MapStateStarted', { length: 2 }],
      ['4<3', 'MapIterationStarted', iteration(0)],
      ['5<3', 'MapIterationStarted', iteration(1)],
      ['6<4', 'PassStateEntered', { name: 'One', input: 'a' }],
      ['7<6', 'PassStateExited', { name: 'One', output: 'a!' }],
      ['8<7', 'MapIterationSucceeded', iteration(0)],
      ['9<5', 'PassStateEntered', { name: 'One', input: 'b' }],
      ['10<9', 'PassStateExited', { name: 'One', output: 'b!' }],
      ['11<10', 'MapIterationSucceeded', iteration(1)],
      ['12<11', 'MapStateSucceeded'],
      ['13<11', 'MapStateExited', { name: 'Each', output: ['a!', 'b!'] }],
      ['14<13', 'ExecutionSucceeded', { output: ['a!', 'b!'] }],
    ],
  ),

  'runs one iteration after the other where MaxConcurrency is 1': execution(
    INLINE,
    { definition: machine({ Each: each(pass, { MaxConcurrency: 1, ...end }) }), input: ['a', 'b'] },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: ['a', 'b'] }],
      ['3<2', 'MapStateStarted', { length: 2 }],
      ['4<3', 'MapIterationStarted', iteration(0)],
      ['5<4', 'PassStateEntered', { name: 'One', input: 'a' }],
      ['6<5', 'PassStateExited', { name: 'One', output: 'a' }],
      ['7<6', 'MapIterationSucceeded', iteration(0)],
      ['8<6', 'MapIterationStarted', iteration(1)],
      ['9<8', 'PassStateEntered', { name: 'One', input: 'b' }],
      ['10<9', 'PassStateExited', { name: 'One', output: 'b' }],
      ['11<10', 'MapIterationSucceeded', iteration(1)],
      ['12<11', 'MapStateSucceeded'],
      ['13<11', 'MapStateExited', { name: 'Each', output: ['a', 'b'] }],
      ['14<13', 'ExecutionSucceeded', { output: ['a', 'b'] }],
    ],
  ),

  'starts the next iteration when one of MaxConcurrency has ended, and keeps the order of the items':
    execution(
      INLINE,
      {
        definition: machine({
          Each: each(
            { Type: 'Wait', Seconds: '{% $states.input %}', ...end },
            { MaxConcurrency: '{% 1 + 1 %}', ...end },
          ),
        }),
        input: [9, 4, 1],
      },
      [
        ['2<0@0', 'MapStateEntered', { name: 'Each', input: [9, 4, 1] }],
        ['3<2@0', 'MapStateStarted', { length: 3 }],
        ['4<3@0', 'MapIterationStarted', iteration(0)],
        ['5<3@0', 'MapIterationStarted', iteration(1)],
        ['6<4@0', 'WaitStateEntered', { name: 'One', input: 9 }],
        ['7<5@0', 'WaitStateEntered', { name: 'One', input: 4 }],
        ['8<7@4', 'WaitStateExited', { name: 'One', output: 4 }],
        ['9<8@4', 'MapIterationSucceeded', iteration(1)],
        ['10<8@4', 'MapIterationStarted', iteration(2)],
        ['11<10@4', 'WaitStateEntered', { name: 'One', input: 1 }],
        ['12<11@5', 'WaitStateExited', { name: 'One', output: 1 }],
        ['13<12@5', 'MapIterationSucceeded', iteration(2)],
        ['14<6@9', 'WaitStateExited', { name: 'One', output: 9 }],
        ['15<14@9', 'MapIterationSucceeded', iteration(0)],
        ['16<15@9', 'MapStateSucceeded'],
        ['17<15@9', 'MapStateExited', { name: 'Each', output: [9, 4, 1] }],
        ['18<17@9', 'ExecutionSucceeded', { output: [9, 4, 1] }],
      ],
    ),

  'gives an iteration what the ItemSelector makes of its item': execution(
    guide('input-output-itemselector.html'),
    {
      definition: machine({
        Each: each(pass, {
          Items: '{% $states.input.items %}',
          ItemSelector: {
            of: '{% $states.input.name %}',
            item: '{% $states.context.Map.Item.Value %}',
            at: '{% $states.context.Map.Item.Index %}',
          },
          Output: '{% $states.result.at %}',
          ...end,
        }),
      }),
      input: { name: 'x', items: ['a'] },
    },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: { name: 'x', items: ['a'] } }],
      ['3<2', 'MapStateStarted', { length: 1 }],
      ['4<3', 'MapIterationStarted', iteration(0)],
      ['5<4', 'PassStateEntered', { name: 'One', input: { of: 'x', item: 'a', at: 0 } }],
      ['6<5', 'PassStateExited', { name: 'One', output: { of: 'x', item: 'a', at: 0 } }],
      ['7<6', 'MapIterationSucceeded', iteration(0)],
      ['8<7', 'MapStateSucceeded'],
      ['9<7', 'MapStateExited', { name: 'Each', output: 0 }],
      ['10<9', 'ExecutionSucceeded', { output: 0 }],
    ],
  ),

  'tells the states of an iteration of its item': execution(
    guide('input-output-contextobject.html'),
    {
      definition: machine({
        Each: each({ ...pass, Output: '{% $states.context.Map.Item %}' }, { Items: ['a'], ...end }),
      }),
    },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: {} }],
      ['3<2', 'MapStateStarted', { length: 1 }],
      ['4<3', 'MapIterationStarted', iteration(0)],
      ['5<4', 'PassStateEntered', { name: 'One', input: 'a' }],
      ['6<5', 'PassStateExited', { name: 'One', output: { Index: 0, Value: 'a' } }],
      ['7<6', 'MapIterationSucceeded', iteration(0)],
      ['8<7', 'MapStateSucceeded'],
      ['9<7', 'MapStateExited', { name: 'Each', output: [{ Index: 0, Value: 'a' }] }],
      ['10<9', 'ExecutionSucceeded', { output: [{ Index: 0, Value: 'a' }] }],
    ],
  ),

  nests: execution(
    PAGE,
    {
      definition: machine({
        Each: each({ Type: 'Map', ItemProcessor: scope({ Two: pass }), ...end }),
      }),
      input: [[1], []],
    },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: [[1], []] }],
      ['3<2', 'MapStateStarted', { length: 2 }],
      ['4<3', 'MapIterationStarted', iteration(0)],
      ['5<3', 'MapIterationStarted', iteration(1)],
      ['6<4', 'MapStateEntered', { name: 'One', input: [1] }],
      ['7<6', 'MapStateStarted', { length: 1 }],
      ['8<7', 'MapIterationStarted', { name: 'One', index: 0 }],
      ['9<5', 'MapStateEntered', { name: 'One', input: [] }],
      ['10<9', 'MapStateStarted', { length: 0 }],
      ['11<10', 'MapStateSucceeded'],
      ['12<10', 'MapStateExited', { name: 'One', output: [] }],
      ['13<12', 'MapIterationSucceeded', iteration(1)],
      ['14<8', 'PassStateEntered', { name: 'Two', input: 1 }],
      ['15<14', 'PassStateExited', { name: 'Two', output: 1 }],
      ['16<15', 'MapIterationSucceeded', { name: 'One', index: 0 }],
      ['17<16', 'MapStateSucceeded'],
      ['18<16', 'MapStateExited', { name: 'One', output: [1] }],
      ['19<18', 'MapIterationSucceeded', iteration(0)],
      ['20<19', 'MapStateSucceeded'],
      ['21<19', 'MapStateExited', { name: 'Each', output: [[1], []] }],
      ['22<21', 'ExecutionSucceeded', { output: [[1], []] }],
    ],
  ),

  'fails with the first iteration that does, and stops the others': execution(
    PAGE,
    {
      definition: machine({ Each: each(task('work')) }),
      input: [1, 2],
      answers: ['hold', { error: 'Broken', cause: 'On purpose' }],
    },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: [1, 2] }],
      ['3<2', 'MapStateStarted', { length: 2 }],
      ['4<3', 'MapIterationStarted', iteration(0)],
      ['5<3', 'MapIterationStarted', iteration(1)],
      ['6<4', 'TaskStateEntered', { name: 'One', input: 1 }],
      ['7<6', 'LambdaFunctionScheduled', { resource: functionNamed('work'), input: 1 }],
      ['8<5', 'TaskStateEntered', { name: 'One', input: 2 }],
      ['9<8', 'LambdaFunctionScheduled', { resource: functionNamed('work'), input: 2 }],
      ['10<7', 'LambdaFunctionStarted'],
      ['11<9', 'LambdaFunctionStarted'],
      ['12<11', 'LambdaFunctionFailed', { error: 'Broken', cause: 'On purpose' }],
      ['13<12', 'MapIterationFailed', iteration(1)],
      ['14<12', 'TaskStateAborted'],
      ['15<12', 'MapIterationAborted', iteration(0)],
      ['16<12', 'TaskStateAborted'],
      ['17<12', 'MapStateFailed'],
      ['18<17', 'ExecutionFailed', { error: 'Broken', cause: 'On purpose' }],
    ],
  ),

  'starts no iteration after one that failed': execution(
    INLINE,
    { definition: machine({ Each: each(fail, { MaxConcurrency: 1, ...end }) }), input: [1, 2] },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: [1, 2] }],
      ['3<2', 'MapStateStarted', { length: 2 }],
      ['4<3', 'MapIterationStarted', iteration(0)],
      ['5<4', 'FailStateEntered', { name: 'One', input: 1 }],
      ['6<5', 'MapIterationFailed', iteration(0)],
      ['7<5', 'MapStateFailed'],
      ['8<7', 'ExecutionFailed', { error: 'Broken', cause: 'On purpose' }],
    ],
  ),

  'is retried as one state, without a failure of its own between, and then caught': execution(
    guide('concepts-error-handling.html'),
    {
      definition: machine({
        Each: each(fail, {
          Retry: [{ ErrorEquals: ['Broken'], IntervalSeconds: 2, MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Mend' }],
          ...end,
        }),
        Mend: pass,
      }),
      input: [1],
    },
    [
      ['2<0@0', 'MapStateEntered', { name: 'Each', input: [1] }],
      ['3<2@0', 'MapStateStarted', { length: 1 }],
      ['4<3@0', 'MapIterationStarted', iteration(0)],
      ['5<4@0', 'FailStateEntered', { name: 'One', input: 1 }],
      ['6<5@0', 'MapIterationFailed', iteration(0)],
      ['7<5@2', 'MapStateStarted', { length: 1 }],
      ['8<7@2', 'MapIterationStarted', iteration(0)],
      ['9<8@2', 'FailStateEntered', { name: 'One', input: 1 }],
      ['10<9@2', 'MapIterationFailed', iteration(0)],
      ['11<9@2', 'MapStateFailed'],
      ['12<11@2', 'MapStateExited', { name: 'Each', output: broken }],
      ['13<12@2', 'PassStateEntered', { name: 'Mend', input: broken }],
      ['14<13@2', 'PassStateExited', { name: 'Mend', output: broken }],
      ['15<14@2', 'ExecutionSucceeded', { output: broken }],
    ],
  ),

  // Thresholds for failures are a Distributed Map's. An inline Map takes them (the recordings show it) and has none.
  'fails with an iteration however many failures its ToleratedFailureCount names': execution(
    TOLERANCE,
    {
      definition: machine({ Each: each(fail, { ToleratedFailureCount: 5, MaxConcurrency: 1, ...end }) }),
      input: [1, 2],
    },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: [1, 2] }],
      ['3<2', 'MapStateStarted', { length: 2 }],
      ['4<3', 'MapIterationStarted', iteration(0)],
      ['5<4', 'FailStateEntered', { name: 'One', input: 1 }],
      ['6<5', 'MapIterationFailed', iteration(0)],
      ['7<5', 'MapStateFailed'],
      ['8<7', 'ExecutionFailed', { error: 'Broken', cause: 'On purpose' }],
    ],
  ),

  'fails with an iteration whatever its ToleratedFailurePercentage is': execution(
    TOLERANCE,
    {
      definition: machine({
        Each: each(fail, { ToleratedFailurePercentage: '{% 99 + 1 %}', MaxConcurrency: 1, ...end }),
      }),
      input: [1],
    },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: [1] }],
      ['3<2', 'MapStateStarted', { length: 1 }],
      ['4<3', 'MapIterationStarted', iteration(0)],
      ['5<4', 'FailStateEntered', { name: 'One', input: 1 }],
      ['6<5', 'MapIterationFailed', iteration(0)],
      ['7<5', 'MapStateFailed'],
      ['8<7', 'ExecutionFailed', { error: 'Broken', cause: 'On purpose' }],
    ],
  ),

  ...Object.fromEntries(
    (
      [
        ['ToleratedFailureCount', 'integer', '"one"', 'string'],
        ['ToleratedFailurePercentage', 'number', '101', 'number'],
        ['MaxConcurrency', 'integer', '-1', 'number'],
      ] as const
    ).map(([field, expected, value, actual]) => {
      const told = evaluationFailed(
        { name: 'Each', enteredAt: 2 },
        field,
        `The JSONata expression '${value}' specified for the field '${field}' returned an unexpected result type. Expected '${expected}', but was '${actual}' for value: ${value}`,
      );
      return [
        `does not start where its ${field} evaluates to ${value}`,
        execution(
          TOLERANCE,
          { definition: machine({ Each: each(pass, { [field]: `{% ${value} %}`, ...end }) }), input: [1] },
          [
            ['2<0', 'MapStateEntered', { name: 'Each', input: [1] }],
            ['3<0', 'EvaluationFailed', told],
            ['4<3', 'MapStateFailed'],
            ['5<4', 'ExecutionFailed', { error: told.error, cause: told.cause }],
          ],
        ),
      ];
    }),
  ),

  'ends the execution at once where an iteration has a runtime error': execution(
    guide('concepts-error-handling.html'),
    {
      definition: machine({
        Each: {
          Type: 'Map',
          ItemProcessor: scope({
            Which: { Type: 'Choice', Choices: [{ Condition: false, Next: 'Done' }] },
            Done: pass,
          }),
          ...end,
        },
      }),
      input: [1],
    },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: [1] }],
      ['3<2', 'MapStateStarted', { length: 1 }],
      ['4<3', 'MapIterationStarted', iteration(0)],
      ['5<4', 'ChoiceStateEntered', { name: 'Which', input: 1 }],
      ['6<5', 'ExecutionFailed', failed('Which', 5, NO_MATCH)],
    ],
  ),
};
