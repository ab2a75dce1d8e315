import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../cli/program.ts';
import { commandRows, exitCodeRows, optionRows } from '../../support/command-tables.ts';
import { missingLine } from '../../support/runbook.ts';

const documentation = readFileSync('docs/cli.md', 'utf8').split('\n');
const program = createProgram(() => async () => {});

/** The rows of the table under this header. */
function rowsUnder(header: string): string[] {
  const start = documentation.indexOf(header) + 2;
  const length = documentation.slice(start).findIndex((line) => !line.startsWith('|'));
  return documentation.slice(start, length === -1 ? undefined : start + length);
}

describe('docs/cli.md', () => {
  it('has each command with its options', () => {
    expect(rowsUnder('| command | what it does | its options |')).toEqual(commandRows(program));
  });

  it('has the options of all commands', () => {
    expect(rowsUnder('| option | |')).toEqual(optionRows(program));
  });

  it('has each exit code', () => {
    expect(rowsUnder('| code | meaning |')).toEqual(exitCodeRows());
  });
});

describe('what a runbook shows', () => {
  const printed = 'rev-1 contained in 0.84 s\nscope     target payments\n\ngrant  grant-1  dead\n';

  it('is found in what was printed, however wide the columns are', () => {
    expect(
      missingLine(printed, ['… contained in …', 'scope … target payments', 'grant … dead']),
    ).toBeUndefined();
  });

  it.each([
    [['… contained', 'scope … target payments'], '… contained'],
    [['grant … dead', 'scope … target payments'], 'scope … target payments'],
    [['scope … target pay'], 'scope … target pay'],
  ])('is missing where it is not, not whole or not in this order: %j', (expected, missing) => {
    expect(missingLine(printed, expected)).toBe(missing);
  });
});
