import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { creationOf, roleNameOf } from '../../../lambdas/minting/connectors/postgres/grant-role.postgres.ts';
import { scramVerifier } from '../../../lambdas/minting/connectors/postgres/scram-verifier.ts';
import { PostgresTarget } from '../../../lambdas/minting/connectors/postgres/target.ts';
import { BrokenInvariant } from '../../../lambdas/platform/failures.ts';
import { Problem } from '../../../lambdas/platform/problem.ts';
import { ordersTarget } from '../../support/orders-database.ts';

const terms = { verifier: 'SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5', expiresAtEpochSeconds: 1_767_607_200 };
const GRANT_COUNT = 10_000;

/** Names that mean something to PostgreSQL, to its parser or to JavaScript are as likely as any. */
const roleName = fc.oneof(
  fc.string({ minLength: 1, maxLength: 15, unit: 'grapheme-composite' }),
  fc.constantFrom(
    'postgres',
    'PUBLIC',
    'pg_read_all_data',
    '"',
    '"; DROP ROLE a; --',
    "'; --",
    'a, b',
    '$$',
    '\\',
    'é',
  ),
);
const permission = fc.oneof(
  fc.stringMatching(/^[a-z]{1,4}:[a-z]{1,4}$/),
  fc.constantFrom('constructor', '__proto__', 'toString', 'orders:read'),
);
const targets = fc
  .uniqueArray(fc.tuple(permission, roleName), { minLength: 1, maxLength: 6, selector: ([name]) => name })
  .map((entries) => ({
    ...ordersTarget(5432),
    permissions: Object.fromEntries(entries.map(([name, role]) => [name, { role }])),
  }))
  .filter((target) => PostgresTarget.safeParse(target).success);

/** The names that stand in a statement, read as PostgreSQL reads them. */
function quotedNamesIn(statement: string): string[] {
  const tokens = statement.matchAll(/"((?:[^"]|"")*)"|'(?:[^']|'')*'/g);
  return [...tokens].flatMap(([, name]) => (name === undefined ? [] : [name.replaceAll('""', '"')]));
}

describe('the statement that makes the role of a grant', () => {
  it(`names the roles of the grant's permissions and no others, over ${GRANT_COUNT} grants`, () => {
    const grants = targets.chain((target) =>
      fc.record({
        target: fc.constant(target),
        id: fc.uuid().map((id) => `grant-${id}`),
        permissions: fc.subarray(Object.keys(target.permissions), { minLength: 1 }),
      }),
    );
    fc.assert(
      fc.property(grants, ({ target, ...grant }) => {
        const statement = creationOf(grant, target, terms);
        const permitted = grant.permissions.map((name) => target.permissions[name]?.role);
        expect(quotedNamesIn(statement)).toEqual([roleNameOf(grant), ...new Set(permitted)]);
        // Between the names stands nothing but what is always there.
        expect(statement.split(' IN ROLE ')[0]).toBe(
          `CREATE ROLE "${roleNameOf(grant)}" LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS ` +
            `CONNECTION LIMIT 3 PASSWORD '${terms.verifier}' VALID UNTIL '2026-01-05T10:00:00.000Z'`,
        );
        const list = statement.slice(statement.indexOf(' IN ROLE ') + ' IN ROLE '.length);
        expect(list.replaceAll(/"(?:[^"]|"")*"/g, 'name')).toMatch(/^name(, name)*$/);
      }),
      { numRuns: GRANT_COUNT },
    );
  });

  it('is not made with a permission that the target does not know', () => {
    for (const unknown of ['orders:delete', 'constructor', '__proto__', 'toString'])
      expect(() =>
        creationOf({ id: 'grant-1', permissions: ['orders:read', unknown] }, ordersTarget(5432), terms),
      ).toThrow(Problem);
  });

  it('is not made for a name that PostgreSQL would cut off', () => {
    const grant = { id: `grant-${'a'.repeat(64)}`, permissions: ['orders:read'] };
    expect(() => creationOf(grant, ordersTarget(5432), terms)).toThrow(BrokenInvariant);
    expect(Buffer.byteLength(roleNameOf({ id: `grant-${crypto.randomUUID()}` }))).toBeLessThanOrEqual(63);
  });
});

describe('a target', () => {
  it.each([
    ['a server elsewhere in clear', { host: 'db.example.com' }],
    ['one whose name only begins like this machine', { host: '127.0.0.1.example.com' }],
    ['a role without a name', { reassignTo: '' }],
    ['a name that PostgreSQL would cut off', { reassignTo: 'a'.repeat(64) }],
    ['a name whose characters are few, but not its bytes', { database: 'é'.repeat(32) }],
    ['a control character', { database: 'orders\n' }],
    ['no session at all', { connectionLimit: 0 }],
    ['no permission', { permissions: {} }],
  ])('is refused: %s', (_, wrong) => {
    expect(PostgresTarget.safeParse({ ...ordersTarget(5432), ...wrong }).success).toBe(false);
  });

  it.each([
    ['this machine in clear', {}],
    ['this machine by its other name', { host: '::1' }],
    ['a server elsewhere that proves who it is', { host: 'db.example.com', certificateAuthority: 'PEM' }],
    ['odd names', { database: 'Bestellungen "neu"', reassignTo: 'à la carte' }],
  ])('is taken: %s', (_, right) => {
    expect(PostgresTarget.safeParse({ ...ordersTarget(5432), ...right }).success).toBe(true);
  });
});

test('the verifier is what RFC 7677 §3 works with', async () => {
  const verifier = await scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));
  const [, storedKey = '', serverKey = ''] =
    /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$([^:]+):(.+)$/.exec(verifier) ?? [];
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const message = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`;
  const signed = (key: string) => createHmac('sha256', Buffer.from(key, 'base64')).update(message).digest();
  expect(signed(serverKey).toString('base64')).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
  const clientKey = signed(storedKey).map((byte, index) => byte ^ (proof[index] ?? 0));
  expect(createHash('sha256').update(clientKey).digest('base64')).toBe(storedKey);
});
