import { expect, test } from 'vitest';
import { proseUpTo } from '../../../lambdas/platform/documents.ts';

const prose = proseUpTo(10);

test('what people write is taken without the blanks around it', () => {
  expect(prose.parse(' ticket 7\n')).toBe('ticket 7');
});

test.for(['\ud800', 'x\udfff', '\udc00\ud800'])('a lone surrogate has no canonical JSON: %j', (text) => {
  expect(prose.safeParse(text).success).toBe(false);
});

test('a pair of surrogates is a character like any other', () => {
  expect(prose.parse('\ud83d\ude80')).toBe('🚀');
});
