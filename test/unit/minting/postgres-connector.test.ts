import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { escapeIdentifier } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Material } from '../../../lambdas/minting/connector.port.ts';
import { postgresMinter } from '../../../lambdas/minting/connectors/postgres/minter.postgres.ts';
import { postgresRevoker } from '../../../lambdas/minting/connectors/postgres/revoker.postgres.ts';
import type { GrantIn } from '../../../lambdas/minting/grant.ts';
import type { TargetOf } from '../../../lambdas/platform/deployment.ts';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { contractGrant } from '../../contract/connector-contract.ts';
import {
  loginOf,
  noPostgres,
  type OrdersDatabase,
  startOrdersDatabase,
} from '../../support/orders-database.ts';

const now = () => Math.floor(Date.now() / 1000);

describe.skipIf(noPostgres !== undefined)('the postgres connector', () => {
  let database: OrdersDatabase;
  beforeAll(async () => {
    database = await startOrdersDatabase();
  });
  afterAll(() => database?.stop());

  const asSuperuser = (...statements: string[]) =>
    database.server.as(database.server.superuser, async (client) => {
      for (const statement of statements) await client.query(statement);
    });

  async function mint(permissions: readonly string[], target: TargetOf<'postgres'> = database.target) {
    const grant = contractGrant(target, permissions, now());
    const { material } = await database.minter.mint(grant, target, {
      nowEpochSeconds: now(),
      expiresAtEpochSeconds: grant.expiresAtEpochSeconds,
      keyThumbprint: undefined,
      claimedFrom: {},
    });
    return { grant, material, login: loginOf({ material }) };
  }

  const revoke = (grant: GrantIn<'active'>, target = database.target) =>
    database.revoker.revoke(grant, target, undefined);
  const probe = (grant: GrantIn<'active'>, material?: Material) =>
    database.revoker.probe(grant, database.target, material, now());

  it('makes exactly the grant of every set of permissions', async () => {
    const [read, write, migrate] = Object.keys(database.target.permissions) as [string, string, string];
    const sets = [[read], [write], [migrate], [read, write], [read, migrate], [write, migrate]];
    for (const permissions of [...sets, [read, write, migrate]]) {
      const { grant, material } = await mint(permissions);
      expect([...(await database.usable(material))].sort()).toEqual([...permissions].sort());
      await revoke(grant);
    }
  });

  it('makes a role that is nothing more than a member of them, until the grant is over', async () => {
    const { grant } = await mint(['orders:read']);
    const [role] = await database.server.as(database.server.superuser, async (client) => {
      const { rows } = await client.query(
        `SELECT r.*, extract(epoch FROM rolvaliduntil)::int AS until, left(rolpassword, 19) AS verifier,
                ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = r.oid) AS member_of,
                (SELECT bool_or(admin_option) FROM pg_auth_members WHERE member = r.oid) AS administers
           FROM pg_authid r WHERE rolname = $1`,
        [grant.credential.handle],
      );
      return rows;
    });
    expect(role).toMatchObject({
      rolsuper: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
      rolbypassrls: false,
      rolconnlimit: 3,
      member_of: ['orders_reader'],
      administers: false,
      until: grant.expiresAtEpochSeconds,
      verifier: 'SCRAM-SHA-256$4096:',
    });
    await revoke(grant);
  });

  it.each([
    ['a role that the server does not have', 'nobody_made_it'],
    ['one that its administrator may not hand out', 'postgres'],
  ])('makes nothing where a permission is %s', async (_, role) => {
    const target = { ...database.target, permissions: { 'orders:read': { role } } };
    await expect(mint(['orders:read'], target)).rejects.toThrow(DependencyUnavailable);
    expect(await database.roles()).toEqual([]);
  });

  it('works with any names that PostgreSQL knows', async () => {
    const [role, owner, name] = ['read "all"; --', "à l'ordre", 'Bestellungen "neu"'];
    const [quotedRole, quotedOwner, quotedName] = [role, owner, name].map(escapeIdentifier);
    await asSuperuser(
      `CREATE ROLE ${quotedRole}`,
      `CREATE ROLE ${quotedOwner}`,
      `CREATE DATABASE ${quotedName}`,
      `GRANT ALL ON DATABASE ${quotedName} TO ${quotedRole}, ${quotedOwner}, sallyport`,
      `GRANT ${quotedRole} TO sallyport WITH ADMIN OPTION`,
      `GRANT ${quotedOwner} TO sallyport`,
    );
    const target = {
      ...database.target,
      database: name,
      reassignTo: owner,
      permissions: { 'odd:one': { role } },
    };
    const { grant, login } = await mint(['odd:one'], target);
    await database.server.as(login, (client) => client.query('CREATE SCHEMA "my own"'), name);
    await revoke(grant, target);
    const ownerNow = await database.server.as(
      database.server.superuser,
      async (client) =>
        (
          await client.query(
            "SELECT nspowner::regrole::text AS owner FROM pg_namespace WHERE nspname = 'my own'",
          )
        ).rows[0].owner,
      name,
    );
    expect([ownerNow, await database.roles()]).toEqual([quotedOwner, []]);
  });

  describe('ends a role', () => {
    it('in the middle of a transaction, of which nothing stays', async () => {
      const { grant, material, login } = await mint(['orders:read', 'orders:write']);
      const session = await database.server.logIn(login);
      await session.query("BEGIN; INSERT INTO orders.orders (item) VALUES ('half an order')");
      await revoke(grant);
      await expect(session.query('COMMIT')).rejects.toThrow();
      const { rowCount } = await database.server.as(database.server.superuser, (client) =>
        client.query("SELECT FROM orders.orders WHERE item = 'half an order'"),
      );
      expect([rowCount, (await probe(grant, material)).answer]).toEqual([0, 'dead']);
    });

    it('with every session that it may have', async () => {
      const { grant, login } = await mint(['orders:read']);
      const sessions = await Promise.all([1, 2, 3].map(() => database.server.logIn(login)));
      await revoke(grant);
      for (const session of sessions) await expect(session.query('SELECT 1')).rejects.toThrow();
    });

    it('that has made tables, with rows, for others too, which stay', async () => {
      const { grant, login } = await mint(['orders:migrate']);
      await database.server.as(login, (client) =>
        client.query(`CREATE TABLE orders.returns (id int);
                      INSERT INTO orders.returns VALUES (1), (2);
                      GRANT SELECT ON orders.returns TO orders_reader;
                      ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO orders_reader`),
      );
      await revoke(grant);
      expect(await database.roles()).toEqual([]);
      const reader = await mint(['orders:read']);
      const { rows } = await database.server.as(reader.login, (client) =>
        client.query(
          `SELECT count(*)::int AS rows,
                  (SELECT tableowner FROM pg_tables WHERE tablename = 'returns') AS owner FROM orders.returns`,
        ),
      );
      expect(rows).toEqual([{ rows: 2, owner: 'orders_leftovers' }]);
      await revoke(reader.grant);
    });

    it('whose views and functions then give nobody more than they gave before', async () => {
      const { grant, login } = await mint(['orders:migrate']);
      await database.server.as(login, (client) =>
        client.query(`CREATE VIEW orders.all_payments AS SELECT * FROM orders.payments;
                      GRANT SELECT ON orders.all_payments TO PUBLIC;
                      CREATE FUNCTION orders.count_payments() RETURNS bigint LANGUAGE sql SECURITY DEFINER
                        AS 'SELECT count(*) FROM orders.payments'`),
      );
      await revoke(grant);
      const reader = await mint(['orders:read']);
      for (const statement of ['SELECT * FROM orders.all_payments', 'SELECT orders.count_payments()'])
        await expect(database.server.as(reader.login, (client) => client.query(statement))).rejects.toThrow(
          'permission denied for table payments',
        );
      await revoke(reader.grant);
    });

    it('that has made something in another database of the server', async () => {
      await asSuperuser(
        'CREATE DATABASE elsewhere',
        'GRANT CONNECT ON DATABASE elsewhere TO orders_reader, sallyport',
      );
      const { grant, login } = await mint(['orders:read']);
      await database.server.as(login, (client) => client.query('SELECT lo_create(0)'), 'elsewhere');
      await revoke(grant);
      expect(await database.roles()).toEqual([]);
    });
  });

  describe('takes for live', () => {
    it('a role whose grantee has set another password', async () => {
      const { grant, material, login } = await mint(['orders:read']);
      const own = { ...login, password: 'another one' };
      await database.server.as(login, (client) =>
        client.query("ALTER ROLE CURRENT_USER PASSWORD 'another one'"),
      );
      expect(await probe(grant, material)).toEqual({
        answer: 'live',
        how: 'a login with the password was refused (28P01); the role may log in',
      });
      await revoke(grant);
      expect((await probe(grant, material)).answer).toBe('dead');
      await expect(database.server.as(own, async () => {})).rejects.toMatchObject({ code: '28P01' });
    });

    it('one whose time is over for who comes, but not for who is there', async () => {
      const { grant, material, login } = await mint(['orders:read']);
      const session = await database.server.logIn(login);
      await asSuperuser(`ALTER ROLE "${login.username}" VALID UNTIL '2001-01-01'`);
      expect((await probe(grant, material)).answer).toBe('live');
      await session.end();
      await revoke(grant);
    });

    it('one that has all the sessions that it may have', async () => {
      const { grant, material, login } = await mint(['orders:read']);
      await Promise.all([1, 2, 3].map(() => database.server.logIn(login)));
      expect((await probe(grant, material)).answer).toBe('live');
      await revoke(grant);
    });
  });

  it('takes a role for dead that may not log in and has no session', async () => {
    const { grant, material, login } = await mint(['orders:read']);
    await asSuperuser(`ALTER ROLE "${login.username}" NOLOGIN`);
    expect(await probe(grant, material)).toEqual({
      answer: 'dead',
      how: 'a login with the password was refused (28000); the role may not log in and has no session',
    });
    await revoke(grant);
  });

  it('cuts the sessions of a first try when it makes the role again', async () => {
    const { grant, login } = await mint(['orders:read']);
    const session = await database.server.logIn(login);
    await database.minter.mint(grant, database.target, {
      nowEpochSeconds: now(),
      expiresAtEpochSeconds: grant.expiresAtEpochSeconds,
      keyThumbprint: undefined,
      claimedFrom: {},
    });
    await expect(session.query('SELECT 1')).rejects.toThrow();
    await revoke(grant);
  });

  it('lists the roles of its own target, and not of another one on the same server', async () => {
    await asSuperuser('CREATE ROLE stock_reader', 'GRANT stock_reader TO sallyport WITH ADMIN OPTION');
    const stock = {
      ...database.target,
      id: 'stock-db',
      permissions: { 'stock:read': { role: 'stock_reader' } },
    };
    const [here, there] = [await mint(['orders:read']), await mint(['stock:read'], stock)];
    expect(await database.revoker.listHandles?.(database.target)).toEqual([here.login.username]);
    expect(await database.revoker.listHandles?.(stock)).toEqual([there.login.username]);
    await revoke(here.grant);
    await revoke(there.grant, stock);
  });

  it('confirms nothing with a secret that is none', async () => {
    const secrets = { read: async () => ({ user: 'sallyport' }) };
    const grant = contractGrant(database.target, ['orders:read'], now());
    await expect(postgresRevoker(secrets).revoke(grant, database.target, undefined)).rejects.toThrow(
      'needs a username and a password',
    );
  });
});

