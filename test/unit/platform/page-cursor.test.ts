import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { limitOf, PageQuery } from '../../../lambdas/platform/page.ts';
import { jweCursors } from '../../../lambdas/platform/page-cursor.jose.ts';

afterEach(() => void vi.useRealTimers());

/** A client whose secret is this, after so many failures. */
function secretsWith(text: string | undefined, failures = 0) {
  const client = new SecretsManagerClient({ region: 'us-east-1' });
  let failing = failures;
  let calls = 0;
  client.send = (async (command: unknown) => {
    calls += 1;
    expect(command).toBeInstanceOf(GetSecretValueCommand);
    failing -= 1;
    if (failing >= 0) throw new Error('no answer');
    return text === undefined ? {} : { SecretString: text };
  }) as unknown as typeof client.send;
  return { client, calls: () => calls };
}

const cursorsWith = (text: string) => jweCursors(secretsWith(text).client, 'cursor-secret');
const cursors = cursorsWith('a secret');
const LIST = 'GRANTS_OF#dana';

test('a cursor opens to the place that was sealed, whichever function opens it', async () => {
  expect(await cursorsWith('a secret').open(await cursors.seal('1767603600#grant-1', LIST), LIST)).toBe(
    '1767603600#grant-1',
  );
});

test('a cursor shows nothing of its place or its list', async () => {
  const parts = (await cursors.seal('grant-1', LIST)).split('.');
  const readable = parts.map((part) => Buffer.from(part, 'base64url').toString('latin1')).join();
  expect([readable.includes('grant-1'), readable.includes('dana')]).toEqual([false, false]);
});

describe('refused as a bad request is', () => {
  const refused = (cursor: Promise<string>) =>
    expect(cursor.then((text) => cursors.open(text, LIST))).rejects.toMatchObject({
      name: 'Problem',
      status: 400,
    });

  test('another list’s cursor', () => refused(cursors.seal('p', 'GRANTS_OF#omar')));
  test('a cursor under another secret', () => refused(cursorsWith('another secret').seal('p', LIST)));
  test.for(['', 'x', 'a.b.c', 'a.b.c.d.e', '....', '{}', 'é'])('%j', (text) =>
    refused(Promise.resolve(text)),
  );

  test('a cursor of which any part was changed', async () => {
    const parts = (await cursors.seal('p', LIST)).split('.');
    for (const [index, part] of parts.entries()) {
      const changed = part === '' ? 'AAAA' : (part[0] === 'A' ? 'B' : 'A') + part.slice(1);
      await refused(Promise.resolve(parts.with(index, changed).join('.')));
    }
  });

  test('a cursor that is older than a day', async () => {
    vi.useFakeTimers({ now: 0, toFake: ['Date'] });
    const cursor = await cursors.seal('p', LIST);
    vi.setSystemTime(24 * 3600 * 1000 - 1000);
    expect(await cursors.open(cursor, LIST)).toBe('p');
    vi.setSystemTime(24 * 3600 * 1000);
    await refused(Promise.resolve(cursor));
  });
});

describe('the secret', () => {
  test('is fetched once for the life of the function', async () => {
    const { client, calls } = secretsWith('a secret');
    const own = jweCursors(client, 'cursor-secret');
    await own.open(await own.seal('p', LIST), LIST);
    expect(calls()).toBe(1);
  });

  test('is fetched again where it could not be had', async () => {
    const own = jweCursors(secretsWith('a secret', 1).client, 'cursor-secret');
    await expect(own.seal('p', LIST)).rejects.toThrow(DependencyUnavailable);
    expect(await cursors.open(await own.seal('p', LIST), LIST)).toBe('p');
  });

  test('must be a text', async () => {
    await expect(jweCursors(secretsWith(undefined).client, 's').seal('p', LIST)).rejects.toThrow(
      DependencyUnavailable,
    );
  });
});

describe('a page', () => {
  test.for<[string, boolean]>([
    ['1', true],
    ['100', true],
    ['101', false],
    ['0', false],
    ['-1', false],
    ['1e1', false],
    ['05', false],
    ['', false],
  ])('of %j items: %s', ([limit, accepted]) => {
    expect(PageQuery.safeParse({ limit }).success).toBe(accepted);
  });

  test('has 25 items unless said', () => {
    expect([limitOf({}), limitOf({ limit: '7' })]).toEqual([25, 7]);
  });
});
