import {
  type Case,
  exceeded,
  execution,
  functionNamed,
  guide,
  machine,
  reference,
  refusedStart,
  scope,
  type Told,
  task,
} from './form.ts';

const QUOTAS = guide('service-quotas.html');
const ERRORS = guide('concepts-error-handling.html');
const end = { End: true };
const pass = { Type: 'Pass', ...end };
const resource = functionNamed('work');
const double = '{% $states.input & $states.input %}';
/** JSON text of 256 KiB, to the byte, with its quotes. */
const most = 'x'.repeat(262_142);
const half = 'x'.repeat(140_000);
const direct: Told[] = [
  ['2<0', 'TaskStateEntered', { name: 'Work', input: {} }],
  ['3<2', 'LambdaFunctionScheduled', { resource, input: {} }],
  ['4<3', 'LambdaFunctionStarted'],
];

export const limits: Record<string, Case> = {
  'refuse an input of more than 256 KiB': refusedStart(
    reference('StartExecution'),
    { definition: machine({ Done: pass }), input: JSON.stringify(`${most}x`) },
    {
      code: 'ValidationException',
      message:
        "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144",
    },
  ),

  'let 256 KiB pass, as input, output and result': execution(
    QUOTAS,
    { definition: machine({ Work: task('work') }), input: most },
    [
      ['2<0', 'TaskStateEntered', { name: 'Work', input: most }],
      ['3<2', 'LambdaFunctionScheduled', { resource, input: most }],
      ['4<3', 'LambdaFunctionStarted'],
      ['5<4', 'LambdaFunctionSucceeded', { output: most }],
      ['6<5', 'TaskStateExited', { name: 'Work', output: most }],
      ['7<6', 'ExecutionSucceeded', { output: most }],
    ],
  ),

  'fail a Task whose function answers with more': execution(
    QUOTAS,
    { definition: machine({ Work: task('work') }), answers: [{ payload: `${most}x` }] },
    [
      ...direct,
      ['5<4', 'LambdaFunctionFailed', exceeded(resource)],
      ['6<5', 'ExecutionFailed', exceeded(resource)],
    ],
  ),

  'count bytes of UTF-8, not characters': execution(
    QUOTAS,
    { definition: machine({ Work: task('work') }), answers: [{ payload: 'é'.repeat(131_072) }] },
    [
      ...direct,
      ['5<4', 'LambdaFunctionFailed', exceeded(resource)],
      ['6<5', 'ExecutionFailed', exceeded(resource)],
    ],
  ),

  'fail an integration whose result is more, by its name': execution(
    QUOTAS,
    {
      definition: machine({
        Work: {
          Type: 'Task',
          Resource: 'arn:aws:states:::lambda:invoke',
          Arguments: { FunctionName: 'work' },
          ...end,
        },
      }),
      answers: [{ payload: most }],
    },
    [
      ['2<0', 'TaskStateEntered', { name: 'Work', input: {} }],
      [
        '3<2',
        'TaskScheduled',
        { resourceType: 'lambda', resource: 'invoke', parameters: { FunctionName: 'work' } },
      ],
      ['4<3', 'TaskStarted', { resourceType: 'lambda', resource: 'invoke' }],
      ['5<4', 'TaskFailed', { resourceType: 'lambda', resource: 'invoke', ...exceeded('lambda') }],
      ['6<5', 'ExecutionFailed', exceeded('lambda')],
    ],
  ),

  // The guide says that States.ALL does not take it. LocalStack's recordings of AWS show that it does.
  'are caught by name, and by States.ALL': execution(
    ERRORS,
    {
      definition: machine({
        Work: task('work', {
          Catch: [{ ErrorEquals: ['States.DataLimitExceeded'], Output: 'by name', Next: 'Again' }],
        }),
        Again: task('work', {
          Catch: [{ ErrorEquals: ['States.ALL'], Output: 'by States.ALL', Next: 'Done' }],
        }),
        Done: { Type: 'Succeed' },
      }),
      answers: [{ payload: `${most}x` }, { payload: `${most}x` }],
    },
    [
      ...direct,
      ['5<4', 'LambdaFunctionFailed', exceeded(resource)],
      ['6<5', 'TaskStateExited', { name: 'Work', output: 'by name' }],
      ['7<6', 'TaskStateEntered', { name: 'Again', input: 'by name' }],
      ['8<7', 'LambdaFunctionScheduled', { resource, input: 'by name' }],
      ['9<8', 'LambdaFunctionStarted'],
      ['10<9', 'LambdaFunctionFailed', exceeded(resource)],
      ['11<10', 'TaskStateExited', { name: 'Again', output: 'by States.ALL' }],
      ['12<11', 'SucceedStateEntered', { name: 'Done', input: 'by States.ALL' }],
      ['13<12', 'SucceedStateExited', { name: 'Done', output: 'by States.ALL' }],
      ['14<13', 'ExecutionSucceeded', { output: 'by States.ALL' }],
    ],
  ),

  'fail a state whose output is more': execution(
    QUOTAS,
    { definition: machine({ Grow: { ...pass, Output: double } }), input: half },
    [
      ['2<0', 'PassStateEntered', { name: 'Grow', input: half }],
      ['3<2', 'ExecutionFailed', exceeded('Grow')],
    ],
  ),

  'fail a Task whose Arguments are more, before it is scheduled': execution(
    ERRORS,
    { definition: machine({ Grow: task('work', { Arguments: double }) }), input: half },
    [
      ['2<0', 'TaskStateEntered', { name: 'Grow', input: half }],
      ['3<2', 'ExecutionFailed', exceeded('Grow')],
    ],
  ),

  'fail a Parallel whose Arguments are more': execution(
    ERRORS,
    {
      definition: machine({
        Grow: { Type: 'Parallel', Arguments: double, Branches: [scope({ A: pass })], ...end },
      }),
      input: half,
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Grow', input: half }],
      ['3<2', 'ParallelStateFailed'],
      ['4<3', 'ExecutionFailed', exceeded('Grow')],
    ],
  ),

  'fail a Parallel whose outputs are more together': execution(
    QUOTAS,
    {
      definition: machine({
        Grow: { Type: 'Parallel', Branches: [scope({ A: pass }), scope({ B: pass })], ...end },
      }),
      input: half,
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Grow', input: half }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'PassStateEntered', { name: 'A', input: half }],
      ['5<4', 'PassStateExited', { name: 'A', output: half }],
      ['6<3', 'PassStateEntered', { name: 'B', input: half }],
      ['7<6', 'PassStateExited', { name: 'B', output: half }],
      ['8<7', 'ParallelStateSucceeded'],
      ['9<7', 'ParallelStateFailed'],
      ['10<9', 'ExecutionFailed', exceeded('Grow')],
    ],
  ),

  'fail a Map whose ItemSelector makes more of an item': execution(
    ERRORS,
    {
      definition: machine({
        Grow: {
          Type: 'Map',
          Items: [1],
          ItemSelector: double,
          ItemProcessor: scope({ A: { ...pass, Output: 1 } }),
          ...end,
        },
      }),
      input: half,
    },
    [
      ['2<0', 'MapStateEntered', { name: 'Grow', input: half }],
      ['3<2', 'MapStateStarted', { length: 1 }],
      ['4<3', 'MapStateFailed'],
      ['5<4', 'ExecutionFailed', exceeded('Grow')],
    ],
  ),

  // The last event is the failure; the one before it is the last that the machine made.
  'fail an execution whose history reaches 25,000 events': execution(
    guide('bp-history-limit.html'),
    {
      definition: machine({
        Loop: { Type: 'Choice', Choices: [{ Condition: true, Next: 'Loop' }], Default: 'Done' },
        Done: { Type: 'Succeed' },
      }),
    },
    [
      ...Array.from({ length: 24_998 }, (_, index): Told => {
        const id = index + 2;
        const at = `${id}<${index === 0 ? 0 : id - 1}`;
        return id % 2 === 0
          ? [at, 'ChoiceStateEntered', { name: 'Loop', input: {} }]
          : [at, 'ChoiceStateExited', { name: 'Loop', output: {} }];
      }),
      [
        '25000<24999',
        'ExecutionFailed',
        {
          error: 'States.Runtime',
          cause: 'The execution reached the maximum number of history events (25000).',
        },
      ],
    ],
  ),
};
