import {
  type Case,
  execution,
  failed,
  functionNamed,
  guide,
  machine,
  NO_MATCH,
  scope,
  task,
} from './form.ts';

const PAGE = guide('state-parallel.html');
const end = { End: true };
const pass = { Type: 'Pass', ...end };
const hold = (Seconds: number) => ({ Type: 'Wait', Seconds, ...end });
const fail = { Type: 'Fail', Error: 'Broken', Cause: 'On purpose' };
const broken = { Error: 'Broken', Cause: 'On purpose' };
const both = (Branches: object[], more: object = end) => ({ Type: 'Parallel', Branches, ...more }) as never;

/** AWS records a Parallel's success beside its exit: both follow the last event of the branch that ended last. */
export const parallel: Record<string, Case> = {
  'runs the branches and gives their outputs as an array': execution(
    PAGE,
    {
      definition: machine({
        Both: both([
          scope({ A: { ...pass, Output: '{% $states.input.n + 1 %}' } }),
          scope({ B: { ...pass, Output: '{% $states.input.n + 2 %}' } }),
        ]),
      }),
      input: { n: 1 },
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Both', input: { n: 1 } }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'PassStateEntered', { name: 'A', input: { n: 1 } }],
      ['5<4', 'PassStateExited', { name: 'A', output: 2 }],
      ['6<3', 'PassStateEntered', { name: 'B', input: { n: 1 } }],
      ['7<6', 'PassStateExited', { name: 'B', output: 3 }],
      ['8<7', 'ParallelStateSucceeded'],
      ['9<7', 'ParallelStateExited', { name: 'Both', output: [2, 3] }],
      ['10<9', 'ExecutionSucceeded', { output: [2, 3] }],
    ],
  ),

  'waits for the slowest branch, and keeps the order of the branches': execution(
    PAGE,
    {
      definition: machine({ Both: both([scope({ Slow: hold(9) }), scope({ Fast: hold(4) })]) }),
      input: 1,
    },
    [
      ['2<0@0', 'ParallelStateEntered', { name: 'Both', input: 1 }],
      ['3<2@0', 'ParallelStateStarted'],
      ['4<3@0', 'WaitStateEntered', { name: 'Slow', input: 1 }],
      ['5<3@0', 'WaitStateEntered', { name: 'Fast', input: 1 }],
      ['6<5@4', 'WaitStateExited', { name: 'Fast', output: 1 }],
      ['7<4@9', 'WaitStateExited', { name: 'Slow', output: 1 }],
      ['8<7@9', 'ParallelStateSucceeded'],
      ['9<7@9', 'ParallelStateExited', { name: 'Both', output: [1, 1] }],
      ['10<9@9', 'ExecutionSucceeded', { output: [1, 1] }],
    ],
  ),

  'gives each branch what its Arguments make of the input': execution(
    PAGE,
    {
      definition: machine({
        Both: both([scope({ A: pass })], {
          Arguments: { twice: '{% $states.input * 2 %}' },
          Output: { from: '{% $states.input %}', to: '{% $states.result %}' },
          ...end,
        }),
      }),
      input: 7,
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Both', input: 7 }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'PassStateEntered', { name: 'A', input: { twice: 14 } }],
      ['5<4', 'PassStateExited', { name: 'A', output: { twice: 14 } }],
      ['6<5', 'ParallelStateSucceeded'],
      ['7<5', 'ParallelStateExited', { name: 'Both', output: { from: 7, to: [{ twice: 14 }] } }],
      ['8<7', 'ExecutionSucceeded', { output: { from: 7, to: [{ twice: 14 }] } }],
    ],
  ),

  'fails with the first branch that does, and stops the others': execution(
    PAGE,
    { definition: machine({ Both: both([scope({ Waits: hold(60) }), scope({ Fails: fail })]) }) },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Both', input: {} }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'WaitStateEntered', { name: 'Waits', input: {} }],
      ['5<3', 'FailStateEntered', { name: 'Fails', input: {} }],
      ['6<5', 'WaitStateAborted'],
      ['7<5', 'ParallelStateFailed'],
      ['8<7', 'ExecutionFailed', { error: 'Broken', cause: 'On purpose' }],
    ],
  ),

  'is caught as one state, with the error of the branch': execution(
    PAGE,
    {
      definition: machine({
        Both: both([scope({ Fails: fail })], {
          Catch: [{ ErrorEquals: ['Broken'], Output: '{% $states.errorOutput %}', Next: 'Mend' }],
          ...end,
        }),
        Mend: pass,
      }),
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Both', input: {} }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'FailStateEntered', { name: 'Fails', input: {} }],
      ['5<4', 'ParallelStateFailed'],
      ['6<5', 'ParallelStateExited', { name: 'Both', output: broken }],
      ['7<6', 'PassStateEntered', { name: 'Mend', input: broken }],
      ['8<7', 'PassStateExited', { name: 'Mend', output: broken }],
      ['9<8', 'ExecutionSucceeded', { output: broken }],
    ],
  ),

  'is retried as one state: every branch starts again': execution(
    guide('concepts-error-handling.html'),
    {
      definition: machine({
        Both: both([scope({ A: pass }), scope({ Fails: fail })], {
          Retry: [{ ErrorEquals: ['Broken'], IntervalSeconds: 3, MaxAttempts: 1 }],
          ...end,
        }),
      }),
    },
    [
      ['2<0@0', 'ParallelStateEntered', { name: 'Both', input: {} }],
      ['3<2@0', 'ParallelStateStarted'],
      ['4<3@0', 'PassStateEntered', { name: 'A', input: {} }],
      ['5<4@0', 'PassStateExited', { name: 'A', output: {} }],
      ['6<3@0', 'FailStateEntered', { name: 'Fails', input: {} }],
      ['7<6@3', 'ParallelStateStarted'],
      ['8<7@3', 'PassStateEntered', { name: 'A', input: {} }],
      ['9<8@3', 'PassStateExited', { name: 'A', output: {} }],
      ['10<7@3', 'FailStateEntered', { name: 'Fails', input: {} }],
      ['11<10@3', 'ParallelStateFailed'],
      ['12<11@3', 'ExecutionFailed', { error: 'Broken', cause: 'On purpose' }],
    ],
  ),

  'stops a Task that fails a branch, and the Tasks of the others': execution(
    PAGE,
    {
      definition: machine({
        Both: both([scope({ Asks: task('ask') }), scope({ Breaks: task('break') })]),
      }),
      answers: ['hold', { error: 'Broken', cause: 'On purpose' }],
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Both', input: {} }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'TaskStateEntered', { name: 'Asks', input: {} }],
      ['5<4', 'LambdaFunctionScheduled', { resource: functionNamed('ask'), input: {} }],
      ['6<3', 'TaskStateEntered', { name: 'Breaks', input: {} }],
      ['7<6', 'LambdaFunctionScheduled', { resource: functionNamed('break'), input: {} }],
      ['8<5', 'LambdaFunctionStarted'],
      ['9<7', 'LambdaFunctionStarted'],
      ['10<9', 'LambdaFunctionFailed', { error: 'Broken', cause: 'On purpose' }],
      ['11<10', 'TaskStateAborted'],
      ['12<10', 'TaskStateAborted'],
      ['13<10', 'ParallelStateFailed'],
      ['14<13', 'ExecutionFailed', { error: 'Broken', cause: 'On purpose' }],
    ],
  ),

  'does not fail where a branch mends its own error': execution(
    PAGE,
    {
      definition: machine({
        Both: both([
          scope({
            Breaks: {
              ...task('break'),
              Catch: [{ ErrorEquals: ['States.ALL'], Output: 'mended', Next: 'Mend' }],
            },
            Mend: pass,
          }),
        ]),
      }),
      answers: [{ error: 'Broken', cause: 'On purpose' }],
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Both', input: {} }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'TaskStateEntered', { name: 'Breaks', input: {} }],
      ['5<4', 'LambdaFunctionScheduled', { resource: functionNamed('break'), input: {} }],
      ['6<5', 'LambdaFunctionStarted'],
      ['7<6', 'LambdaFunctionFailed', { error: 'Broken', cause: 'On purpose' }],
      ['8<7', 'TaskStateExited', { name: 'Breaks', output: 'mended' }],
      ['9<8', 'PassStateEntered', { name: 'Mend', input: 'mended' }],
      ['10<9', 'PassStateExited', { name: 'Mend', output: 'mended' }],
      ['11<10', 'ParallelStateSucceeded'],
      ['12<10', 'ParallelStateExited', { name: 'Both', output: ['mended'] }],
      ['13<12', 'ExecutionSucceeded', { output: ['mended'] }],
    ],
  ),

  'nests, and an inner failure may be caught by the outer one': execution(
    PAGE,
    {
      definition: machine({
        Outer: both([scope({ Inner: both([scope({ Fails: fail })]) })], {
          Catch: [{ ErrorEquals: ['Broken'], Output: 'caught', Next: 'Mend' }],
          ...end,
        }),
        Mend: pass,
      }),
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Outer', input: {} }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'ParallelStateEntered', { name: 'Inner', input: {} }],
      ['5<4', 'ParallelStateStarted'],
      ['6<5', 'FailStateEntered', { name: 'Fails', input: {} }],
      ['7<6', 'ParallelStateFailed'],
      ['8<7', 'ParallelStateFailed'],
      ['9<8', 'ParallelStateExited', { name: 'Outer', output: 'caught' }],
      ['10<9', 'PassStateEntered', { name: 'Mend', input: 'caught' }],
      ['11<10', 'PassStateExited', { name: 'Mend', output: 'caught' }],
      ['12<11', 'ExecutionSucceeded', { output: 'caught' }],
    ],
  ),

  // States.Runtime is no failure of the branch: the execution ends, whatever the states around would catch.
  'ends the execution at once where a branch has a runtime error': execution(
    guide('concepts-error-handling.html'),
    {
      definition: machine({
        Both: both(
          [
            scope({ Waits: hold(60) }),
            scope({ Which: { Type: 'Choice', Choices: [{ Condition: false, Next: 'Done' }] }, Done: pass }),
          ],
          { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Mend' }], ...end },
        ),
        Mend: pass,
      }),
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Both', input: {} }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'WaitStateEntered', { name: 'Waits', input: {} }],
      ['5<3', 'ChoiceStateEntered', { name: 'Which', input: {} }],
      ['6<5', 'ExecutionFailed', failed('Which', 5, NO_MATCH)],
    ],
  ),
};
