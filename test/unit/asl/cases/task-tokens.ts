import {
  ASKED,
  approval,
  asked,
  type Case,
  execution,
  guide,
  machine,
  reference,
  scope,
  submitted,
} from './form.ts';

const PAGE = guide('connect-to-resource.html#connect-wait-token');
const SUCCESS = reference('SendTaskSuccess');
const FAILURE = reference('SendTaskFailure');
const pass = { Type: 'Pass', End: true };
const denied = { error: 'Denied', cause: 'by ann' };
const asking = [
  ['2<0', 'TaskStateEntered', { name: 'Approve', input: {} }],
  ['3<2', 'TaskScheduled', asked(1)],
  ['4<3', 'TaskStarted', ASKED],
  ['5<4', 'TaskSubmitted', submitted(1)],
] as const;
const granted = [
  ...asking,
  ['6<5', 'TaskSucceeded', { ...ASKED, output: { by: 'ann' } }],
  ['7<6', 'TaskStateExited', { name: 'Approve', output: { by: 'ann' } }],
  ['8<7', 'ExecutionSucceeded', { output: { by: 'ann' } }],
] as const;
const definition = machine({ Approve: approval() });
const grant = { send: 'SendTaskSuccess', token: 1, output: '{"by":"ann"}' } as const;

export const taskTokens: Record<string, Case> = {
  'bring a Task its result': execution(PAGE, { definition, actions: [{ pass: 28_800 }, grant] }, granted),

  'bring a Task its error and cause': execution(
    FAILURE,
    { definition, actions: [{ send: 'SendTaskFailure', token: 1, ...denied }] },
    [...asking, ['6<5', 'TaskFailed', { ...ASKED, ...denied }], ['7<6', 'ExecutionFailed', denied]],
  ),

  'may bring a failure without error and cause': execution(
    FAILURE,
    { definition, actions: [{ send: 'SendTaskFailure', token: 1 }] },
    [...asking, ['6<5', 'TaskFailed', ASKED], ['7<6', 'ExecutionFailed', {}]],
  ),

  'bring what the Output makes of the result': execution(
    PAGE,
    {
      definition: machine({ Approve: approval({ Output: '{% $states.result.by & "!" %}' }) }),
      actions: [grant],
    },
    [
      ...asking,
      ['6<5', 'TaskSucceeded', { ...ASKED, output: { by: 'ann' } }],
      ['7<6', 'TaskStateExited', { name: 'Approve', output: 'ann!' }],
      ['8<7', 'ExecutionSucceeded', { output: 'ann!' }],
    ],
  ),

  'are good once': execution(
    SUCCESS,
    {
      definition,
      actions: [
        grant,
        { ...grant, output: '{"by":"bob"}', refused: 'TaskTimedOut' },
        { send: 'SendTaskFailure', token: 1, ...denied, refused: 'TaskTimedOut' },
        { send: 'SendTaskHeartbeat', token: 1, refused: 'TaskTimedOut' },
      ],
    },
    granted,
  ),

  'are good once, also for a failure': execution(
    FAILURE,
    {
      definition,
      actions: [
        { send: 'SendTaskFailure', token: 1, ...denied },
        { ...grant, refused: 'TaskTimedOut' },
      ],
    },
    [...asking, ['6<5', 'TaskFailed', { ...ASKED, ...denied }], ['7<6', 'ExecutionFailed', denied]],
  ),

  'that are none are refused, and the Task waits on': execution(
    SUCCESS,
    {
      definition,
      actions: [
        { ...grant, token: 'nonsense', refused: 'InvalidToken' },
        { send: 'SendTaskFailure', token: 'nonsense', ...denied, refused: 'InvalidToken' },
        { send: 'SendTaskHeartbeat', token: 'nonsense', refused: 'InvalidToken' },
        grant,
      ],
    },
    granted,
  ),

  'do not carry what is no JSON, and the Task waits on': execution(
    SUCCESS,
    { definition, actions: [{ ...grant, output: '{', refused: 'InvalidOutput' }, grant] },
    granted,
  ),

  'do not carry more than 256 KiB, and the Task waits on': execution(
    SUCCESS,
    {
      definition,
      actions: [
        { ...grant, output: JSON.stringify('x'.repeat(262_143)), refused: 'ValidationException' },
        grant,
      ],
    },
    granted,
  ),

  'come too late after a time-out': execution(
    SUCCESS,
    {
      definition: machine({ Approve: approval({ TimeoutSeconds: 60 }) }),
      actions: [
        { pass: 60 },
        { ...grant, refused: 'TaskTimedOut' },
        { send: 'SendTaskFailure', token: 1, ...denied, refused: 'TaskTimedOut' },
      ],
    },
    [
      ['2<0', 'TaskStateEntered', { name: 'Approve', input: {} }],
      ['3<2', 'TaskScheduled', asked(1, { timeoutInSeconds: 60 })],
      ['4<3', 'TaskStarted', ASKED],
      ['5<4', 'TaskSubmitted', submitted(1)],
      ['6<5', 'TaskTimedOut', { ...ASKED, error: 'States.Timeout' }],
      ['7<6', 'ExecutionFailed', { error: 'States.Timeout' }],
    ],
  ),

  'are new for each attempt, and the one before is good no more': execution(
    PAGE,
    {
      definition: machine({
        Approve: approval({ Retry: [{ ErrorEquals: ['Denied'], IntervalSeconds: 9, MaxAttempts: 1 }] }),
      }),
      actions: [
        { send: 'SendTaskFailure', token: 1, ...denied },
        { pass: 9 },
        { ...grant, refused: 'TaskTimedOut' },
        { ...grant, token: 2 },
      ],
    },
    [
      ...asking,
      ['6<5', 'TaskFailed', { ...ASKED, ...denied }],
      ['7<6', 'TaskScheduled', asked(2)],
      ['8<7', 'TaskStarted', ASKED],
      ['9<8', 'TaskSubmitted', submitted(2)],
      ['10<9', 'TaskSucceeded', { ...ASKED, output: { by: 'ann' } }],
      ['11<10', 'TaskStateExited', { name: 'Approve', output: { by: 'ann' } }],
      ['12<11', 'ExecutionSucceeded', { output: { by: 'ann' } }],
    ],
  ),

  'bring errors that a Catch names': execution(
    guide('concepts-error-handling.html'),
    {
      definition: machine({
        Approve: approval({
          Catch: [
            { ErrorEquals: ['Expired'], Output: 'expired', Next: 'Close' },
            { ErrorEquals: ['Denied'], Output: '{% $states.errorOutput.Cause %}', Next: 'Close' },
          ],
        }),
        Close: pass,
      }),
      actions: [{ send: 'SendTaskFailure', token: 1, ...denied }],
    },
    [
      ...asking,
      ['6<5', 'TaskFailed', { ...ASKED, ...denied }],
      ['7<6', 'TaskStateExited', { name: 'Approve', output: 'by ann' }],
      ['8<7', 'PassStateEntered', { name: 'Close', input: 'by ann' }],
      ['9<8', 'PassStateExited', { name: 'Close', output: 'by ann' }],
      ['10<9', 'ExecutionSucceeded', { output: 'by ann' }],
    ],
  ),

  'may come before the call that hands them out has answered': execution(
    PAGE,
    { definition, answers: ['hold'], actions: [grant, { answerCall: 1, answer: 'echo' }] },
    [
      ...asking.slice(0, 3),
      ['5<4', 'TaskSucceeded', { ...ASKED, output: { by: 'ann' } }],
      ['6<5', 'TaskStateExited', { name: 'Approve', output: { by: 'ann' } }],
      ['7<6', 'ExecutionSucceeded', { output: { by: 'ann' } }],
    ],
  ),

  'of a stopped execution are good no more': execution(
    reference('StopExecution'),
    {
      definition,
      actions: [{ stop: { error: 'Enough', cause: 'asked to' } }, { ...grant, refused: 'TaskTimedOut' }],
    },
    [...asking, ['6<0', 'ExecutionAborted', { error: 'Enough', cause: 'asked to' }]],
  ),

  'are one for each branch that waits, and resolve that branch alone': execution(
    PAGE,
    {
      definition: machine({
        Both: {
          Type: 'Parallel',
          Branches: [scope({ First: approval() }), scope({ Second: approval() })],
          End: true,
        },
      }),
      actions: [
        { ...grant, token: 2, output: '2' },
        { ...grant, output: '1' },
      ],
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Both', input: {} }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'TaskStateEntered', { name: 'First', input: {} }],
      ['5<4', 'TaskScheduled', asked(1)],
      ['6<3', 'TaskStateEntered', { name: 'Second', input: {} }],
      ['7<6', 'TaskScheduled', asked(2)],
      ['8<5', 'TaskStarted', ASKED],
      ['9<7', 'TaskStarted', ASKED],
      ['10<8', 'TaskSubmitted', submitted(1)],
      ['11<9', 'TaskSubmitted', submitted(2)],
      ['12<11', 'TaskSucceeded', { ...ASKED, output: 2 }],
      ['13<12', 'TaskStateExited', { name: 'Second', output: 2 }],
      ['14<10', 'TaskSucceeded', { ...ASKED, output: 1 }],
      ['15<14', 'TaskStateExited', { name: 'First', output: 1 }],
      ['16<15', 'ParallelStateSucceeded'],
      ['17<15', 'ParallelStateExited', { name: 'Both', output: [1, 2] }],
      ['18<17', 'ExecutionSucceeded', { output: [1, 2] }],
    ],
  ),
};
