import { setTimeout as wait } from 'node:timers/promises';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { followRotation, manageSecret, secretReader } from '../managed-secrets.ts';
import { lacksPostgres, ordersServer } from '../orders-database.ts';
import type { PostgresServer } from '../postgres-server.ts';
import { expect, type Scenario } from '../scenario.ts';

const READ_EVERY_MILLISECONDS = 10;

/** A rotation that fails takes nothing away; one that succeeds is not noticed by those who use the secret. */
export const secretIsRotatedUnderUse: Scenario = {
  name: 'A rotation fails and the old secret goes on working; then one succeeds, and nobody who uses it notices',

  lacks: lacksPostgres,

  async play(world, step) {
    const postgres = ordersServer(world);
    const { vendor } = world.backends;
    const secrets = secretReader(world.sallyport);
    const engineer = await world.as('platform-engineer');

    const useKey = async (value: Record<string, string>) =>
      (await fetch(`${vendor.url}/parcels`, { headers: { authorization: `Bearer ${value['api_key']}` } }))
        .status;

    const rotate = async (id: string) => {
      const { body } = await engineer.post(`/v1/secrets/${id}/rotations`);
      return followRotation(engineer, body.rotation.id);
    };

    const manage = (connection: string) => manageSecret(engineer, connection);

    const before = await step(
      'a platform engineer puts the parcel service’s API key under management; its first value is made',
      async () => {
        await manage('parcels-api-key');
        const value = await secrets.read('parcels-api-key');
        expect('the key', await useKey(value), 200);
        return value;
      },
    );

    const failed = await step('the vendor makes a key that does not work: the rotation fails', async () => {
      const keysBefore = vendor.counts().keys;
      const putRight = vendor.makeUselessKeys();
      try {
        const rotation = await rotate('parcels-api-key');
        expect('rotation', rotation.status, 'failed');
        expect('keys at the vendor', vendor.counts().keys, keysBefore);
        return rotation;
      } finally {
        putRight();
      }
    });

    await step('the old key is the current one, and works', async () => {
      const value = await secrets.read('parcels-api-key');
      expect('key', [value['key_id'], await useKey(value)], [before['key_id'], 200]);
    });

    await step('nothing is pending: the new key is gone', async () => {
      const pending = await secrets.read('parcels-api-key', 'AWSPENDING').catch((error: Error) => error.name);
      expect('pending', pending, 'ResourceNotFoundException');
    });

    await step('a responder reads which state failed, and why', async () => {
      const { body } = await (await world.as('responder')).get(`/v1/rotations/${failed.id}`);
      const { state, error, why } = body.rotation.failure;
      expect('failure', [state, error, / 401$/.test(why)], ['TestPending', 'TestFailed', true]);
    });

    await step('the shop’s database user is put under management: two users that alternate', () =>
      manage('orders-app'),
    );
    await step(
      `three rotations, under a client that reads the secret every ${READ_EVERY_MILLISECONDS} ms and logs in: no login fails`,
      async () => {
        const client = startClient(postgres, secrets.read);
        const users: string[] = [];
        for (let nth = 0; nth < 3; nth += 1) {
          expect('rotation', (await rotate('orders-app')).status, 'succeeded');
          users.push((await secrets.read('orders-app'))['username'] ?? '');
        }
        const { logins, failures, passwords } = await client.stop();
        expect('users', new Set(users).size, 2);
        expect('failed logins', failures, []);
        expect('logins with each value', [logins > passwords, passwords >= 3], [true, true]);
      },
    );

    await step('the audit chain of the secret verifies', async () => {
      const { body } = await (await world.as('responder')).get('/v1/audit/secret-parcels-api-key');
      expect('verdict', verifyChain('secret-parcels-api-key', body.events).verified, true);
    });
    secrets.close();
  },
};

/** A consumer of the database's secret: reads it, logs in, does something, again and again. */
function startClient(postgres: PostgresServer, read: (id: string) => Promise<Record<string, string>>) {
  const failures: string[] = [];
  const passwords = new Set<string>();
  let logins = 0;
  let stopping = false;
  const running = (async () => {
    while (!stopping) {
      const { username = '', password = '' } = await read('orders-app');
      try {
        await postgres.as({ username, password }, (client) => client.query('SELECT item FROM orders.orders'));
        logins += 1;
        passwords.add(password);
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
      await wait(READ_EVERY_MILLISECONDS);
    }
  })();
  return {
    async stop() {
      stopping = true;
      await running;
      return { logins, failures, passwords: passwords.size };
    },
  };
}
