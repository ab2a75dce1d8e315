import { verifyChain } from '../../lambdas/audit/chain.ts';
import { ApiClient } from '../api-client.ts';
import { followRevocation } from '../follow-revocation.ts';
import { expect, type Scenario } from '../scenario.ts';

/** What is known is the token itself, found where it should not be. */
export const leakedTokenIsContained: Scenario = {
  name: 'A token is found in a public place: whose it is, what hangs on it, and all of it dead with receipts',

  async play(world, step) {
    const engineer = await world.as('engineer');
    const request = { target: 'ticketing-ops', duration: 'PT1H', justification: 'Triage of the week' };

    const parent = await step('an engineer is granted to read the tickets of OPS', async () => {
      const { body } = await engineer.post('/v1/access-requests', {
        ...request,
        permissions: ['tickets:read'],
      });
      const task = await engineer.follow(body.task.id, ({ status }) => status !== 'pending');
      expect('task', task.status, 'approved');
      const { body: claimed } = await engineer.post(`/v1/grants/${task.grant.id}/credential`);
      return { grant: task.grant.id as string, token: claimed.access_token as string };
    });

    const part = await step('and hands a part of it to the agent that triages', async () => {
      const agent = await world.as('triage-bot', { for: 'engineer' });
      const { body } = await agent.post('/v1/access-requests', {
        ...request,
        permissions: ['tickets:read'],
        parent: parent.grant,
      });
      const task = await agent.follow(body.task.id, ({ status }) => status !== 'pending');
      expect('task', task.status, 'approved');
      const { body: claimed } = await agent.post(`/v1/grants/${task.grant.id}/credential`);
      return { grant: task.grant.id as string, token: claimed.access_token as string };
    });

    const tickets = (token: string) => new ApiClient(world.ticketingUrl, token).get('/projects/OPS/tickets');
    await step('both tokens open the ticketing API', async () => {
      expect(
        'statuses',
        [(await tickets(parent.token)).status, (await tickets(part.token)).status],
        [200, 200],
      );
    });

    const responder = await world.as('responder');
    const reason = 'Found in a public repository';
    await step('a responder submits the token itself, and sees what would be revoked', async () => {
      const { body } = await responder.post('/v1/revocations', {
        scope: { credential: parent.token },
        reason,
        dry_run: true,
      });
      const preview = await followRevocation(responder, body.revocation.id, ['previewed']);
      const grants = preview.items.filter(({ kind }) => kind === 'grant').map(({ id }) => id);
      expect('grants', grants.sort(), [parent.grant, part.grant].sort());
      expect('still reads', (await tickets(parent.token)).status, 200);
    });

    const run = await step('then has it contained', async () => {
      const { status, body } = await responder.post('/v1/revocations', {
        scope: { credential: parent.token },
        reason,
      });
      expect('status', status, 202);
      return followRevocation(responder, body.revocation.id, ['contained']);
    });

    await step(`contained in ${run.time_to_contain_ms} ms: neither token opens anything`, async () => {
      expect(
        'statuses',
        [(await tickets(parent.token)).status, (await tickets(part.token)).status],
        [401, 401],
      );
    });

    await step('the report has a receipt for each credential: tried after, refused', async () => {
      const receipts = run.items.filter(({ kind }) => kind === 'grant').map(({ receipt }) => receipt?.answer);
      expect('receipts', receipts, ['dead', 'dead']);
    });

    await step('the sessions in which they were asked for have ended', async () => {
      expect('engineer', (await engineer.get('/v1/grants')).status, 401);
    });

    await step('who relies on Sallyport was told, in signed events under one txn', async () => {
      const told = world.backends.signalReceiver.received.filter(({ txn }) => txn === run.txn);
      expect('events', told.length, run.items.length);
    });

    await step('the audit chain of the containment verifies, and holds no byte of the token', async () => {
      const { body } = await responder.get(`/v1/audit/${run.id}`);
      expect('verdict', verifyChain(run.id, body.events).verified, true);
      expect('token', JSON.stringify(body.events).includes(parent.token), false);
    });
  },
};
