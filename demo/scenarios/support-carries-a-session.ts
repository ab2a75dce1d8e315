import { decodeJwt } from 'jose';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import type { AuditEvent } from '../../lambdas/audit/event.ts';
import { showHandoff } from '../hand-over.ts';
import { AtChannel, signIn, takeOver } from '../person-at-channels.ts';
import { expect, type Scenario } from '../scenario.ts';

/** Who serves customers. */
const support = { type: 'group', id: 'support' } as const;
const agentAt = (channel: 'web' | 'desktop') => ({ persona: 'support-agent', channel, acts: true }) as const;

/** A verified session is carried through three surfaces, each hop handed over, and none that was not. */
export const supportCarriesASession: Scenario = {
  name: 'A support agent carries a verified session from chat to desktop to ticketing',

  async play(world, step) {
    const customer = await step('a customer signs in to the web chat', () => signIn(world, 'customer'));
    const session = customer.sessionId;

    await step('nobody at the desktop can open it by themselves', async () => {
      const agent = await world.as('support-agent', { channel: 'desktop' });
      const { status } = await agent.post(`/v1/sessions/${session}/handoffs`, { target_channel: 'web' });
      expect('status', status, 404);
    });

    const chat = await step('the customer hands it over to support', () =>
      customer.handOver('desktop', support),
    );

    await step('whoever has the code alone is refused', async () => {
      const { status, body } = await showHandoff(world, chat);
      expect('refusal', [status, body.error], [400, 'invalid_grant']);
    });

    await step('so is an engineer who shows it with a sign-in of their own', async () => {
      const { status, body } = await showHandoff(world, chat, {
        persona: 'engineer',
        channel: 'desktop',
        acts: true,
      });
      expect('refusal', [status, body.error], [400, 'invalid_grant']);
    });

    const desktop = await step(
      'an agent signs in at the desktop and takes it over: both are in it',
      async () => {
        const { status, body } = await showHandoff(world, chat, agentAt('desktop'));
        expect('status', status, 200);
        const { sub, act, sid, channel } = decodeJwt(body.access_token);
        expect(
          'parties',
          [sub, act, sid, channel],
          ['customer', { sub: 'support-agent' }, session, 'desktop'],
        );
        return new AtChannel(world, body.access_token);
      },
    );

    await step('the handoff is used up', async () => {
      const { status } = await showHandoff(world, chat, agentAt('desktop'));
      expect('status', status, 400);
    });

    const ticketing = await step('the agent carries it on to the ticketing console', async () =>
      takeOver(world, await desktop.handOver('web'), agentAt('web')),
    );

    const requestId = await step('and is granted comments for the customer: both are permitted', async () => {
      const { status, body } = await ticketing.client.post('/v1/access-requests', {
        target: 'ticketing-web',
        permissions: ['tickets:comment'],
        duration: 'PT20M',
        justification: 'Note what the customer has told the chat',
      });
      expect('status', status, 202);
      const task = await ticketing.client.follow(body.task.id, ({ status }) => status !== 'pending');
      expect('grant', [task.status, task.grant?.permissions], ['approved', ['tickets:comment']]);
      return body.task.id as string;
    });

    await step('the session shows where it is, and what is proven there', async () => {
      const { body } = await customer.client.get(`/v1/sessions/${session}`);
      const places = body.session.presences.map(({ channel, actors, assurance }: Place) => [
        channel,
        actors.map(({ id }) => id),
        assurance.aal,
      ]);
      expect('places', places, [
        ['web', [], 2],
        ['desktop', ['support-agent'], 1],
        ['web', ['support-agent'], 1],
      ]);
    });

    await step('one txn tells every hop, every refusal and the decision, each with who acted', async () => {
      const responder = await world.as('responder');
      const { txn } = (await customer.client.get(`/v1/sessions/${session}`)).body.session;
      const { body } = await responder.get(`/v1/audit?txn=${txn}`);
      const events: AuditEvent[] = body.events;
      const hops = events.filter(({ chain }) => chain === session);
      expect('chain', verifyChain(session, hops).verified, true);
      expect(
        'hops',
        hops.map(({ type, who }) =>
          'channel' in who ? [type, who.channel, ...who.actors.map(({ id }) => id)] : [type],
        ),
        [
          ['session.opened', 'web'],
          ['handoff.made', 'web'],
          ['handoff.refused'],
          ['handoff.refused'],
          ['handoff.redeemed', 'desktop', 'support-agent'],
          ['handoff.refused'],
          ['handoff.made', 'desktop', 'support-agent'],
          ['handoff.redeemed', 'web', 'support-agent'],
        ],
      );
      const decided = events.find(({ chain, type }) => chain === requestId && type === 'access.decided');
      expect('actors of the decision', decided && 'actors' in decided.who && decided.who.actors, [
        { kind: 'user', id: 'support-agent' },
      ]);
    });

    await step('the customer ends the session: the agent is out, everywhere', async () => {
      expect('end', (await customer.client.delete(`/v1/sessions/${session}`)).status, 204);
      const after = await Promise.all([desktop, ticketing].map(({ client }) => client.get('/v1/grants')));
      expect(
        'statuses',
        after.map(({ status }) => status),
        [401, 401],
      );
    });
  },
};

interface Place {
  readonly channel: string;
  readonly actors: readonly { readonly id: string }[];
  readonly assurance: { readonly aal: number };
}
