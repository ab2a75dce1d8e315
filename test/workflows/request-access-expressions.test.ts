import jsonata from 'jsonata';
import { describe, expect, test } from 'vitest';
import { type State, states } from './request-access-walk.ts';

const NOW = Date.UTC(2026, 0, 5, 9);

/** The JSONata of a field, by its path within the workflow's states. */
function expressionAt(...path: readonly (string | number)[]): string {
  let found: unknown = states;
  for (const step of path) found = (found as Record<string | number, unknown>)[step];
  const source = /^\{%([\s\S]*)%\}$/.exec(String(found))?.[1];
  if (source === undefined) throw new Error(`There is no expression at ${path.join('/')}`);
  return source;
}

/** Its value, where the present is `NOW`. */
function evaluate(source: string, bindings: Record<string, unknown>): Promise<unknown> {
  const expression = jsonata(source);
  expression.registerFunction('millis', () => NOW, '<:n>');
  return expression.evaluate(undefined, bindings);
}

describe('the time of a hold', () => {
  const source = expressionAt('HoldGrant', 'TimeoutSeconds');
  const at = (milliseconds: number) => new Date(NOW + milliseconds).toISOString();

  test.for<[string, number, number]>([
    ['of an hour is an hour', 3_600_000, 3600],
    ['is whole seconds, never less than what is left', 1001, 2],
    ['of the last millisecond is one second', 1, 1],
    ['that is over at this moment is one second', 0, 1],
    ['that was over long ago is one second', -86_400_000, 1],
    ['of 999 days is within what Step Functions takes', 999 * 86_400_000, 86_313_600],
  ])('%s', async ([, left, seconds]) => {
    expect(await evaluate(source, { expiresAt: at(left) })).toBe(seconds);
    expect(seconds).toBeLessThanOrEqual(99_999_999);
  });

  test('that is no time fails', async () => {
    await expect(evaluate(source, { expiresAt: 'tomorrow' })).rejects.toMatchObject({ code: 'D3110' });
  });
});

describe('the conditions', () => {
  const conditions = Object.entries(states).flatMap(([name, state]: [string, State]) =>
    ((state['Choices'] ?? []) as unknown[]).map((_, index) => [name, index] as const),
  );
  const leadsTo: Record<string, string> = {
    'RouteVerification 0': 'verified',
    'RouteDecision 0': 'permitted',
    'RouteDecision 1': 'approval_required',
    'RouteDecision 2': 'step_up_required',
    'RouteApproval 0': 'approved',
  };

  test('are all among these', () => {
    expect(conditions.map(([name, index]) => `${name} ${index}`)).toEqual(Object.keys(leadsTo));
  });

  test.for(conditions)('%s %i is true of its own outcome and of nothing else', async ([name, index]) => {
    const source = expressionAt(name, 'Choices', index, 'Condition');
    const own = leadsTo[`${name} ${index}`];
    const truths = await Promise.all(
      [own, 'denied', 'expired', 'refused', '', null, true, [own, 'denied'], undefined].map((outcome) =>
        evaluate(source, { states: { input: { outcome } } }),
      ),
    );
    expect(truths).toEqual([true, false, false, false, false, false, false, false, false]);
  });

  test.for(conditions)('%s %i is false of no input at all', async ([name, index]) => {
    const source = expressionAt(name, 'Choices', index, 'Condition');
    expect(await evaluate(source, { states: {} })).toBe(false);
  });

  test('lead on only for what they name: everything else is denied', () => {
    const routes = Object.values(states).filter(({ Type }) => Type === 'Choice');
    expect(routes.map((route) => route['Default'])).toEqual(['Denied', 'Denied', 'Denied']);
  });
});

describe('what a revocation is given', () => {
  const source = expressionAt('RevokeCredential', 'Arguments');

  test('is the request and why its grant ends', async () => {
    expect(await evaluate(source, { requestId: 'req-1', end: { reason: 'expired' } })).toEqual({
      requestId: 'req-1',
      reason: 'expired',
    });
  });

  test('is also what failed, where something did', async () => {
    const end = { reason: 'failed', failure: { state: 'HoldGrant', error: 'Boom' } };
    expect(await evaluate(source, { requestId: 'req-1', end })).toEqual({ requestId: 'req-1', ...end });
  });
});

describe('what a close is given', () => {
  const source = expressionAt('CloseGrant', 'Arguments');

  test('is the request alone, where nothing failed', async () => {
    expect(await evaluate(source, { requestId: 'req-1', end: { reason: 'expired' } })).toEqual({
      requestId: 'req-1',
    });
  });

  test('is also what failed, and not the reason', async () => {
    const failure = { state: 'MintCredential', error: 'Boom' };
    expect(await evaluate(source, { requestId: 'req-1', end: { reason: 'failed', failure } })).toEqual({
      requestId: 'req-1',
      failure,
    });
  });
});

describe('what a catch remembers', () => {
  const names = Object.entries(states).flatMap(([name, state]) =>
    (state.Catch ?? []).map(
      (rule, index) => [name, index, rule as unknown as Record<string, unknown>] as const,
    ),
  );

  test.for(names)('%s %i: of an error its name, and never its cause', async ([, , rule]) => {
    const sources = JSON.stringify(rule['Assign'] ?? {}).match(/\{%.*?%\}/g) ?? [];
    const states = {
      input: { requestId: 'req-1' },
      errorOutput: { Error: 'Boom', Cause: 'a stack that may quote anything' },
    };
    const values = await Promise.all(sources.map((source) => evaluate(source.slice(2, -2), { states })));
    expect(values.filter((value) => value !== 'Boom' && value !== 'req-1')).toEqual([]);
  });

  test.for(names)('%s %i: the state that failed, by its own name', ([name, , rule]) => {
    const told = [...JSON.stringify(rule['Assign'] ?? {}).matchAll(/"state":"(\w+)"/g)].map(
      ([, state]) => state,
    );
    expect(new Set([name, ...told])).toEqual(new Set([name]));
  });
});

test('every expression of the workflow is within what Step Functions runs', () => {
  const sources = [...JSON.stringify(states).matchAll(/"\{%(.*?)%\}"/g)].map(([, source]) =>
    JSON.parse(`"${source}"`),
  );
  expect(sources.filter((source: string) => source.includes('$eval'))).toEqual([]);
  for (const source of sources) expect(() => jsonata(source)).not.toThrow();
});
