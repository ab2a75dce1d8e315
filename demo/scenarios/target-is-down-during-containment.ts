import { ApiClient } from '../api-client.ts';
import { followRevocation } from '../follow-revocation.ts';
import { expect, type Scenario } from '../scenario.ts';

const MINUTE = 60_000;

/** What could not be confirmed is never shown as done. */
export const targetIsDownDuringContainment: Scenario = {
  name: 'A target is down during a revocation: what is unresolved is said, tried again, and closes by itself',

  async play(world, step) {
    const access = await step('a deployment job reads the tickets of OPS', async () => {
      const job = await world.as('deploy-bot');
      const { body } = await job.post('/v1/access-requests', {
        target: 'ticketing-ops',
        permissions: ['tickets:read'],
        duration: 'PT20M',
        justification: 'Release notes',
      });
      const task = await job.follow(body.task.id, ({ status }) => status !== 'pending');
      const claimed = await job.post(`/v1/grants/${task.grant.id}/credential`);
      expect('claim', claimed.status, 200);
      return { grant: task.grant.id as string, token: claimed.body.access_token as string };
    });

    const putRight = await step('what would confirm the end of its credential is down', async () =>
      world.runtime.faults.fail({
        service: 'dynamodb',
        operation: 'TransactWriteItems',
        functionName: 'RevokeGrants',
        error: { code: 'InternalServerError', statusCode: 500 },
      }),
    );

    const responder = await world.as('responder');
    const id = await step('a responder contains the job; the run says what is unresolved', async () => {
      const { body } = await responder.post('/v1/revocations', {
        scope: { principal: 'deploy-bot' },
        reason: 'The job ran somebody else’s code',
      });
      const run = await followRevocation(responder, body.revocation.id, ['unresolved']);
      expect('unresolved', run.unresolved.grants > 0, true);
      expect('shown as done', run.time_to_contain_ms, undefined);
      return run.id;
    });

    await step('its right has ended all the same: the token opens nothing', async () => {
      const ticketing = new ApiClient(world.ticketingUrl, access.token);
      expect('read', (await ticketing.get('/projects/OPS/tickets')).status, 401);
    });

    await step('five minutes later it is still trying', async () => {
      await world.leap(5 * MINUTE);
      const { body } = await (await world.as('responder')).get(`/v1/revocations/${id}`);
      expect('status', body.revocation.status, 'unresolved');
    });

    await step('the target returns, and the run closes by itself, with the receipt', async () => {
      putRight();
      await world.leap(10 * MINUTE);
      const run = await followRevocation(await world.as('responder'), id, ['contained']);
      const item = run.items.find((one) => one.id === access.grant);
      expect('item', [item?.status, item?.receipt?.answer], ['dead', 'dead']);
    });

    await step('the job is nobody until a responder lifts the freeze', async () => {
      const refusal = await world.token('deploy-bot').catch((error: Error) => error.message);
      expect('refusal', refusal.includes('400'), true);
      const lifted = await (await world.as('responder')).delete(`/v1/revocations/${id}/freeze`);
      expect('lifted', [lifted.status, lifted.body.revocation.freeze], [200, 'lifted']);
      expect('job', (await (await world.as('deploy-bot')).get('/v1/grants')).status, 200);
    });
  },
};
