import { describe, expect, it } from 'vitest';
import { compileTemplate, EvaluationError } from '../../../local/asl/expressions.ts';
import type { Json } from '../../../local/asl/json.ts';

const sources = {
  now: () => Date.parse('2026-01-02T03:04:05.678Z'),
  random: () => 0.25,
  uuid: () => 'a-uuid',
};
const refuse = ({ message }: { message: string }) => {
  throw new Error(message);
};

function evaluate(template: Json, variables: Record<string, Json> = {}) {
  return compileTemplate(template, 'Output', { sources, refuse })({
    ...variables,
    states: { input: { n: 7 } },
  });
}

describe('a template', () => {
  it.each<[Json, Json]>([
    ['{% $states.input.n %}', 7],
    ['{%$states.input.n%}', 7],
    [' {% $states.input.n %}', ' {% $states.input.n %}'],
    ['$states.input.n', '$states.input.n'],
    [
      { a: ['{% $x %}', { b: '{% $x & "!" %}' }], c: null },
      { a: ['x', { b: 'x!' }], c: null },
    ],
    ['{% {"a": $none, "b": [1, $none]} %}', { b: [1] }],
    ['{% [] %}', []],
    ['{% null %}', null],
    ['{% $x ? {"y": $x} %}', { y: 'x' }],
  ])('%j gives %j', async (template, expected) => {
    expect(await evaluate(template, { x: 'x' })).toEqual(expected);
  });

  it('without an expression is given as it is, at once', () => {
    const template = { a: [1, { b: 'text' }] };
    expect(evaluate(template)).toBe(template);
  });

  it.each<[Json, string, string]>([
    ['{% $none %}', "'$none' specified for the field 'Output' returned nothing (undefined).", 'Output'],
    [{ a: [0, '{% $none %}'] }, "specified for the field 'Output/a[1]' returned nothing", 'Output/a[1]'],
    ['{% "a" + 1 %}', 'threw an error during evaluation. T2001: The left side of the "+" operator', 'Output'],
    ['{% function($x) { $x } %}', 'returned an unsupported result type.', 'Output'],
    ['{% {"f": $sum} %}', 'returned an unsupported result type.', 'Output'],
    ['{% $eval("1") %}', 'T1006: Attempted to invoke a non-function', 'Output'],
  ])('%j fails', async (template, message, location) => {
    const failure = await Promise.resolve(evaluate(template)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EvaluationError);
    expect(failure).toMatchObject({ message: expect.stringContaining(message), location });
  });
});

describe('a function that Step Functions adds', () => {
  it.each<[string, Json]>([
    ['$partition([1,2,3,4,5], 2)', [[1, 2], [3, 4], [5]]],
    ['$partition([], 2)', []],
    ['$range(0, 10, 5)', [0, 5, 10]],
    ['$range(3, 1, -1)', [3, 2, 1]],
    ['$range(1, 0, 1)', []],
    ['$hash("input data", "SHA-1")', 'aaff4a450a104cd177d28d18d74485e8cae074b7'],
    ['$random()', 0.25],
    ['$random(7) = $random(7) and $random(7) != $random(8) and $random(7) < 1', true],
    ['$uuid()', 'a-uuid'],
    ['$parse(\'{"a":[1]}\')', { a: [1] }],
    ['$exists($parse($none))', false],
    ['$now()', '2026-01-02T03:04:05.678Z'],
    ['$now("[Y]")', '2026'],
    ['$millis()', sources.now()],
  ])('%s is %j', async (expression, expected) => {
    expect(await evaluate(`{% ${expression} %}`)).toEqual(expected);
  });

  it.each([
    '$partition([1], 0)',
    '$range(0, 1000, 1)',
    '$range(0, 1, 0)',
    '$hash("a", "CRC")',
    '$parse("{")',
    '$hash(1, 2)',
  ])('%s fails', async (expression) => {
    await expect(evaluate(`{% ${expression} %}`)).rejects.toThrow('threw an error during evaluation');
  });
});

describe('the references of an expression', () => {
  function refused(source: string, fact?: 'result' | 'errorOutput'): string[] {
    const messages: string[] = [];
    const compilation = {
      sources,
      fact,
      refuse: ({ message }: { message: string }) => messages.push(message),
    };
    compileTemplate(`{% ${source} %}`, 'Output', compilation);
    return messages;
  }

  it.each([
    'phone',
    'phone.number',
    '"phone".number',
    '{"a": phone}',
    '[1, phone]',
    '$f(phone)',
    '$map($states.input, function($v){ phone })',
    '($x := phone; $x)',
    '$states.input ? phone : 1',
    'phone^(price)',
  ])('%s names a member of a context item', (source) => {
    expect(refused(source)).toEqual(["Reference to 'phone' at the top level is not supported."]);
  });

  it.each([
    '$states.input.phone',
    '$phone',
    '$states.input.items[value > 3]',
    '$states.input.items^(>price, name)',
    '$states.input.items{kind: $sum(price)}',
    '$states.input.items.{"n": name}',
    '$states.input.items.(name)',
    '$states.input.items@$i#$at.{"n": $i.name}',
    '$states.input ~> |items|{"n": name}, ["price"]|',
    '$states.context.Execution.Id & $states.input.a',
    '"phone" & \'s\'',
  ])('%s does not', (source) => {
    expect(refused(source)).toEqual([]);
  });

  it('do not include the root', () => {
    expect(refused('$states.input[$$.a]')).toEqual(["Reference to '$$' is not supported."]);
  });

  it.each([
    ['$states.result', undefined, "Field '$states.result' does not exist."],
    ['$states.errorOutput.Error', 'result', "Field '$states.errorOutput' does not exist."],
    ['[$states.outcome]', 'errorOutput', "Field '$states.outcome' does not exist."],
  ] as const)('include of $states only what it has: %s, beside %s', (source, fact, message) => {
    expect(refused(source, fact)).toEqual([message]);
    expect(refused('[$states.input, $states.context]', fact)).toEqual([]);
  });

  it('include the result after the work, and the error output in a Catch', () => {
    expect(refused('$states.result.a', 'result')).toEqual([]);
    expect(refused('$states.errorOutput.Error', 'errorOutput')).toEqual([]);
  });

  it('are told once, each', () => {
    expect(refused('a.b & a.c & d')).toHaveLength(2);
  });
});
