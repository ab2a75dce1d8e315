import {
  type Case,
  evaluationFailed,
  execution,
  functionNamed,
  guide,
  machine,
  scope,
  type Told,
  task,
} from './form.ts';

const PAGE = guide('concepts-error-handling.html');
const resource = functionNamed('work');
const pass = { Type: 'Pass', End: true };
const fails = (error: string) => ({ error, cause: `${error} it was` });

/** Attempts at these seconds, the nth of which fails with the nth error; from the event of this id. */
function attempts(
  first: number,
  told: readonly (readonly [second: number, error: string])[],
  input = {},
): Told[] {
  return told.flatMap(([second, error], index): Told[] => {
    const id = first + 3 * index;
    return [
      [`${id}<${id - 1}@${second}`, 'LambdaFunctionScheduled', { resource, input }],
      [`${id + 1}<${id}@${second}`, 'LambdaFunctionStarted'],
      [`${id + 2}<${id + 1}@${second}`, 'LambdaFunctionFailed', fails(error)],
    ];
  });
}

/** A Task with this Retry, and these errors in turn; its attempts are made at these seconds, and then it fails. */
function exhausted(
  Retry: object[],
  errors: readonly string[],
  seconds: readonly number[],
  more: object = {},
): Case {
  const told = attempts(
    3,
    seconds.map((second, index) => [second, errors[index] ?? ''] as const),
  );
  const last = 2 + told.length;
  return execution(
    PAGE,
    {
      definition: machine({ Work: task('work', { Retry: Retry as never, ...more }) }),
      answers: errors.map(fails),
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ...told,
      [`${last + 1}<${last}@${seconds.at(-1)}`, 'ExecutionFailed', fails(errors[seconds.length - 1] ?? '')],
    ],
  );
}

const [a, b] = ['A', 'B'].map((name) => ({ ErrorEquals: [name], IntervalSeconds: 1, BackoffRate: 1 }));

