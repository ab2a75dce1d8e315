import { followRevocation } from '../follow-revocation.ts';
import { expect, type Scenario } from '../scenario.ts';

const MINUTE = 60_000;

/** What could not be confirmed is never shown as done. */
export const targetIsDownDuringContainment: Scenario = {
  name: 'A target is down during a revocation: what is unresolved is said, tried again, and closes by itself',

  async play(world, step) {
    const { cluster } = world.backends;
    const look = async (token: string): Promise<number> =>
      (
        await fetch(`${cluster.url}/api/v1/namespaces/shop/pods`, {
          headers: { authorization: `Bearer ${token}` },
        })
      ).status;

    const access = await step('a deployment job looks into the shop’s cluster', async () => {
      const job = await world.as('deploy-bot');
      const { body } = await job.post('/v1/access-requests', {
        target: 'shop-cluster',
        permissions: ['pods:read'],
        duration: 'PT1H',
        justification: 'Release 42',
      });
      const task = await job.follow(body.task.id, ({ status }) => status !== 'pending');
      const claimed = await job.post(`/v1/grants/${task.grant.id}/credential`);
      expect('claim', claimed.status, 200);
      expect('pods', await look(claimed.body.access_token), 200);
      return { grant: task.grant.id as string, token: claimed.body.access_token as string };
    });

    await step('the cluster’s API server goes down', async () => cluster.goDown());
    try {
      const responder = await world.as('responder');
      const id = await step('a responder contains the job; the run says what is unresolved', async () => {
        const { body } = await responder.post('/v1/revocations', {
          scope: { principal: 'deploy-bot' },
          reason: 'The job ran somebody else’s code',
        });
        const run = await followRevocation(responder, body.revocation.id, ['unresolved']);
        const item = run.items.find((one) => one.id === access.grant);
        expect('unresolved', run.unresolved, { grants: 1, sessions: 0, secrets: 0, signals: 0 });
        expect('item', [item?.status, item?.receipt], ['unconfirmed', undefined]);
        expect('shown as done', run.time_to_contain_ms, undefined);
        return run.id;
      });

      await step('its right has ended all the same: the job is nobody here', async () => {
        const refusal = await world.token('deploy-bot').catch((error: Error) => error.message);
        expect('refusal', refusal.includes('400'), true);
      });

      await step('five minutes later it is still trying', async () => {
        await world.leap(5 * MINUTE);
        const { body } = await (await world.as('responder')).get(`/v1/revocations/${id}`);
        expect('status', body.revocation.status, 'unresolved');
      });

      await step('the cluster is back: what nobody could end there works again for the moment', async () => {
        cluster.comeBack();
        expect('pods', await look(access.token), 200);
      });

      await step('the run closes by itself, with the receipt', async () => {
        await world.leap(10 * MINUTE);
        const run = await followRevocation(await world.as('responder'), id, ['contained']);
        const item = run.items.find((one) => one.id === access.grant);
        expect('item', [item?.status, item?.receipt?.answer], ['dead', 'dead']);
        expect('minutes to contain', (run.time_to_contain_ms ?? 0) >= 5 * MINUTE, true);
      });

      await step('and the token opens nothing', async () => expect('pods', await look(access.token), 401));

      await step('until a responder lifts the freeze, the job stays nobody', async () => {
        const lifted = await (await world.as('responder')).delete(`/v1/revocations/${id}/freeze`);
        expect('lifted', [lifted.status, lifted.body.revocation.freeze], [200, 'lifted']);
        expect('job', (await (await world.as('deploy-bot')).get('/v1/grants')).status, 200);
      });
    } finally {
      cluster.comeBack();
    }
  },
};
