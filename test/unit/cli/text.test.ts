import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClaimedCredential, formatCredential, shellQuoted } from '../../../cli/credential-formats.ts';
import { isoDuration, secondsIn, spokenDuration } from '../../../cli/durations.ts';
import { columns, printable } from '../../../cli/printable.ts';
import { durationSeconds } from '../../../lambdas/platform/duration.ts';

describe('a duration', () => {
  it('is what it says, in seconds, and what the API reads of it', () => {
    const part = (most: number) => fc.integer({ min: 0, max: most });
    fc.assert(
      fc.property(part(90), part(99), part(99), part(99), (days, hours, minutes, seconds) => {
        const total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
        fc.pre(total > 0);
        const typed = `${days}d${hours}h${minutes}m${seconds}s`;
        expect(secondsIn(typed)).toBe(total);
        expect(durationSeconds(isoDuration(typed))).toBe(total);
      }),
    );
  });

  it.each(['', '0s', '20', 'm', '1m1h', '-1m', '1.5h', 'P'])('is not %j', (typed) => {
    expect(() => secondsIn(typed)).toThrow('is no duration');
  });

  it.each([
    [840, '0.84 s'],
    [12_300, '12 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
  ])('of %i ms is spoken as %j', (milliseconds, spoken) => {
    expect(spokenDuration(milliseconds)).toBe(spoken);
  });
});

describe('what others wrote', () => {
  it('cannot act on a terminal, and stays one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
    expect(printable('a\u001b[2Jb\u202ec')).toBe('a\\u{1b}[2Jb\\u{202e}c');
  });

  it('is left as it is where it is plain', () => {
    expect(printable('Größe “12” → 日本')).toBe('Größe “12” → 日本');
  });

  it('stands in columns', () => {
    expect(
      columns([
        ['a', 'long one', 'x'],
        ['much', 'b', ''],
      ]),
    ).toEqual(['a     long one  x', 'much  b']);
  });
});

const claimed = (what: Partial<ClaimedCredential>): ClaimedCredential => ({
  expires_in: 60,
  scope: 'read',
  authorization_details: [],
  grant: 'grant-1',
  ...what,
});

describe('a credential', () => {
  it('comes through a shell as it is, whatever is in it', () => {
    const parts = fc.dictionary(
      fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/),
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      { minKeys: 1, maxKeys: 3 },
    );
    fc.assert(
      fc.property(parts, (credential) => {
        const lines = formatCredential(claimed({ credential }), 'env');
        const names = Object.keys(credential).map(
          (name) => `SALLYPORT_${name.toUpperCase().replaceAll('-', '_')}`,
        );
        fc.pre(new Set(names).size === names.length);
        const read = execFileSync('sh', [
          '-c',
          `${lines}\nprintf '%s\\0' ${names.map((name) => `"$${name}"`).join(' ')}`,
        ]);
        expect(read.toString('utf8').split('\0').slice(0, -1)).toEqual(Object.values(credential));
      }),
      { numRuns: 40 },
    );
  });

  it('has the names that the clients of its target look for', () => {
    const aws = { access_key_id: 'A', secret_access_key: 'S', session_token: 'T' };
    expect(formatCredential(claimed({ credential: aws }), 'env')).toBe(
      "export AWS_ACCESS_KEY_ID='A'\nexport AWS_SECRET_ACCESS_KEY='S'\nexport AWS_SESSION_TOKEN='T'\n",
    );
    const postgres = { username: 'u', password: 'p', host: 'h', port: '5432', database: 'd' };
    expect(formatCredential(claimed({ credential: postgres }), 'env')).toBe(
      "export PGUSER='u'\nexport PGPASSWORD='p'\nexport PGHOST='h'\nexport PGPORT='5432'\nexport PGDATABASE='d'\n",
    );
  });

  it('is itself alone where it is one', () => {
    expect(formatCredential(claimed({ access_token: 'token' }), 'text')).toBe('token\n');
    expect(formatCredential(claimed({ secret: 'sallyport/grants/grant-1' }), 'text')).toBe(
      'sallyport/grants/grant-1\n',
    );
    expect(formatCredential(claimed({ credential: { username: 'u', password: 'p' } }), 'text')).toBe(
      'username: u\npassword: p\n',
    );
    expect(JSON.parse(formatCredential(claimed({ access_token: 'token' }), 'json'))).toMatchObject({
      access_token: 'token',
    });
  });

  it('is quoted where it holds quotes', () => {
    expect(shellQuoted("it's")).toBe("'it'\\''s'");
  });
});