/** A Task whose function fails with E, caught by the first Catch that names it. */
function caught(Catch: object[], output: string, more: object = {}): Case {
  return execution(
    PAGE,
    {
      definition: machine({ Work: task('work', { Catch: Catch as never, ...more }), Mend: pass }),
      answers: [fails('E')],
    },
    [
      ['2<0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ['3<2', 'LambdaFunctionScheduled', { resource, input: {} }],
      ['4<3', 'LambdaFunctionStarted'],
      ['5<4', 'LambdaFunctionFailed', fails('E')],
      ['6<5', 'TaskStateExited', { name: 'Work', output }],
      ['7<6', 'PassStateEntered', { name: 'Mend', input: output }],
      ['8<7', 'PassStateExited', { name: 'Mend', output }],
      ['9<8', 'ExecutionSucceeded', { output }],
    ],
  );
}

const catcher = (Output: string, ...ErrorEquals: string[]) => ({ ErrorEquals, Output, Next: 'Mend' });
const nothing = (field: string) =>
  `The JSONata expression '$none' specified for the field '${field}' returned nothing (undefined).`;

export const retryAndCatch: Record<string, Case> = {
  'fail the execution with the error where there is neither': exhausted([], ['E'], [0]),

  'retry after an interval that grows by the BackoffRate': exhausted(
    [{ ErrorEquals: ['E'], IntervalSeconds: 2, BackoffRate: 1.5, MaxAttempts: 3 }],
    ['E', 'E', 'E', 'E'],
    [0, 2, 5, 9.5],
  ),

  'retry three times, after one, two and four seconds, where no more is said': exhausted(
    [{ ErrorEquals: ['States.ALL'] }],
    ['E', 'E', 'E', 'E', 'E'],
    [0, 1, 3, 7],
  ),

  'retry after no more than MaxDelaySeconds': exhausted(
    [{ ErrorEquals: ['E'], IntervalSeconds: 3, BackoffRate: 2, MaxDelaySeconds: 5, MaxAttempts: 3 }],
    ['E', 'E', 'E', 'E'],
    [0, 3, 8, 13],
  ),

  'never retry what MaxAttempts of 0 names, whatever comes after it': exhausted(
    [{ ErrorEquals: ['E'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'] }],
    ['E', 'E'],
    [0],
  ),

  'do not retry an error that no retrier names': exhausted([{ ErrorEquals: ['F'] }], ['E', 'E'], [0]),

  'take the first retrier that names the error, with its attempts alone': exhausted(
    [
      { ErrorEquals: ['F', 'E'], IntervalSeconds: 4, MaxAttempts: 1 },
      { ErrorEquals: ['E'], IntervalSeconds: 1, MaxAttempts: 9 },
    ],
    ['E', 'E'],
    [0, 4],
  ),

  'count the attempts of each retrier for itself': exhausted(
    [
      { ...a, MaxAttempts: 2 },
      { ...b, MaxAttempts: 1 },
    ],
    ['A', 'B', 'A', 'B'],
    [0, 1, 2, 3],
  ),

  'take States.TaskFailed for any error but a time-out': exhausted(
    [{ ErrorEquals: ['States.TaskFailed'], MaxAttempts: 1 }],
    ['E', 'F'],
    [0, 1],
  ),

  'tell the names of errors apart by their case': exhausted(
    [{ ErrorEquals: ['e'], MaxAttempts: 1 }],
    ['E', 'E'],
    [0],
  ),

  'succeed with the attempt that does, and its Arguments are evaluated for each': execution(
    PAGE,
    {
      definition: machine({
        Work: task('work', {
          Arguments: '{% $states.context.State.RetryCount %}',
          Retry: [{ ErrorEquals: ['E'] }],
        }),
      }),
      answers: [fails('E')],
    },
    [
      ['2<0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ['3<2', 'LambdaFunctionScheduled', { resource, input: 0 }],
      ['4<3', 'LambdaFunctionStarted'],
      ['5<4', 'LambdaFunctionFailed', fails('E')],
      ['6<5', 'LambdaFunctionScheduled', { resource, input: 1 }],
      ['7<6', 'LambdaFunctionStarted'],
      ['8<7', 'LambdaFunctionSucceeded', { output: 1 }],
      ['9<8', 'TaskStateExited', { name: 'Work', output: 1 }],
      ['10<9', 'ExecutionSucceeded', { output: 1 }],
    ],
  ),

  'count anew when the state is entered again': execution(
    PAGE,
    {
      definition: machine({
        Work: task('work', {
          Retry: [{ ErrorEquals: ['E'], MaxAttempts: 1 }],
          End: undefined as never,
          Next: 'Again',
        }),
        Again: {
          Type: 'Choice',
          Choices: [{ Condition: '{% $states.input = 1 %}', Next: 'Work' }],
          Default: 'Done',
        },
        Done: { Type: 'Succeed' },
      }),
      answers: [fails('E'), { payload: 1 }, fails('E'), { payload: 2 }],
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ...attempts(3, [[0, 'E']]),
      ['6<5@1', 'LambdaFunctionScheduled', { resource, input: {} }],
      ['7<6@1', 'LambdaFunctionStarted'],
      ['8<7@1', 'LambdaFunctionSucceeded', { output: 1 }],
      ['9<8@1', 'TaskStateExited', { name: 'Work', output: 1 }],
      ['10<9@1', 'ChoiceStateEntered', { name: 'Again', input: 1 }],
      ['11<10@1', 'ChoiceStateExited', { name: 'Again', output: 1 }],
      ['12<11@1', 'TaskStateEntered', { name: 'Work', input: 1 }],
      ['13<12@1', 'LambdaFunctionScheduled', { resource, input: 1 }],
      ['14<13@1', 'LambdaFunctionStarted'],
      ['15<14@1', 'LambdaFunctionFailed', fails('E')],
      ['16<15@2', 'LambdaFunctionScheduled', { resource, input: 1 }],
      ['17<16@2', 'LambdaFunctionStarted'],
      ['18<17@2', 'LambdaFunctionSucceeded', { output: 2 }],
      ['19<18@2', 'TaskStateExited', { name: 'Work', output: 2 }],
      ['20<19@2', 'ChoiceStateEntered', { name: 'Again', input: 2 }],
      ['21<20@2', 'ChoiceStateExited', { name: 'Again', output: 2 }],
      ['22<21@2', 'SucceedStateEntered', { name: 'Done', input: 2 }],
      ['23<22@2', 'SucceedStateExited', { name: 'Done', output: 2 }],
      ['24<23@2', 'ExecutionSucceeded', { output: 2 }],
    ],
  ),

  'take the first Catch that names the error': caught(
    [
      catcher('first', 'F'),
      catcher('second', 'G', 'E'),
      catcher('third', 'E'),
      catcher('fourth', 'States.ALL'),
    ],
    'second',
  ),

  'take States.ALL for any error': caught([catcher('any', 'States.ALL')], 'any'),

  'take States.TaskFailed for the error of a function': caught(
    [catcher('failed', 'States.TaskFailed')],
    'failed',
  ),

  'retry first, and catch what is left': execution(
    PAGE,
    {
      definition: machine({
        Work: task('work', {
          Retry: [{ ErrorEquals: ['E'], MaxAttempts: 1 }],
          Catch: [catcher('caught', 'E')],
        }),
        Mend: pass,
      }),
      answers: [fails('E'), fails('E')],
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ...attempts(3, [
        [0, 'E'],
        [1, 'E'],
      ]),
      ['9<8@1', 'TaskStateExited', { name: 'Work', output: 'caught' }],
      ['10<9@1', 'PassStateEntered', { name: 'Mend', input: 'caught' }],
      ['11<10@1', 'PassStateExited', { name: 'Mend', output: 'caught' }],
      ['12<11@1', 'ExecutionSucceeded', { output: 'caught' }],
    ],
  ),

  'give a Catch the error output and the input, for what it assigns, too': execution(
    guide('workflow-variables.html'),
    {
      definition: machine({
        Work: task('work', {
          Assign: { unseen: 1 },
          Output: 'unseen',
          Catch: [
            {
              ErrorEquals: ['E'],
              Assign: { seen: '{% $states.errorOutput.Error %}' },
              Output: '{% [$states.input, $states.errorOutput.Cause] %}',
              Next: 'Mend',
            },
          ],
        }),
        Mend: { ...pass, Output: '{% [$seen, $exists($unseen)] %}' },
      }),
      input: 7,
      answers: [fails('E')],
    },
    [
      ['2<0', 'TaskStateEntered', { name: 'Work', input: 7 }],
      ['3<2', 'LambdaFunctionScheduled', { resource, input: 7 }],
      ['4<3', 'LambdaFunctionStarted'],
      ['5<4', 'LambdaFunctionFailed', fails('E')],
      ['6<5', 'TaskStateExited', { name: 'Work', output: [7, 'E it was'], assignedVariables: { seen: 'E' } }],
      ['7<6', 'PassStateEntered', { name: 'Mend', input: [7, 'E it was'] }],
      ['8<7', 'PassStateExited', { name: 'Mend', output: ['E', false] }],
      ['9<8', 'ExecutionSucceeded', { output: ['E', false] }],
    ],
  ),

  'take an expression that fails, at every attempt': (() => {
    const told = evaluationFailed({ name: 'Work', enteredAt: 2 }, 'Arguments/a', nothing('Arguments/a'));
    return execution(
      PAGE,
      {
        definition: machine({
          Work: task('work', {
            Arguments: { a: '{% $none %}' },
            Retry: [{ ErrorEquals: ['States.QueryEvaluationError'], MaxAttempts: 1 }],
            Catch: [catcher('caught', 'States.QueryEvaluationError')],
          }),
          Mend: pass,
        }),
      },
      [
        ['2<0@0', 'TaskStateEntered', { name: 'Work', input: {} }],
        ['3<0@0', 'EvaluationFailed', told],
        ['4<3@1', 'EvaluationFailed', told],
        ['5<4@1', 'TaskStateExited', { name: 'Work', output: 'caught' }],
        ['6<5@1', 'PassStateEntered', { name: 'Mend', input: 'caught' }],
        ['7<6@1', 'PassStateExited', { name: 'Mend', output: 'caught' }],
        ['8<7@1', 'ExecutionSucceeded', { output: 'caught' }],
      ],
    );
  })(),

  'take an Output that fails, after the work is done': (() => {
    const told = evaluationFailed({ name: 'Work', enteredAt: 2 }, 'Output', nothing('Output'));
    return execution(
      PAGE,
      {
        definition: machine({
          Work: task('work', {
            Output: '{% $none %}',
            Catch: [catcher('caught', 'States.QueryEvaluationError')],
          }),
          Mend: pass,
        }),
      },
      [
        ['2<0', 'TaskStateEntered', { name: 'Work', input: {} }],
        ['3<2', 'LambdaFunctionScheduled', { resource, input: {} }],
        ['4<3', 'LambdaFunctionStarted'],
        ['5<4', 'LambdaFunctionSucceeded', { output: {} }],
        ['6<5', 'EvaluationFailed', told],
        ['7<6', 'TaskStateExited', { name: 'Work', output: 'caught' }],
        ['8<7', 'PassStateEntered', { name: 'Mend', input: 'caught' }],
        ['9<8', 'PassStateExited', { name: 'Mend', output: 'caught' }],
        ['10<9', 'ExecutionSucceeded', { output: 'caught' }],
      ],
    );
  })(),

  // AWS fails the state a second time, and chains the evaluation to what came before the first.
  'do not take what a Catch itself fails to evaluate': (() => {
    const told = evaluationFailed(
      { name: 'Both', enteredAt: 2 },
      'Catch[1]/Output/v',
      nothing('Catch[1]/Output/v'),
    );
    return execution(
      PAGE,
      {
        definition: machine({
          Both: {
            Type: 'Parallel',
            Branches: [scope({ Fails: { Type: 'Fail', Error: 'E' } })],
            Catch: [
              { ErrorEquals: ['F'], Next: 'Mend' },
              { ErrorEquals: ['States.ALL'], Output: { v: '{% $none %}' }, Next: 'Mend' },
            ],
            End: true,
          },
          Mend: pass,
        }),
      },
      [
        ['2<0', 'ParallelStateEntered', { name: 'Both', input: {} }],
        ['3<2', 'ParallelStateStarted'],
        ['4<3', 'FailStateEntered', { name: 'Fails', input: {} }],
        ['5<4', 'ParallelStateFailed'],
        ['6<4', 'EvaluationFailed', told],
        ['7<6', 'ParallelStateFailed'],
        ['8<7', 'ExecutionFailed', { error: told.error, cause: told.cause }],
      ],
    );
  })(),
};
