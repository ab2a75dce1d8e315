import {
  ASKED,
  approval,
  asked,
  type Case,
  evaluationFailed,
  execution,
  functionNamed,
  guide,
  machine,
  reference,
  submitted,
  task,
} from './form.ts';

const TASK = guide('state-task.html');
const HEARTBEAT = guide('connect-to-resource.html#wait-token-hearbeat');
const ERRORS = guide('concepts-error-handling.html');
const end = { End: true };
const pass = { Type: 'Pass', ...end };
const resource = functionNamed('work');
const timeout = { error: 'States.Timeout' };
const caught = (name: string) => [{ ErrorEquals: [name], Output: 'caught', Next: 'Mend' }];

export const timeouts: Record<string, Case> = {
  'end a Task that takes longer than its TimeoutSeconds': execution(
    TASK,
    {
      definition: machine({ Work: task('work', { TimeoutSeconds: 5 }) }),
      answers: ['hold'],
      actions: [{ pass: 5 }],
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ['3<2@0', 'LambdaFunctionScheduled', { resource, input: {}, timeoutInSeconds: 5 }],
      ['4<3@0', 'LambdaFunctionStarted'],
      ['5<4@5', 'LambdaFunctionTimedOut', timeout],
      ['6<5@5', 'ExecutionFailed', timeout],
    ],
  ),

  'may be given by an expression': execution(
    TASK,
    {
      definition: machine({
        Work: {
          Type: 'Task',
          Resource: 'arn:aws:states:::lambda:invoke',
          Arguments: { FunctionName: 'work' },
          TimeoutSeconds: '{% $states.input.limit %}',
          ...end,
        },
      }),
      input: { limit: 30 },
      answers: ['hold'],
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Work', input: { limit: 30 } }],
      [
        '3<2@0',
        'TaskScheduled',
        {
          resourceType: 'lambda',
          resource: 'invoke',
          parameters: { FunctionName: 'work' },
          timeoutInSeconds: 30,
        },
      ],
      ['4<3@0', 'TaskStarted', { resourceType: 'lambda', resource: 'invoke' }],
      ['5<4@30', 'TaskTimedOut', { resourceType: 'lambda', resource: 'invoke', ...timeout }],
      ['6<5@30', 'ExecutionFailed', timeout],
    ],
  ),

  'are retried by the name States.Timeout, and what the function answers late is dropped': execution(
    ERRORS,
    {
      definition: machine({
        Work: task('work', {
          TimeoutSeconds: 5,
          Retry: [{ ErrorEquals: ['States.Timeout'], IntervalSeconds: 10, MaxAttempts: 1 }],
        }),
      }),
      answers: ['hold', 'hold'],
      actions: [
        { pass: 15 },
        { answerCall: 1, answer: { payload: 'late' } },
        { answerCall: 2, answer: { payload: 'in time' } },
      ],
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ['3<2@0', 'LambdaFunctionScheduled', { resource, input: {}, timeoutInSeconds: 5 }],
      ['4<3@0', 'LambdaFunctionStarted'],
      ['5<4@5', 'LambdaFunctionTimedOut', timeout],
      ['6<5@15', 'LambdaFunctionScheduled', { resource, input: {}, timeoutInSeconds: 5 }],
      ['7<6@15', 'LambdaFunctionStarted'],
      ['8<7@15', 'LambdaFunctionSucceeded', { output: 'in time' }],
      ['9<8@15', 'TaskStateExited', { name: 'Work', output: 'in time' }],
      ['10<9@15', 'ExecutionSucceeded', { output: 'in time' }],
    ],
  ),

  'are not States.TaskFailed': execution(
    ERRORS,
    {
      definition: machine({
        Work: task('work', { TimeoutSeconds: 5, Catch: caught('States.TaskFailed') }),
        Mend: pass,
      }),
      answers: ['hold'],
    },
    [
      ['2<0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ['3<2', 'LambdaFunctionScheduled', { resource, input: {}, timeoutInSeconds: 5 }],
      ['4<3', 'LambdaFunctionStarted'],
      ['5<4', 'LambdaFunctionTimedOut', timeout],
      ['6<5', 'ExecutionFailed', timeout],
    ],
  ),

  'are no missed heartbeat': execution(
    ERRORS,
    {
      definition: machine({
        Work: task('work', { TimeoutSeconds: 5, Catch: caught('States.HeartbeatTimeout') }),
        Mend: pass,
      }),
      answers: ['hold'],
    },
    [
      ['2<0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ['3<2', 'LambdaFunctionScheduled', { resource, input: {}, timeoutInSeconds: 5 }],
      ['4<3', 'LambdaFunctionStarted'],
      ['5<4', 'LambdaFunctionTimedOut', timeout],
      ['6<5', 'ExecutionFailed', timeout],
    ],
  ),

  'end a Task that gives no heartbeat in its HeartbeatSeconds': execution(
    HEARTBEAT,
    {
      definition: machine({ Approve: approval({ HeartbeatSeconds: 60 }) }),
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Approve', input: {} }],
      ['3<2@0', 'TaskScheduled', asked(1, { heartbeatInSeconds: 60 })],
      ['4<3@0', 'TaskStarted', ASKED],
      ['5<4@0', 'TaskSubmitted', submitted(1)],
      ['6<5@60', 'TaskTimedOut', { ...ASKED, ...timeout }],
      ['7<6@60', 'ExecutionFailed', timeout],
    ],
  ),

  'count HeartbeatSeconds from the last heartbeat, which no event tells of': execution(
    reference('SendTaskHeartbeat'),
    {
      definition: machine({ Approve: approval({ HeartbeatSeconds: '{% 30 * 2 %}', TimeoutSeconds: 600 }) }),
      actions: [
        { pass: 50 },
        { send: 'SendTaskHeartbeat', token: 1 },
        { pass: 50 },
        { send: 'SendTaskHeartbeat', token: 1 },
        { pass: 60 },
      ],
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Approve', input: {} }],
      ['3<2@0', 'TaskScheduled', asked(1, { heartbeatInSeconds: 60, timeoutInSeconds: 600 })],
      ['4<3@0', 'TaskStarted', ASKED],
      ['5<4@0', 'TaskSubmitted', submitted(1)],
      ['6<5@160', 'TaskTimedOut', { ...ASKED, ...timeout }],
      ['7<6@160', 'ExecutionFailed', timeout],
    ],
  ),

  'end a Task after its TimeoutSeconds in spite of heartbeats': execution(
    reference('SendTaskHeartbeat'),
    {
      definition: machine({ Approve: approval({ HeartbeatSeconds: 60, TimeoutSeconds: 100 }) }),
      actions: [{ pass: 50 }, { send: 'SendTaskHeartbeat', token: 1 }, { pass: 50 }],
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Approve', input: {} }],
      ['3<2@0', 'TaskScheduled', asked(1, { heartbeatInSeconds: 60, timeoutInSeconds: 100 })],
      ['4<3@0', 'TaskStarted', ASKED],
      ['5<4@0', 'TaskSubmitted', submitted(1)],
      ['6<5@100', 'TaskTimedOut', { ...ASKED, ...timeout }],
      ['7<6@100', 'ExecutionFailed', timeout],
    ],
  ),

  'are asked for by no heartbeat where there is no HeartbeatSeconds': execution(
    reference('SendTaskHeartbeat'),
    {
      definition: machine({ Approve: approval({ TimeoutSeconds: 100 }) }),
      actions: [{ pass: 90 }, { send: 'SendTaskHeartbeat', token: 1 }, { pass: 10 }],
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Approve', input: {} }],
      ['3<2@0', 'TaskScheduled', asked(1, { timeoutInSeconds: 100 })],
      ['4<3@0', 'TaskStarted', ASKED],
      ['5<4@0', 'TaskSubmitted', submitted(1)],
      ['6<5@100', 'TaskTimedOut', { ...ASKED, ...timeout }],
      ['7<6@100', 'ExecutionFailed', timeout],
    ],
  ),

  ...Object.fromEntries(
    ['States.HeartbeatTimeout', 'States.Timeout', 'States.ALL'].map((name) => [
      `for want of a heartbeat are caught by the name ${name}`,
      execution(
        ERRORS,
        {
          definition: machine({
            Approve: approval({ HeartbeatSeconds: 10, Catch: caught(name) }),
            Mend: pass,
          }),
        },
        [
          ['2<0', 'TaskStateEntered', { name: 'Approve', input: {} }],
          ['3<2', 'TaskScheduled', asked(1, { heartbeatInSeconds: 10 })],
          ['4<3', 'TaskStarted', ASKED],
          ['5<4', 'TaskSubmitted', submitted(1)],
          ['6<5', 'TaskTimedOut', { ...ASKED, ...timeout }],
          ['7<6', 'TaskStateExited', { name: 'Approve', output: 'caught' }],
          ['8<7', 'PassStateEntered', { name: 'Mend', input: 'caught' }],
          ['9<8', 'PassStateExited', { name: 'Mend', output: 'caught' }],
          ['10<9', 'ExecutionSucceeded', { output: 'caught' }],
        ],
      ),
    ]),
  ),

  'give each attempt its whole time, and its own token': execution(
    HEARTBEAT,
    {
      definition: machine({
        Approve: approval({
          HeartbeatSeconds: 10,
          Retry: [{ ErrorEquals: ['States.HeartbeatTimeout'], IntervalSeconds: 5, MaxAttempts: 1 }],
        }),
      }),
      actions: [
        { pass: 10 },
        { send: 'SendTaskHeartbeat', token: 1, refused: 'TaskTimedOut' },
        { pass: 5 },
        { pass: 9 },
        { send: 'SendTaskHeartbeat', token: 2 },
        { pass: 10 },
      ],
    },
    [
      ['2<0@0', 'TaskStateEntered', { name: 'Approve', input: {} }],
      ['3<2@0', 'TaskScheduled', asked(1, { heartbeatInSeconds: 10 })],
      ['4<3@0', 'TaskStarted', ASKED],
      ['5<4@0', 'TaskSubmitted', submitted(1)],
      ['6<5@10', 'TaskTimedOut', { ...ASKED, ...timeout }],
      ['7<6@15', 'TaskScheduled', asked(2, { heartbeatInSeconds: 10 })],
      ['8<7@15', 'TaskStarted', ASKED],
      ['9<8@15', 'TaskSubmitted', submitted(2)],
      ['10<9@34', 'TaskTimedOut', { ...ASKED, ...timeout }],
      ['11<10@34', 'ExecutionFailed', timeout],
    ],
  ),

  'fail the state where their expression gives no time': (() => {
    const told = evaluationFailed(
      { name: 'Work', enteredAt: 2 },
      'TimeoutSeconds',
      "The JSONata expression '0' specified for the field 'TimeoutSeconds' returned an unexpected result type. Expected 'integer', but was 'number' for value: 0",
    );
    return execution(TASK, { definition: machine({ Work: task('work', { TimeoutSeconds: '{% 0 %}' }) }) }, [
      ['2<0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ['3<0', 'EvaluationFailed', told],
      ['4<3', 'ExecutionFailed', { error: told.error, cause: told.cause }],
    ]);
  })(),

  // The event names the error; DescribeExecution of an execution that timed out has none.
  "end an execution that takes longer than its machine's TimeoutSeconds": execution(
    guide('statemachine-structure.html'),
    {
      definition: machine({ Hold: { Type: 'Wait', Seconds: 25, ...end } }, { TimeoutSeconds: 3 }),
      actions: [{ pass: 3 }],
    },
    [
      ['2<0@0', 'WaitStateEntered', { name: 'Hold', input: {} }],
      ['3<0@3', 'ExecutionTimedOut', timeout],
    ],
  ),
};
