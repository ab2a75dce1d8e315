import type { JsonObject } from '../../../../local/asl/json.ts';
import {
  type Case,
  evaluationFailed,
  exceeded,
  execution,
  functionNamed,
  guide,
  machine,
  scope,
  type Told,
  task,
} from './form.ts';

const PAGE = guide('workflow-variables.html');
const end = { End: true };
const pass = { Type: 'Pass', ...end };
const size = (bytes: number) => 'x'.repeat(bytes - 2);
const KIB = 1024;

/** States that each assign a variable of 256 KiB, and then some more: forty fill what an execution may hold. */
function filling(
  count: number,
  then: Record<string, JsonObject> = {},
): { definition: JsonObject; told: Told[] } {
  const names = Array.from({ length: count }, (_, index) => `v${index}`);
  const following = [...names.slice(1), ...Object.keys(then)];
  const states = names.map((name, index) => {
    const next = following[index];
    const way = next === undefined ? end : { Next: next };
    return [name, { Type: 'Pass', Assign: { [name]: '{% $states.input %}' }, ...way }] as const;
  });
  const told = names.flatMap((name, index): Told[] => {
    const id = 2 + 2 * index;
    const input = size(256 * KIB);
    return [
      [`${id}<${index === 0 ? 0 : id - 1}`, 'PassStateEntered', { name, input }],
      [`${id + 1}<${id}`, 'PassStateExited', { name, output: input, assignedVariables: { [name]: input } }],
    ];
  });
  return { definition: machine({ ...Object.fromEntries(states), ...then }), told };
}

const forty = filling(40);
const fortyOne = filling(41);
const fortyAndOneWithin = filling(40, {
  Each: {
    Type: 'Map',
    Items: [1],
    ItemProcessor: scope({ In: { ...pass, Assign: { inner: '{% $v0 %}' } } }),
    ...end,
  },
});

