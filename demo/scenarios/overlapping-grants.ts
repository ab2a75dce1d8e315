import { accessOrders, goesOn, hasRole, lacksPostgres, ordersServer, tryLogin } from '../orders-database.ts';
import { expect, type Scenario } from '../scenario.ts';

const MINUTE = 60_000;

/** The same principal, the same database, the same permission: two grants are two roles. */
export const overlappingGrants: Scenario = {
  name: 'Two overlapping grants to the same database end independently',
  lacks: lacksPostgres,

  async play(world, step) {
    const server = ordersServer(world);
    const job = await world.as('deploy-bot');

    const short = await step('a job may read orders for 20 minutes', () =>
      accessOrders(job, ['orders:read'], 'PT20M'),
    );
    const long = await step('and by another grant for 40', () => accessOrders(job, ['orders:read'], 'PT40M'));
    const sessions = await step('it is logged in with both', async () => [
      await server.logIn(short.login),
      await server.logIn(long.login),
    ]);
    const goOn = () => Promise.all(sessions.map(goesOn));
    const logins = () => Promise.all([tryLogin(server, short.login), tryLogin(server, long.login)]);

    await step('when the first is over, the other goes on', async () => {
      await world.leap(21 * MINUTE);
      expect('sessions', await goOn(), ['cut', 'goes on']);
      expect('logins', await logins(), ['28P01', 'accepted']);
    });

    await step('20 minutes later that one is over, too', async () => {
      await world.leap(20 * MINUTE);
      expect('sessions', await goOn(), ['cut', 'cut']);
      expect('logins', await logins(), ['28P01', '28P01']);
    });

    await step('and neither role is left', async () => {
      const roles = [short, long].map(({ login }) => hasRole(server, login.username));
      expect('roles', await Promise.all(roles), [false, false]);
    });
  },
};
