import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failures } from '../../lambdas/platform/failures.ts';
import { kebabCase, type WorkflowName, workflows } from '../../workflows/manifest.ts';
import { definitionText } from './request-access-walk.ts';

const names = Object.keys(workflows) as WorkflowName[];
const tasks = names.flatMap((workflow) =>
  Object.entries(workflows[workflow]).map(([state, capability]) => ({ workflow, state, capability })),
);

/**
 * Failures that no state names: they are never retried, and the States.ALL of a Catch takes them where what was
 * done before must be undone.
 */
const deliberatelyTerminal: Readonly<Record<string, string>> = {
  InvalidInput: 'The same input would be refused again.',
  BrokenInvariant: 'Nothing gets better by itself; a person must look.',
};

function errorsNamed(): Set<string> {
  const lists = names.flatMap((name) => [...definitionText(name).matchAll(/"ErrorEquals":\s*\[([^\]]*)\]/g)]);
  return new Set(
    lists.flatMap(([, list = '']) => [...list.matchAll(/"([^"]+)"/g)].map(([, error = '']) => error)),
  );
}

test('each failure of the catalogue is named by a workflow or deliberately terminal', () => {
  const named = errorsNamed();
  const neither = Object.keys(failures).filter((name) => !named.has(name) && !(name in deliberatelyTerminal));
  expect(neither).toEqual([]);
});

test('what is deliberately terminal is in the catalogue and named by no workflow', () => {
  const named = errorsNamed();
  expect(Object.keys(deliberatelyTerminal).filter((name) => named.has(name) || !(name in failures))).toEqual(
    [],
  );
});

test('each failure of the catalogue has the name that a workflow sees', () => {
  expect(Object.entries(failures).filter(([name, Failure]) => new Failure('').name !== name)).toEqual([]);
});

describe('the function of a state', () => {
  test.for(tasks)('$state bears its name in its log lines', ({ state, capability }) => {
    const file = kebabCase(state);
    const handler = readFileSync(
      join(import.meta.dirname, `../../lambdas/${capability}/${file}.handler.ts`),
      'utf8',
    );
    expect(/stepHandler\(\{\s*name: '([^']+)'/.exec(handler)?.[1]).toBe(file);
  });

  test.for(tasks)('$state is composed of the step of its name', ({ state, capability }) => {
    const file = kebabCase(state);
    const handler = readFileSync(
      join(import.meta.dirname, `../../lambdas/${capability}/${file}.handler.ts`),
      'utf8',
    );
    const step = `${state.charAt(0).toLowerCase()}${state.slice(1)}`;
    expect(handler).toContain(`import { ${step} } from './${file}.step.ts';`);
  });
});

test.for([
  ['MintCredential', 'mint-credential'],
  ['A', 'a'],
] as const)('%s is %s in the name of a file', ([name, file]) => {
  expect(kebabCase(name)).toBe(file);
});