export const variables: Record<string, Case> = {
  'are seen by the states after, also as null': execution(
    PAGE,
    {
      definition: machine({
        Init: { Type: 'Pass', Assign: { n: '{% $states.input + 1 %}', none: null }, Next: 'Tell' },
        Tell: { ...pass, Output: '{% [$n, $none] %}' },
      }),
      input: 1,
    },
    [
      ['2<0', 'PassStateEntered', { name: 'Init', input: 1 }],
      ['3<2', 'PassStateExited', { name: 'Init', output: 1, assignedVariables: { n: 2, none: null } }],
      ['4<3', 'PassStateEntered', { name: 'Tell', input: 1 }],
      ['5<4', 'PassStateExited', { name: 'Tell', output: [2, null] }],
      ['6<5', 'ExecutionSucceeded', { output: [2, null] }],
    ],
  ),

  'keep in Assign and Output the values that they had on entry': execution(
    PAGE,
    {
      definition: machine({
        Init: { Type: 'Pass', Assign: { a: 1, b: 2 }, Next: 'Swap' },
        Swap: {
          Type: 'Pass',
          Assign: { a: '{% $b %}', b: '{% $a %}' },
          Output: '{% [$a, $b] %}',
          Next: 'Tell',
        },
        Tell: { ...pass, Output: '{% [$a, $b] %}' },
      }),
    },
    [
      ['2<0', 'PassStateEntered', { name: 'Init', input: {} }],
      ['3<2', 'PassStateExited', { name: 'Init', output: {}, assignedVariables: { a: 1, b: 2 } }],
      ['4<3', 'PassStateEntered', { name: 'Swap', input: {} }],
      ['5<4', 'PassStateExited', { name: 'Swap', output: [1, 2], assignedVariables: { a: 2, b: 1 } }],
      ['6<5', 'PassStateEntered', { name: 'Tell', input: [1, 2] }],
      ['7<6', 'PassStateExited', { name: 'Tell', output: [2, 1] }],
      ['8<7', 'ExecutionSucceeded', { output: [2, 1] }],
    ],
  ),

  'that nothing has assigned are nothing': (() => {
    const told = evaluationFailed(
      { name: 'Tell', enteredAt: 2 },
      'Output',
      "The JSONata expression '$nowhere' specified for the field 'Output' returned nothing (undefined).",
    );
    return execution(PAGE, { definition: machine({ Tell: { ...pass, Output: '{% $nowhere %}' } }) }, [
      ['2<0', 'PassStateEntered', { name: 'Tell', input: {} }],
      ['3<0', 'EvaluationFailed', told],
      ['4<3', 'ExecutionFailed', { error: told.error, cause: told.cause }],
    ]);
  })(),

  'of the scopes around are read within a Map; its own are gone with it': execution(
    PAGE,
    {
      definition: machine({
        Init: { Type: 'Pass', Assign: { outer: 'o' }, Next: 'Each' },
        Each: {
          Type: 'Map',
          Items: ['x'],
          ItemProcessor: scope({
            Note: { Type: 'Pass', Assign: { inner: '{% $outer & $states.input %}' }, Next: 'Show' },
            Show: { ...pass, Output: '{% $inner %}' },
          }),
          Assign: { results: '{% $states.result %}' },
          Next: 'Tell',
        },
        Tell: { ...pass, Output: '{% [$results, $exists($inner)] %}' },
      }),
    },
    [
      ['2<0', 'PassStateEntered', { name: 'Init', input: {} }],
      ['3<2', 'PassStateExited', { name: 'Init', output: {}, assignedVariables: { outer: 'o' } }],
      ['4<3', 'MapStateEntered', { name: 'Each', input: {} }],
      ['5<4', 'MapStateStarted', { length: 1 }],
      ['6<5', 'MapIterationStarted', { name: 'Each', index: 0 }],
      ['7<6', 'PassStateEntered', { name: 'Note', input: 'x' }],
      ['8<7', 'PassStateExited', { name: 'Note', output: 'x', assignedVariables: { inner: 'ox' } }],
      ['9<8', 'PassStateEntered', { name: 'Show', input: 'x' }],
      ['10<9', 'PassStateExited', { name: 'Show', output: 'ox' }],
      ['11<10', 'MapIterationSucceeded', { name: 'Each', index: 0 }],
      ['12<11', 'MapStateSucceeded'],
      ['13<11', 'MapStateExited', { name: 'Each', output: ['ox'], assignedVariables: { results: ['ox'] } }],
      ['14<13', 'PassStateEntered', { name: 'Tell', input: ['ox'] }],
      ['15<14', 'PassStateExited', { name: 'Tell', output: ['ox', false] }],
      ['16<15', 'ExecutionSucceeded', { output: ['ox', false] }],
    ],
  ),

  'of one branch are not seen by another, whose may have the same name': execution(
    PAGE,
    {
      definition: machine({
        Both: {
          Type: 'Parallel',
          Branches: [
            scope({ A: { Type: 'Pass', Assign: { v: 'a' }, Next: 'B' }, B: { ...pass, Output: '{% $v %}' } }),
            scope({
              C: { Type: 'Pass', Output: '{% $exists($v) %}', Assign: { v: 'c' }, Next: 'D' },
              D: { ...pass, Output: '{% [$states.input, $v] %}' },
            }),
          ],
          ...end,
        },
      }),
    },
    [
      ['2<0', 'ParallelStateEntered', { name: 'Both', input: {} }],
      ['3<2', 'ParallelStateStarted'],
      ['4<3', 'PassStateEntered', { name: 'A', input: {} }],
      ['5<4', 'PassStateExited', { name: 'A', output: {}, assignedVariables: { v: 'a' } }],
      ['6<5', 'PassStateEntered', { name: 'B', input: {} }],
      ['7<6', 'PassStateExited', { name: 'B', output: 'a' }],
      ['8<3', 'PassStateEntered', { name: 'C', input: {} }],
      ['9<8', 'PassStateExited', { name: 'C', output: false, assignedVariables: { v: 'c' } }],
      ['10<9', 'PassStateEntered', { name: 'D', input: false }],
      ['11<10', 'PassStateExited', { name: 'D', output: [false, 'c'] }],
      ['12<11', 'ParallelStateSucceeded'],
      ['13<11', 'ParallelStateExited', { name: 'Both', output: ['a', [false, 'c']] }],
      ['14<13', 'ExecutionSucceeded', { output: ['a', [false, 'c']] }],
    ],
  ),

  'of two scopes around are read': execution(
    PAGE,
    {
      definition: machine({
        Init: { Type: 'Pass', Assign: { a: 1 }, Next: 'Both' },
        Both: {
          Type: 'Parallel',
          Branches: [
            scope({
              Mid: { Type: 'Pass', Assign: { b: 2 }, Next: 'Each' },
              Each: {
                Type: 'Map',
                Items: [3],
                ItemProcessor: scope({ Sum: { ...pass, Output: '{% $a + $b + $states.input %}' } }),
                ...end,
              },
            }),
          ],
          ...end,
        },
      }),
    },
    [
      ['2<0', 'PassStateEntered', { name: 'Init', input: {} }],
      ['3<2', 'PassStateExited', { name: 'Init', output: {}, assignedVariables: { a: 1 } }],
      ['4<3', 'ParallelStateEntered', { name: 'Both', input: {} }],
      ['5<4', 'ParallelStateStarted'],
      ['6<5', 'PassStateEntered', { name: 'Mid', input: {} }],
      ['7<6', 'PassStateExited', { name: 'Mid', output: {}, assignedVariables: { b: 2 } }],
      ['8<7', 'MapStateEntered', { name: 'Each', input: {} }],
      ['9<8', 'MapStateStarted', { length: 1 }],
      ['10<9', 'MapIterationStarted', { name: 'Each', index: 0 }],
      ['11<10', 'PassStateEntered', { name: 'Sum', input: 3 }],
      ['12<11', 'PassStateExited', { name: 'Sum', output: 6 }],
      ['13<12', 'MapIterationSucceeded', { name: 'Each', index: 0 }],
      ['14<13', 'MapStateSucceeded'],
      ['15<13', 'MapStateExited', { name: 'Each', output: [6] }],
      ['16<15', 'ParallelStateSucceeded'],
      ['17<15', 'ParallelStateExited', { name: 'Both', output: [[6]] }],
      ['18<17', 'ExecutionSucceeded', { output: [[6]] }],
    ],
  ),

  'of the outer scope are assigned by the Catch of a Map, not by its own Assign': execution(
    PAGE,
    {
      definition: machine({
        Each: {
          Type: 'Map',
          Items: [1],
          ItemProcessor: scope({ Fails: { Type: 'Fail', Error: 'E' } }),
          Assign: { how: 'well' },
          Catch: [{ ErrorEquals: ['E'], Assign: { how: 'badly' }, Output: 1, Next: 'Tell' }],
          Next: 'Tell',
        },
        Tell: { ...pass, Output: '{% $how %}' },
      }),
    },
    [
      ['2<0', 'MapStateEntered', { name: 'Each', input: {} }],
      ['3<2', 'MapStateStarted', { length: 1 }],
      ['4<3', 'MapIterationStarted', { name: 'Each', index: 0 }],
      ['5<4', 'FailStateEntered', { name: 'Fails', input: 1 }],
      ['6<5', 'MapIterationFailed', { name: 'Each', index: 0 }],
      ['7<5', 'MapStateFailed'],
      ['8<7', 'MapStateExited', { name: 'Each', output: 1, assignedVariables: { how: 'badly' } }],
      ['9<8', 'PassStateEntered', { name: 'Tell', input: 1 }],
      ['10<9', 'PassStateExited', { name: 'Tell', output: 'badly' }],
      ['11<10', 'ExecutionSucceeded', { output: 'badly' }],
    ],
  ),

  'may hold 256 KiB in one Assign together': execution(
    PAGE,
    {
      definition: machine({
        Keep: { ...pass, Output: 1, Assign: { a: '{% $states.input %}', b: '{% $states.input %}' } },
      }),
      input: size(128 * KIB),
    },
    [
      ['2<0', 'PassStateEntered', { name: 'Keep', input: size(128 * KIB) }],
      [
        '3<2',
        'PassStateExited',
        { name: 'Keep', output: 1, assignedVariables: { a: size(128 * KIB), b: size(128 * KIB) } },
      ],
      ['4<3', 'ExecutionSucceeded', { output: 1 }],
    ],
  ),

  'may not hold more in one Assign together': execution(
    PAGE,
    {
      definition: machine({
        Keep: { ...pass, Output: 1, Assign: { a: '{% $states.input %}', b: '{% $states.input & "x" %}' } },
      }),
      input: size(128 * KIB),
    },
    [
      ['2<0', 'PassStateEntered', { name: 'Keep', input: size(128 * KIB) }],
      ['3<2', 'ExecutionFailed', exceeded('Keep')],
    ],
  ),

  'may not hold more than 256 KiB each': execution(
    PAGE,
    {
      definition: machine({ Keep: { ...pass, Output: 1, Assign: { a: '{% $states.input & "x" %}' } } }),
      input: size(256 * KIB),
    },
    [
      ['2<0', 'PassStateEntered', { name: 'Keep', input: size(256 * KIB) }],
      ['3<2', 'ExecutionFailed', exceeded('Keep')],
    ],
  ),

  'may hold 10 MiB in an execution together': execution(
    PAGE,
    { definition: forty.definition, input: size(256 * KIB) },
    [...forty.told, ['82<81', 'ExecutionSucceeded', { output: size(256 * KIB) }]],
  ),

  'may not hold more in an execution together': execution(
    PAGE,
    { definition: fortyOne.definition, input: size(256 * KIB) },
    [...fortyOne.told.slice(0, -1), ['83<82', 'ExecutionFailed', exceeded('v40')]],
  ),

  'are counted with those of the scopes around': execution(
    PAGE,
    { definition: fortyAndOneWithin.definition, input: size(256 * KIB) },
    [
      ...fortyAndOneWithin.told,
      ['82<81', 'MapStateEntered', { name: 'Each', input: size(256 * KIB) }],
      ['83<82', 'MapStateStarted', { length: 1 }],
      ['84<83', 'MapIterationStarted', { name: 'Each', index: 0 }],
      ['85<84', 'PassStateEntered', { name: 'In', input: 1 }],
      ['86<85', 'MapIterationFailed', { name: 'Each', index: 0 }],
      ['87<85', 'MapStateFailed'],
      ['88<87', 'ExecutionFailed', exceeded('In')],
    ],
  ),

  'are assigned from the result of a Task': execution(
    PAGE,
    {
      definition: machine({
        Work: task('work', { Assign: { got: '{% $states.result.n %}' }, Output: '{% $states.input %}' }),
      }),
      answers: [{ payload: { n: 5 } }],
    },
    [
      ['2<0', 'TaskStateEntered', { name: 'Work', input: {} }],
      ['3<2', 'LambdaFunctionScheduled', { resource: functionNamed('work'), input: {} }],
      ['4<3', 'LambdaFunctionStarted'],
      ['5<4', 'LambdaFunctionSucceeded', { output: { n: 5 } }],
      ['6<5', 'TaskStateExited', { name: 'Work', output: {}, assignedVariables: { got: 5 } }],
      ['7<6', 'ExecutionSucceeded', { output: {} }],
    ],
  ),
};
