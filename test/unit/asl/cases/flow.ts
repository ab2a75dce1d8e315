import {
  type Case,
  evaluationFailed,
  execution,
  failed,
  guide,
  machine,
  NO_MATCH,
  reference,
} from './form.ts';

const CHOICE = guide('state-choice.html');
const FAIL = guide('state-fail.html');
const WAIT = guide('state-wait.html');
const end = { End: true };
const pass = { Type: 'Pass', ...end };
const unexpected = (source: string, field: string, expected: string, actual: string, value: string) =>
  `The JSONata expression '${source}' specified for the field '${field}' returned an unexpected result type. Expected '${expected}', but was '${actual}' for value: ${value}`;

/** A Wait of what its expression gives, from the start of 2026. */
function waited(field: 'Seconds' | 'Timestamp', value: string | number, second: number): Case {
  return execution(
    WAIT,
    {
      definition: machine({ Hold: { Type: 'Wait', [field]: '{% $states.input %}', ...end } }),
      input: value,
      actions: [{ pass: 86_400 }],
    },
    [
      ['2<0@0', 'WaitStateEntered', { name: 'Hold', input: value }],
      [`3<2@${second}`, 'WaitStateExited', { name: 'Hold', output: value }],
      [`4<3@${second}`, 'ExecutionSucceeded', { output: value }],
    ],
  );
}

export const flow: Record<string, Case> = {
  'fails at a Choice without a match and without a Default': execution(
    guide('concepts-error-handling.html'),
    {
      definition: machine({
        Which: { Type: 'Choice', Choices: [{ Condition: '{% $states.input > 5 %}', Next: 'Done' }] },
        Done: pass,
      }),
      input: 1,
    },
    [
      ['2<0', 'ChoiceStateEntered', { name: 'Which', input: 1 }],
      ['3<2', 'ExecutionFailed', failed('Which', 2, NO_MATCH)],
    ],
  ),

  'fails at a Task whose Arguments lack what its integration needs': execution(
    guide('connect-lambda.html'),
    {
      definition: machine({
        Work: {
          Type: 'Task',
          Resource: 'arn:aws:states:::lambda:invoke',
          Arguments: '{% $states.input %}',
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }],
          ...end,
        },
        Done: pass,
      }),
      input: { Payload: 1 },
    },
    [
      ['2<0', 'TaskStateEntered', { name: 'Work', input: { Payload: 1 } }],
      [
        '3<2',
        'ExecutionFailed',
        failed(
          'Work',
          2,
          `The Parameters '{"Payload":1}' could not be used to start the Task: [The field "FunctionName" is required but was missing]`,
        ),
      ],
    ],
  ),

  'takes the first rule that is true, with its own Assign and Output': execution(
    CHOICE,
    {
      definition: machine({
        Which: {
          Type: 'Choice',
          Choices: [
            { Condition: '{% $states.input > 10 %}', Output: 'large', Assign: { by: 'first' }, Next: 'Done' },
            {
              Condition: '{% $states.input > 5 %}',
              Output: 'medium',
              Assign: { by: 'second' },
              Next: 'Done',
            },
            { Condition: true, Output: 'any', Next: 'Done' },
          ],
          Default: 'Done',
          Output: 'small',
          Assign: { by: 'default' },
        },
        Done: { Type: 'Succeed' },
      }),
      input: 7,
    },
    [
      ['2<0', 'ChoiceStateEntered', { name: 'Which', input: 7 }],
      ['3<2', 'ChoiceStateExited', { name: 'Which', output: 'medium', assignedVariables: { by: 'second' } }],
      ['4<3', 'SucceedStateEntered', { name: 'Done', input: 'medium' }],
      ['5<4', 'SucceedStateExited', { name: 'Done', output: 'medium' }],
      ['6<5', 'ExecutionSucceeded', { output: 'medium' }],
    ],
  ),

  'fails at a condition that is neither true nor false': (() => {
    const told = evaluationFailed(
      { name: 'Which', enteredAt: 2 },
      'Choices[0]/Condition',
      unexpected('1', 'Choices[0]/Condition', 'boolean', 'number', '1'),
    );
    return execution(
      CHOICE,
      {
        definition: machine({
          Which: { Type: 'Choice', Choices: [{ Condition: '{% 1 %}', Next: 'Done' }], Default: 'Done' },
          Done: pass,
        }),
      },
      [
        ['2<0', 'ChoiceStateEntered', { name: 'Which', input: {} }],
        ['3<0', 'EvaluationFailed', told],
        ['4<3', 'ExecutionFailed', { error: told.error, cause: told.cause }],
      ],
    );
  })(),

  'ends at a Fail with what its expressions make': execution(
    FAIL,
    {
      definition: machine({
        Stop: { Type: 'Fail', Error: '{% "E" & $states.input %}', Cause: '{% $states.context.State.Name %}' },
      }),
      input: 1,
    },
    [
      ['2<0', 'FailStateEntered', { name: 'Stop', input: 1 }],
      ['3<2', 'ExecutionFailed', { error: 'E1', cause: 'Stop' }],
    ],
  ),

  'ends at a Fail that says nothing': execution(FAIL, { definition: machine({ Stop: { Type: 'Fail' } }) }, [
    ['2<0', 'FailStateEntered', { name: 'Stop', input: {} }],
    ['3<2', 'ExecutionFailed', {}],
  ]),

  'fails at a Fail whose error is no text': (() => {
    const told = evaluationFailed(
      { name: 'Stop', enteredAt: 2 },
      'Error',
      unexpected('404', 'Error', 'string', 'number', '404'),
    );
    return execution(FAIL, { definition: machine({ Stop: { Type: 'Fail', Error: '{% 404 %}' } }) }, [
      ['2<0', 'FailStateEntered', { name: 'Stop', input: {} }],
      ['3<0', 'EvaluationFailed', told],
      ['4<3', 'ExecutionFailed', { error: told.error, cause: told.cause }],
    ]);
  })(),

  'waits for its seconds': waited('Seconds', 28_800, 28_800),
  'waits for no time': waited('Seconds', 0, 0),
  'waits until a time with an offset': waited('Timestamp', '2026-01-01T02:00:30.5+01:00', 3630.5),
  'does not wait until a time that has passed': waited('Timestamp', '2025-12-31T23:59:59Z', 0),

  ...Object.fromEntries(
    [-1, 1.5, 100_000_000].map((seconds) => {
      const told = evaluationFailed(
        { name: 'Hold', enteredAt: 2 },
        'Seconds',
        unexpected('$states.input', 'Seconds', 'integer', 'number', String(seconds)),
      );
      return [
        `does not wait for ${seconds} seconds`,
        execution(
          WAIT,
          {
            definition: machine({ Hold: { Type: 'Wait', Seconds: '{% $states.input %}', ...end } }),
            input: seconds,
          },
          [
            ['2<0', 'WaitStateEntered', { name: 'Hold', input: seconds }],
            ['3<2', 'EvaluationFailed', told],
            ['4<3', 'ExecutionFailed', { error: told.error, cause: told.cause }],
          ],
        ),
      ];
    }),
  ),

  'ends when it is stopped, with what it is told': execution(
    reference('StopExecution'),
    {
      definition: machine({ Hold: { Type: 'Wait', Seconds: 60, ...end } }),
      actions: [{ pass: 5 }, { stop: { error: 'Enough', cause: 'asked to' } }, { pass: 60 }],
    },
    [
      ['2<0@0', 'WaitStateEntered', { name: 'Hold', input: {} }],
      ['3<0@5', 'ExecutionAborted', { error: 'Enough', cause: 'asked to' }],
    ],
  ),
};
