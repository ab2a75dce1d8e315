import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Channel } from '../../../lambdas/platform/channel.ts';
import document from '../../../policies/assurance.json' with { type: 'json' };

const root = join(import.meta.dirname, '..', '..', '..');
const page = readFileSync(join(root, 'docs', 'channels.md'), 'utf8');

/** The tables under a heading, as rows of cells, without their own headings. */
function tablesUnder(heading: string): string[][][] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  return own.split(/\n(?!\|)/).flatMap((block) => {
    const lines = block.split('\n').filter((line) => line.startsWith('|'));
    return lines.length < 3
      ? []
      : [
          lines.slice(2).map((line) =>
            line
              .split('|')
              .slice(1, -1)
              .map((cell) => cell.trim()),
          ),
        ];
  });
}

function tableUnder(heading: string, index = 0): string[][] {
  const table = tablesUnder(heading)[index];
  if (table === undefined) throw new Error(`There is no table ${index} under ${heading}`);
  return table;
}

const columns = (table: string[][], ...wanted: number[]) =>
  table.map((row) => wanted.map((column) => row[column] ?? ''));

const methods = Object.entries(document.methods);
const reachOf = (method: (typeof methods)[number][1]) => ('reaches' in method ? method.reaches : 0);

describe('docs/channels.md says what policies/assurance.json does:', () => {
  test('which methods each channel has, and what they reach there', () => {
    const rows = Channel.options.map((channel) => {
      const there = methods.filter(([, { channels }]) => channels.includes(channel));
      return [
        channel,
        there.map(([name]) => name).join(', '),
        String(Math.max(...there.map(([, method]) => reachOf(method)))),
        String(Math.max(...there.map(([, method]) => ('ial' in method ? method.ial : 0)))),
      ];
    });
    expect(columns(tableUnder('Channels'), 0, 1, 2, 3)).toEqual(rows);
  });

  test('what each method reaches', () => {
    const rows = methods.map(([name, method]) => [name, method.of, String(reachOf(method))]);
    expect(columns(tableUnder('Methods'), 0, 1, 2)).toEqual(rows);
  });

  test('what each amr shows', () => {
    const { source: _, ...factors } = document.factors;
    const rows = Object.entries(factors).map(([shows, amr]) => [shows, amr.join(', ')]);
    expect(columns(tableUnder('Factors'), 0, 1)).toEqual(rows);
  });

  test('how long each thing lasts', () => {
    const rows = [
      ...Object.entries(document.levels).map(([level, { lifetime }]) => [`AAL${level}`, lifetime]),
      ['proofing', document.methods['attested-proofing'].lifetime],
      ['access token', document.accessToken.lifetime],
    ];
    expect(columns(tableUnder('Lifetimes'), 0, 1)).toEqual(rows);
  });

  test('what goes from which channel to which', () => {
    const caps: Partial<Record<Channel, Partial<Record<Channel, number>>>> = document.handoffs.caps;
    const rows = Channel.options.map((from) => [
      from,
      ...Channel.options.map((to) => String(caps[from]?.[to] ?? '')),
    ]);
    expect(tableUnder('Handoffs')).toEqual(rows);
    expect(page).toContain(`| By the code alone: AAL${document.handoffs.byCodeAlone} at most |`);
  });

  test('what a signal leaves, and what answers it', () => {
    const { low, elevated, high, answeredByAal } = document.risk;
    const rows = Object.entries({ low, elevated, high }).map(([level, { capsAal }]) => [
      level,
      String(capsAal),
    ]);
    expect(tableUnder('Risk')).toEqual(rows);
    expect(page).toContain(`authenticates anew at AAL${answeredByAal} or above`);
  });
});

describe('docs/channels.md names', () => {
  const code = [...page.matchAll(/`([\w/.-]+\.ts)#(\w+)`/g)].map(
    ([, file = '', name = '']) => [file, name] as const,
  );
  const tests = [...page.matchAll(/`([\w-]+\.test\.ts)`: "([^"]+)"/g)].map(
    ([, file = '', title = '']) => [file, title.replaceAll('\n', ' ')] as const,
  );

  test('code and tests', () => {
    expect(code.length).toBeGreaterThan(25);
    expect(tests.length).toBeGreaterThan(20);
  });

  test.for(code)('%s#%s, which there is', ([file, name]) => {
    const source = readFileSync(join(root, 'lambdas', 'verification', file), 'utf8');
    expect(new RegExp(`^(export )?(const|function|interface) ${name}\\b`, 'm').test(source)).toBe(true);
  });

  test.for(tests)('%s: "%s", which there is', ([file, title]) => {
    expect(readFileSync(join(import.meta.dirname, file), 'utf8')).toContain(title);
  });

  test('sections in every row that has a rule', () => {
    for (const heading of [
      'Methods',
      'Factors',
      'Levels',
      'Lifetimes',
      'Handoffs',
      'Risk',
      'What raises nothing',
    ]) {
      for (const row of tablesUnder(heading)
        .filter((table) => (table[0]?.length ?? 0) > 2)
        .flat()) {
        if (row.length === Channel.options.length + 1 && heading === 'Handoffs') continue;
        expect(row.join(' ')).toMatch(/§|ours|levels are for people|see \[/);
      }
    }
  });

  test('files that there are', () => {
    for (const [, file = ''] of page.matchAll(/\]\(\.\.\/([^)]+)\)/g))
      expect(existsSync(join(root, file))).toBe(true);
  });
});
