import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { Output } from '../../../cli/output.ts';

/** What is printed on standard error, on a terminal of this width or on none. */
async function progressOn(columns: number | undefined, quiet = false): Promise<string> {
  const stderr = Object.assign(new PassThrough(), columns === undefined ? {} : { isTTY: true, columns });
  const output = new Output({ stdout: new PassThrough(), stderr }, { json: false, quiet });
  output.progress('half of it');
  output.progress('half of it');
  output.progress('nearly all of it \u001b[2J');
  output.result({}, ['done']);
  stderr.end();
  return text(stderr);
}

describe('progress', () => {
  it('is a line for each change where nobody watches', async () => {
    expect(await progressOn(undefined)).toBe('half of it\nnearly all of it \\u{1b}[2J\n');
  });

  it('is one line on a terminal, no wider than that, and gone at the end', async () => {
    expect(await progressOn(11)).toBe('\r\x1b[2Khalf of it\r\x1b[2Knearly all\r\x1b[2K');
  });

  it('is not there where it is not wanted', async () => {
    expect(await progressOn(80, true)).toBe('');
  });
});
