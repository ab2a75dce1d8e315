import { describe, expect, it } from 'vitest';
import { createWorkbench } from './workbench.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
const one = (state: object) => ({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: state } });
const pass = (more: object = {}) => ({ Type: 'Pass', End: true, ...more });
const task = (more: object = {}) => ({ Type: 'Task', Resource: FUNCTION, End: true, ...more });
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
    ['with one state in JSONPath', one(pass({ QueryLanguage: 'JSONPath' })), '/States/A/QueryLanguage'],
    [
      'with InputPath',
      one(pass({ InputPath: '$' })),
      "JSONPath field 'InputPath' is not supported in JSONata at /States/A/InputPath",
    ],
    ['with OutputPath', one(pass({ OutputPath: '$' })), '/States/A/OutputPath'],
    ['with Result', one(pass({ Result: 1 })), '/States/A/Result'],
    ['with Parameters', one(task({ Parameters: {} })), '/States/A/Parameters'],
    ['with ResultPath', one(task({ ResultPath: '$' })), '/States/A/ResultPath'],
    ['with ResultSelector', one(task({ ResultSelector: {} })), '/States/A/ResultSelector'],
    ['with TimeoutSecondsPath', one(task({ TimeoutSecondsPath: '$' })), '/States/A/TimeoutSecondsPath'],
    ['with ItemsPath', one(map({ ItemsPath: '$' })), '/States/A/ItemsPath'],
    [
      'with JSONPath in a Map',
      one(map({ ItemProcessor: processor(pass({ InputPath: '$' })) })),
      '/States/A/ItemProcessor/States/B/InputPath',
    ],
    ['with a .$ key among variables', one(pass({ Assign: { 'a.$': '$' } })), '/States/A/Assign/a.$'],
    [
      'with a .$ key among arguments',
      one(task({ Resource: 'arn:aws:states:::lambda:invoke', Arguments: { 'FunctionName.$': '$' } })),
      '/States/A/Arguments/FunctionName.$',
    ],
    [
      'with a Variable to choose by',
      one({ Type: 'Choice', Choices: [{ Variable: '$.a', IsNull: true, Next: 'A' }] }),
      "'Variable' is not supported in JSONata at /States/A/Choices[0]/Variable",
    ],
    ['with an unknown field', one(pass({ Nexxt: 'A' })), "Field 'Nexxt' is not supported at /States/A/Nexxt"],
    ['with an unknown field at its top', { ...one(pass()), Title: 'x' }, '/Title'],
    ['without states', { QueryLanguage: 'JSONata' }, 'These fields are required: [StartAt, States] at /'],
    ['of no object', [], 'Expected value of type Object at /'],
    ['with an unknown type', one({ Type: 'Sleep' }), '/States/A/Type'],
    [
      'with both Next and End',
      one(pass({ Next: 'A' })),
      "Exactly one of 'Next' and 'End': true is required at /States/A",
    ],
    ['with neither Next nor End', one({ Type: 'Pass' }), '/States/A'],
    [
      'with a missing target',
      one(pass({ Next: 'C', End: undefined })),
      'MISSING_TRANSITION_TARGET: Missing target state: C at /States/A/Next',
    ],
    ['with a missing start', { ...one(pass()), StartAt: 'C' }, 'Missing target state: C at /StartAt'],
    [
      'with an unreachable state',
      { ...one(pass()), States: { A: pass(), C: pass() } },
      'State "C" is not reachable at /States/C',
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
    ['with a wrong expression', one(pass({ Output: { a: '{% 1 + %}' } })), 'Invalid JSONata expression'],
    [
      'with $eval',
      one(pass({ Output: '{% $eval("1") %}' })),
      'Step Functions does not support $eval at /States/A/Output',
    ],
    ['with a wait for both', one({ Type: 'Wait', Seconds: 1, Timestamp: 'x', End: true }), '/States/A'],
    ['with a wait of no number', one({ Type: 'Wait', Seconds: 'long', End: true }), '/States/A/Seconds'],
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
    [
      'with an ItemReader',
      one(map({ ItemReader: {} })),
      "Field 'ItemReader' is not supported at /States/A/ItemReader",
    ],
    ['with a ResultWriter', one(map({ ResultWriter: {} })), '/States/A/ResultWriter'],
    [
      'with an outer variable assigned within',
      one(map({ Assign: { v: 1 }, ItemProcessor: processor(pass({ Assign: { v: 2 } })) })),
      "'v' belongs to an outer scope at /States/A/ItemProcessor/States/B/Assign/v",
    ],
    ['with a variable named states', one(pass({ Assign: { states: 1 } })), '/States/A/Assign/states'],
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

it('takes a definition whose states each say that they are in JSONata', () => {
  const definition = { StartAt: 'A', States: { A: pass({ QueryLanguage: 'JSONata' }) } };
  expect(createWorkbench().create(definition).name).toBe('machine-1');
});