const openssl = (() => {
  try {
    return execFileSync('openssl', ['version'], { stdio: 'pipe' }).length > 0;
  } catch {
    return false;
  }
})();

describe.skipIf(noPostgres !== undefined || !openssl)('the postgres connector over TLS', () => {
  it('speaks to the server that its authority vouches for, and to no other', async () => {
    const [own, foreign] = [selfSigned('IP:127.0.0.1'), selfSigned('IP:127.0.0.1')];
    const database = await startOrdersDatabase({ tls: own });
    onTestFinished(() => database.stop());
    // Only over TLS does anybody get in.
    const secrets = { read: async () => ({ ...database.server.administrator }) };
    const grant = contractGrant(database.target, ['orders:read'], now());
    const mintAt = (certificateAuthority: string) =>
      postgresMinter(secrets).mint(
        grant,
        { ...database.target, certificateAuthority },
        {
          nowEpochSeconds: now(),
          expiresAtEpochSeconds: grant.expiresAtEpochSeconds,
          keyThumbprint: undefined,
          claimedFrom: {},
        },
      );
    await expect(mintAt(foreign.certificate)).rejects.toThrow(DependencyUnavailable);
    expect(await database.roles()).toEqual([]);
    const { material } = await mintAt(own.certificate);
    const target = { ...database.target, certificateAuthority: own.certificate };
    expect(await postgresRevoker(secrets).probe(grant, target, material, now())).toMatchObject({
      answer: 'live',
    });
  });

  it('does not speak to a server of another name', async () => {
    const tls = selfSigned('DNS:db.example.com');
    const database = await startOrdersDatabase({ tls });
    onTestFinished(() => database.stop());
    const target = { ...database.target, certificateAuthority: tls.certificate };
    const grant = contractGrant(target, ['orders:read'], now());
    await expect(database.revoker.revoke(grant, target, undefined)).rejects.toThrow(DependencyUnavailable);
  });

  it('does not go on in clear with a server that has no TLS', async () => {
    const database = await startOrdersDatabase();
    onTestFinished(() => database.stop());
    const target = { ...database.target, certificateAuthority: selfSigned('IP:127.0.0.1').certificate };
    const grant = contractGrant(target, ['orders:read'], now());
    await expect(database.revoker.revoke(grant, target, undefined)).rejects.toThrow(DependencyUnavailable);
  });
});

function selfSigned(alternativeName: string): { certificate: string; key: string } {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-certificate-'));
  const [certificate, key] = [join(directory, 'certificate'), join(directory, 'key')];
  try {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
        ...['-subj', '/CN=orders', '-addext', `subjectAltName=${alternativeName}`],
        ...['-keyout', key, '-out', certificate],
      ],
      { stdio: 'pipe' },
    );
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
