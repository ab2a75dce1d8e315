import { verifyChain } from '../../lambdas/audit/chain.ts';
import { ApiClient } from '../api-client.ts';
import { expect, type Scenario } from '../scenario.ts';

const MINUTE = 60_000;

/** Policy alone permits; nobody ends it; it ends by itself. */
export const deploymentReadsUntilExpiry: Scenario = {
  name: 'A CI job is permitted by policy alone; its grant expires and ends by itself',

  async play(world, step) {
    const job = await step('the deployment job of acme/shop, on main, exchanges its CI token', () =>
      world.as('deploy-bot'),
    );

    await step('the same job on another branch is refused', async () => {
      const refusal = await world
        .token('deploy-bot', { job: { ref: 'refs/heads/feature' } })
        .catch((error: Error) => error.message);
      expect('refusal', refusal.includes('400'), true);
    });

    const { requestId, grantId } = await step(
      'it asks to read tickets of OPS for 20 minutes; policy permits',
      async () => {
        const { body } = await job.post('/v1/access-requests', {
          target: 'ticketing-ops',
          permissions: ['tickets:read'],
          duration: 'PT20M',
          justification: 'Release notes',
        });
        const task = await job.follow(body.task.id, ({ status }) => status !== 'pending');
        expect('task', [task.status, task.approval], ['approved', undefined]);
        return { requestId: task.id as string, grantId: task.grant.id as string };
      },
    );

    const ticketing = await step('it claims its credential and reads', async () => {
      const { body } = await job.post(`/v1/grants/${grantId}/credential`);
      const client = new ApiClient(world.ticketingUrl, body.access_token);
      expect('read', (await client.get('/projects/OPS/tickets')).status, 200);
      return client;
    });

    await step('19 minutes later it still reads', async () => {
      await world.leap(19 * MINUTE);
      expect('read', (await ticketing.get('/projects/OPS/tickets')).status, 200);
    });

    await step('two minutes later it does not', async () => {
      await world.leap(2 * MINUTE);
      expect('read', (await ticketing.get('/projects/OPS/tickets')).status, 401);
    });

    await step('the grant has ended by itself, with a receipt', async () => {
      const { body } = await (await world.as('deploy-bot')).get(`/v1/grants/${grantId}`);
      expect(
        'grant',
        [body.grant.status, body.grant.reason, body.grant.credential.receipt?.answer],
        ['ended', 'expired', 'dead'],
      );
    });

    await step('the audit chain of the request verifies', async () => {
      const { body } = await (await world.as('responder')).get(`/v1/audit/${requestId}`);
      expect('verdict', verifyChain(requestId, body.events).verified, true);
    });
  },
};
