import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conforming } from '../../../lambdas/decision/attributes.ts';

const declared = {
  name: { type: 'String', required: true },
  size: { type: 'Long', required: false },
  open: { type: 'Boolean', required: false },
  tags: { type: 'Set', of: 'String', required: false },
  owner: { type: 'Entity', entityType: 'Sallyport::User', required: false },
} as const;

test('takes what is declared, as it is declared, and nothing else', () => {
  expect(
    conforming(declared, { name: 'a', size: 2, open: false, tags: ['x'], owner: 'dana', other: 1 }),
  ).toEqual({
    name: 'a',
    size: 2,
    open: false,
    tags: ['x'],
    owner: { __entity: { type: 'Sallyport::User', id: 'dana' } },
  });
});

test.for<[string, Record<string, unknown>]>([
  ['without what is required', {}],
  ['with null for what is required', { name: null }],
  ['with a number for a text', { name: 1 }],
  ['with a fraction', { name: 'a', size: 0.5 }],
  ['with a number that is not exact', { name: 'a', size: 2 ** 60 }],
  ['with a text for a truth', { name: 'a', open: 'true' }],
  ['with one thing for a set', { name: 'a', tags: 'x' }],
  ['with a set of other things', { name: 'a', tags: ['x', 1] }],
  ['with an entity of its own making', { name: 'a', owner: { __entity: { type: 'X', id: 'y' } } }],
  ['with an extension for a text', { name: { __extn: { fn: 'ip', arg: '127.0.0.1' } } }],
])('there is nothing to decide by %s', ([, given]) => {
  expect(conforming(declared, given)).toBeUndefined();
});

test('nothing that is not declared gets in, whatever is said', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: false }), (said) => {
      const taken = conforming(declared, { ...said, name: 'a' });
      for (const name of Object.keys(taken ?? {})) expect(Object.keys(declared)).toContain(name);
    }),
  );
});

test('what is inherited is not said', () => {
  expect(conforming({ hasOwnProperty: declared.name }, {})).toBeUndefined();
  expect(conforming(declared, Object.create({ name: 'a' }))).toBeUndefined();
});
