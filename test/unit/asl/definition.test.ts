import { describe, expect, it } from 'vitest';
import { createWorkbench } from './workbench.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
const one = (state: object) => ({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: state } });
const pass = (more: object = {}) => ({ Type: 'Pass', End: true, ...more });
const task = (more: object = {}) => ({ Type: 'Task', Resource: FUNCTION, End: true, ...more });
const LONG = 'n'.repeat(81);
const processor = (state: object = pass()) => ({ StartAt: 'B', States: { B: state } });
const map = (more: object = {}) => ({ Type: 'Map', ItemProcessor: processor(), End: true, ...more });

describe('a definition is refused, with the place,', () => {
  it.each<[string, object, string]>([
    [
      'without a query language',
      { StartAt: 'A', States: { A: pass() } },
      'JSONata, but is JSONPath at /States/A/QueryLanguage',
    ],
    [
      'in JSONPath',
      { QueryLanguage: 'JSONPath', StartAt: 'A', States: { A: pass() } },
      '/States/A/QueryLanguage',
    ],
    [
      'with one state in JSONPath',
      one(pass({ QueryLanguage: 'JSONPath' })),
      "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A'",
    ],
    [
      'with an unknown query language',
      one(pass({ QueryLanguage: 'jsonpath' })),
      'Value should be one of the following: [JSONPath, JSONata] at /States/A/QueryLanguage',
    ],
    [
      'with a query language for the states of a Map',
      one(map({ ItemProcessor: { ...processor(), QueryLanguage: 'JSONata' } })),
      "Field 'QueryLanguage' is not supported at /States/A/ItemProcessor'",
    ],
    ...[
      pass({ InputPath: '$' }),
      pass({ OutputPath: '$' }),
      pass({ Result: 1 }),
      task({ Parameters: {} }),
      task({ ResultPath: '$' }),
      task({ ResultSelector: {} }),
      task({ TimeoutSecondsPath: '$' }),
      task({ HeartbeatSecondsPath: '$' }),
      map({ ItemsPath: '$' }),
      map({ MaxConcurrencyPath: '$' }),
      map({ ToleratedFailureCountPath: '$' }),
      map({ ToleratedFailurePercentagePath: '$' }),
      { Type: 'Wait', Seconds: 1, End: true, SecondsPath: '$' },
      { Type: 'Wait', Seconds: 1, End: true, TimestampPath: '$' },
      { Type: 'Fail', ErrorPath: '$' },
      { Type: 'Fail', CausePath: '$' },
    ].map((state): [string, object, string] => {
      const field = Object.keys(state).at(-1);
      return [
        `with ${field}`,
        one(state),
        `The QueryLanguage is set to 'JSONata', but field '${field}' is only supported for the 'JSONPath' QueryLanguage at /States/A'`,
      ];
    }),
    [
      'with JSONPath in a Map',
      one(map({ ItemProcessor: processor(pass({ InputPath: '$' })) })),
      "field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/A/ItemProcessor/States/B'",
    ],
    ['with a .$ key among variables', one(pass({ Assign: { 'a.$': '$' } })), '/States/A/Assign/a.$'],
    [
      'with a .$ key among arguments',
      one(task({ Resource: 'arn:aws:states:::lambda:invoke', Arguments: { 'FunctionName.$': '$' } })),
      "Field 'FunctionName.$' is not supported at /States/A/Arguments",
    ],
    [
      'with a Variable to choose by',
      one({ Type: 'Choice', Choices: [{ Variable: '$.a', IsNull: true, Next: 'A' }] }),
      "field 'Variable' is only supported for the 'JSONPath' QueryLanguage at /States/A/Choices[0]",
    ],
    ['with an unknown field', one(pass({ Nexxt: 'A' })), "Field 'Nexxt' is not supported at /States/A'"],
    [
      'with an unknown field at its top',
      { ...one(pass()), Title: 'x' },
      "Field 'Title' is not supported at /'",
    ],
    ...['Pass', 'Wait', 'Choice', 'Succeed', 'Fail', 'Map', 'Parallel'].map(
      (type): [string, object, string] => [
        `with a timeout for a ${type}`,
        one({ Type: type, TimeoutSeconds: 1 }),
        "Field 'TimeoutSeconds' is not supported at /States/A",
      ],
    ),
    ...['Pass', 'Wait', 'Choice', 'Succeed', 'Fail'].flatMap((type) =>
      ['Catch', 'Retry'].map((field): [string, object, string] => [
        `with ${field} for a ${type}`,
        one({ Type: type, [field]: [] }),
        `Field '${field}' is not supported at /States/A`,
      ]),
    ),
    [
      'with an assignment for a Succeed',
      one({ Type: 'Succeed', Assign: {} }),
      "Field 'Assign' is not supported at /States/A",
    ],
    [
      'without states',
      { QueryLanguage: 'JSONata' },
      "'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'",
    ],
    [
      'without a start',
      { QueryLanguage: 'JSONata', States: { A: pass() } },
      "'SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /'",
    ],
    ['of no object', [], 'Expected value of type [OBJECT] at /'],
    [
      'with a state of no object',
      { ...one(pass()), States: { A: 1 } },
      'Expected value of type [OBJECT] at /States/A',
    ],
    [
      'with a number for a name',
      one(pass({ End: undefined, Next: 1 })),
      'Expected value of type [STRING] at /States/A/Next',
    ],
    ['without a type', one({ End: true }), 'These fields are required: [Type] at /States/A'],
    [
      'with an unknown type',
      one({ Type: 'Sleep' }),
      'Value should be one of the following: [Pass, Succeed, Fail, Wait, Choice, Task, Parallel, Map] at /States/A/Type',
    ],
    [
      'with both Next and End',
      one(pass({ Next: 'A' })),
      "Exactly one of 'Next' and 'End': true is required at /States/A",
    ],
    ['with neither Next nor End', one({ Type: 'Pass' }), '/States/A'],
    [
      'with a missing target',
      one(pass({ Next: 'C', End: undefined })),
      "'MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/A/Next, MISSING_END_STATE: Workflow has no terminal state at null'",
    ],
    [
      'with a missing default',
      one({ Type: 'Choice', Choices: [{ Condition: true, Next: 'A' }], Default: 'C' }),
      "Missing 'Default' target: C at /States/A/Default",
    ],
    [
      'with a missing target of a rule',
      one({ Type: 'Choice', Choices: [{ Condition: true, Next: 'C' }] }),
      "Missing 'Next' target: C at /States/A/Choices[0]/Next",
    ],
    [
      'with a missing target of a Catch',
      one(task({ Catch: [{ ErrorEquals: ['E'], Next: 'C' }] })),
      "Missing 'Next' target: C at /States/A/Catch[0]/Next",
    ],
    ['with a missing start', { ...one(pass()), StartAt: 'C' }, "Missing 'StartAt' target: C at /StartAt"],
    [
      'with a target in another scope',
      one(map({ ItemProcessor: processor({ Type: 'Pass', Next: 'A' }) })),
      "Missing 'Next' target: A at /States/A/ItemProcessor/States/B/Next",
    ],
    [
      'without an end, whatever is not reached',
      {
        ...one({ Type: 'Pass', Next: 'A' }),
        States: { A: { Type: 'Pass', Next: 'A' }, C: { Type: 'Pass', Next: 'A' } },
      },
      "'MISSING_END_STATE: Workflow has no terminal state at null'",
    ],
    [
      'with an unreachable state',
      { ...one(pass()), States: { A: pass(), C: pass() } },
      'MISSING_TRANSITION_TARGET: State "C" is not reachable. at /States/C',
    ],
    [
      'with a name used twice',
      one(map({ ItemProcessor: { StartAt: 'A', States: { A: pass() } } })),
      'DUPLICATE_STATE_NAME',
    ],
    [
      'with an unknown resource',
      one(task({ Resource: 'arn:aws:states:::sqs:sendMessage' })),
      'arn:aws:states:::sqs:sendMessage is not recognized at /States/A/Resource',
    ],
    ['without a function to invoke', one(task({ Resource: 'arn:aws:states:::lambda:invoke' })), '/States/A'],
    ['with a timeout of none', one(task({ TimeoutSeconds: 0 })), '/States/A/TimeoutSeconds'],
    [
      'with a heartbeat after the timeout',
      one(task({ TimeoutSeconds: 5, HeartbeatSeconds: 5 })),
      '/States/A/HeartbeatSeconds',
    ],
    [
      'with wrong expressions',
      one(pass({ Output: { a: ['{% 1 + %}', '{% %}'] } })),
      "'INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output/a[0], INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output/a[1]'",
    ],
    [
      'with a wrong expression in a Catch',
      one(task({ Catch: [{ ErrorEquals: ['E'], Assign: { v: '{% a[1,2) %}' }, Next: 'A' }] })),
      'INVALID_JSONATA_EXPRESSION: Expected "]", got "," at /States/A/Catch[0]/Assign/v',
    ],
    [
      'with a reference to a context item',
      one(pass({ Output: { v: '{% phone %}' } })),
      "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/A/Output/v",
    ],
    ...[
      task({ Arguments: '{% $states.result %}' }),
      task({ TimeoutSeconds: '{% $states.result %}' }),
      map({ ItemSelector: '{% $states.result %}' }),
      pass({ Output: '{% $states.result %}' }),
      task({ Catch: [{ ErrorEquals: ['E'], Output: '{% $states.result %}', Next: 'A' }] }),
      { Type: 'Choice', Choices: [{ Condition: '{% $states.result %}', Next: 'A' }] },
    ].map((state): [string, object, string] => [
      `with a result that ${JSON.stringify(state)} has not got`,
      one(state),
      "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/A/",
    ]),
    [
      'with an error output outside a Catch',
      one(task({ Output: '{% $states.errorOutput %}' })),
      "Field '$states.errorOutput' does not exist. at /States/A/Output",
    ],
    ['with a wait for both', one({ Type: 'Wait', Seconds: 1, Timestamp: 'x', End: true }), '/States/A'],
    ['with a wait of no number', one({ Type: 'Wait', Seconds: 'long', End: true }), '/States/A/Seconds'],
    [
      'with a wait of over three years',
      one({ Type: 'Wait', Seconds: 100_000_000, End: true }),
      '/States/A/Seconds',
    ],
    [
      'with a wait until no time',
      one({ Type: 'Wait', Timestamp: '2026-02-30T00:00:00Z', End: true }),
      '/States/A/Timestamp',
    ],
    [
      'with a condition of no boolean',
      one({ Type: 'Choice', Choices: [{ Condition: 'yes', Next: 'A' }] }),
      '/States/A/Choices[0]/Condition',
    ],
    ['with no choice', one({ Type: 'Choice', Choices: [] }), '/States/A/Choices'],
    [
      'with States.ALL among others',
      one(task({ Retry: [{ ErrorEquals: ['States.ALL', 'E'] }] })),
      '/States/A/Retry[0]/ErrorEquals',
    ],
    [
      'with States.ALL before others',
      one(task({ Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['E'] }] })),
      '/States/A/Retry[0]/ErrorEquals',
    ],
    ...[
      { IntervalSeconds: 0 },
      { IntervalSeconds: 100_000_000 },
      { MaxAttempts: -1 },
      { MaxAttempts: 1.5 },
      { MaxAttempts: 100_000_000 },
      { BackoffRate: 0.9 },
      { MaxDelaySeconds: 0 },
      { MaxDelaySeconds: 31_622_400 },
    ].map((fields): [string, object, string] => [
      `with a retrier of ${JSON.stringify(fields)}`,
      one(task({ Retry: [{ ErrorEquals: ['E'], ...fields }] })),
      `/States/A/Retry[0]/${Object.keys(fields)[0]}`,
    ]),
    [
      'with a retrier of no error',
      one(task({ Retry: [{ ErrorEquals: [] }] })),
      '/States/A/Retry[0]/ErrorEquals',
    ],
    [
      'with States.ALL before others in a Catch',
      one(
        task({
          Catch: [
            { ErrorEquals: ['States.ALL'], Next: 'A' },
            { ErrorEquals: ['E'], Next: 'A' },
          ],
        }),
      ),
      '/States/A/Catch[0]/ErrorEquals',
    ],
    [
      'with an unknown jitter',
      one(task({ Retry: [{ ErrorEquals: ['E'], JitterStrategy: 'SOME' }] })),
      '/States/A/Retry[0]/JitterStrategy',
    ],
    [
      'with a distributed Map',
      one(map({ ItemProcessor: { ...processor(), ProcessorConfig: { Mode: 'DISTRIBUTED' } } })),
      '/States/A/ItemProcessor/ProcessorConfig/Mode',
    ],
    ['with an ItemReader', one(map({ ItemReader: {} })), "Field 'ItemReader' is not supported at /States/A"],
    [
      'with an ItemBatcher',
      one(map({ ItemBatcher: {} })),
      "Field 'ItemBatcher' is not supported at /States/A",
    ],
    [
      'with a ResultWriter',
      one(map({ ResultWriter: {} })),
      "Field 'ResultWriter' is not supported at /States/A",
    ],
    ['with a negative concurrency', one(map({ MaxConcurrency: -1 })), '/States/A/MaxConcurrency'],
    ['with a negative tolerance', one(map({ ToleratedFailureCount: -1 })), '/States/A/ToleratedFailureCount'],
    [
      'with a tolerance of more than all',
      one(map({ ToleratedFailurePercentage: 101 })),
      '/States/A/ToleratedFailurePercentage',
    ],
    ['with items that are no array', one(map({ Items: {} })), '/States/A/Items'],
    ['with no branch', one({ Type: 'Parallel', Branches: [], End: true }), '/States/A/Branches'],
    [
      'with a name of 81 characters',
      { ...one(pass()), StartAt: LONG, States: { [LONG]: pass() } },
      `/States/${LONG}`,
    ],
    [
      'with a timeout of over three years',
      { ...one(pass()), TimeoutSeconds: 100_000_000 },
      'at /TimeoutSeconds',
    ],
    [
      'with an outer variable assigned within',
      one(map({ Assign: { v: 1 }, ItemProcessor: processor(pass({ Assign: { v: 2 } })) })),
      "'v' belongs to an outer scope at /States/A/ItemProcessor/States/B/Assign/v",
    ],
    [
      'with an outer variable assigned within a Parallel of a Map',
      one(
        map({
          Catch: [{ ErrorEquals: ['E'], Assign: { v: 1 }, Next: 'A' }],
          ItemProcessor: processor({
            Type: 'Parallel',
            Branches: [{ StartAt: 'C', States: { C: pass({ Assign: { v: 2 } }) } }],
            End: true,
          }),
        }),
      ),
      "'v' belongs to an outer scope at /States/A/ItemProcessor/States/B/Branches[0]/States/C/Assign/v",
    ],
    ...['states', '1st', 'a-b', '', 'a b', '$a', LONG].map((name): [string, object, string] => [
      `with a variable named ${name}`,
      one(pass({ Assign: { [name]: 1 } })),
      `Invalid variable name: ${name} at /States/A/Assign/${name}`,
    ]),
  ])('%s', (_what, definition, message) => {
    expect(() => createWorkbench().create(definition)).toThrow(message);
    expect(() => createWorkbench().create(definition)).toThrow(
      expect.objectContaining({ code: 'InvalidDefinition' }),
    );
  });

  it('that is no JSON', () => {
    expect(() => createWorkbench().create('{')).toThrow('INVALID_JSON_DESCRIPTION');
  });

  it('and names every problem at once', () => {
    const create = () => createWorkbench().create(one(pass({ InputPath: '$', OutputPath: '$' })));
    expect(create).toThrow(/InputPath.*OutputPath/);
  });
});

it('takes names of 80 characters, however many bytes they take', () => {
  const name = '𝒳'.repeat(80);
  const state = pass({ Assign: { [name]: 1, été: 2, _x: 3 } });
  const definition = { QueryLanguage: 'JSONata', StartAt: name, States: { [name]: state } };
  expect(createWorkbench().create(definition).name).toBe('machine-1');
});

it('takes states within a Map that lead to no end, as AWS does', () => {
  const round = { StartAt: 'B', States: { B: { Type: 'Pass', Next: 'B' } } };
  expect(createWorkbench().create(one(map({ ItemProcessor: round }))).name).toBe('machine-1');
});

it('takes one name of a variable in scopes side by side', () => {
  const branch = (name: string) => ({ StartAt: name, States: { [name]: pass({ Assign: { v: 1 } }) } });
  const parallel = { Type: 'Parallel', Branches: [branch('B'), branch('C')], End: true };
  expect(createWorkbench().create(one(parallel)).name).toBe('machine-1');
});

it('takes a definition whose states each say that they are in JSONata', () => {
  const definition = { StartAt: 'A', States: { A: pass({ QueryLanguage: 'JSONata' }) } };
  expect(createWorkbench().create(definition).name).toBe('machine-1');
});
