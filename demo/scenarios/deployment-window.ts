import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { accessOrders, goesOn, hasRole, lacksPostgres, ordersServer, tryLogin } from '../orders-database.ts';
import { expect, type Scenario } from '../scenario.ts';
import type { World } from '../world.ts';

const MINUTE = 60_000;

/** A password that is gone when its time is over, also for who is still logged in with it. */
export const deploymentWindow: Scenario = {
  name: 'A deployment window: a job writes to a database for 20 minutes, and what it wrote outlives its role',
  lacks: lacksPostgres,

  async play(world, step) {
    const server = ordersServer(world);
    const job = await step('the deployment job of acme/shop exchanges its CI token', () =>
      world.as('deploy-bot'),
    );

    const access = await step(
      'it asks to read and write orders for 20 minutes, and claims a login',
      async () => {
        const claimed = await accessOrders(job, ['orders:read', 'orders:write'], 'PT20M');
        expect('role', claimed.login.username, `sallyport-${claimed.grantId}`);
        return claimed;
      },
    );

    const session = await step('it logs in and writes two orders', async () => {
      const client = await server.logIn(access.login);
      const written = await client.query("INSERT INTO orders.orders (item) VALUES ('a map'), ('a compass')");
      expect('rows', written.rowCount, 2);
      return client;
    });

    await step('what it was not granted is refused: the payments', async () => {
      const refusal = await session.query('SELECT * FROM orders.payments').catch((error) => error.code);
      expect('SQLSTATE', refusal, '42501');
    });

    await step('meanwhile the vault keeps the login, to try it when it is over', async () => {
      expect('secret', await isKept(world, access.grantId), true);
    });

    await step('20 minutes later its open session is cut', async () => {
      await world.leap(20 * MINUTE);
      expect('session', await goesOn(session), 'cut');
    });

    await step('its password is refused, and its role is gone', async () => {
      expect('login', await tryLogin(server, access.login), '28P01');
      expect('role', await hasRole(server, access.login.username), false);
    });

    await step('the orders that it wrote stay', async () => {
      const items = await server.as(server.superuser, async (client) => {
        const { rows } = await client.query(
          'SELECT item FROM orders.orders WHERE placed_by = $1 ORDER BY id',
          [access.login.username],
        );
        return rows.map(({ item }) => item);
      });
      expect('orders', items, ['a map', 'a compass']);
    });

    await step('the vault has destroyed the login', async () => {
      expect('secret', await isKept(world, access.grantId), false);
    });

    await step('the receipt says what was tried, and what came back', async () => {
      const { body } = await (await world.as('deploy-bot')).get(`/v1/grants/${access.grantId}`);
      const { status, reason, credential } = body.grant;
      expect('grant', [status, reason, credential.receipt.answer], ['ended', 'expired', 'dead']);
      expect(
        'tried',
        credential.receipt.how,
        'a login with the password was refused (28P01); the catalogue has no such role',
      );
    });

    await step('the audit chain of the request verifies', async () => {
      const { body } = await (await world.as('responder')).get(`/v1/audit/${access.requestId}`);
      expect('verdict', verifyChain(access.requestId, body.events).verified, true);
    });
  },
};

async function isKept({ sallyport }: World, grantId: string): Promise<boolean> {
  const secretsManager = new SecretsManagerClient(sallyport.client);
  try {
    await secretsManager.send(new DescribeSecretCommand({ SecretId: `sallyport/grants/${grantId}` }));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return false;
    throw error;
  } finally {
    secretsManager.destroy();
  }
}
