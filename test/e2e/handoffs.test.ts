import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import { showHandoff, type Taker } from '../../demo/hand-over.ts';
import { AtChannel, takeOver } from '../../demo/person-at-channels.ts';
import { type ClientKey, createClientKey } from '../../demo/proof-of-possession.ts';
import type { World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import type { AuditEvent } from '../../lambdas/audit/event.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { chainOf } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
let chat: AtChannel;
let customer: ApiClient;
let token: string;
let session: string;

beforeAll(async () => {
  world = await worldUnderTest();
});
afterAll(() => world.stop());
beforeEach(async () => {
  token = await world.token('customer');
  chat = new AtChannel(world, token);
  ({ client: customer, sessionId: session } = chat);
});

const support = { type: 'group', id: 'support' } as const;
const agentAt = (channel: Taker['channel']): Taker => ({ persona: 'support-agent', channel, acts: true });

/** What there is to see of a place in the session. */
async function assuranceAt(channel: string, actors: readonly string[] = []) {
  const { body } = await customer.get(`/v1/sessions/${session}`);
  const place = body.session.presences.find(
    (one: { channel: string; actors: { id: string }[] }) =>
      one.channel === channel && one.actors.map(({ id }) => id).join() === actors.join(),
  );
  return place?.assurance;
}

async function expectRefused(attempt: Promise<ApiAnswer>): Promise<void> {
  const before = (await customer.get(`/v1/sessions/${session}`)).body.session;
  const answer = await attempt;
  expectProblem(answer, 400, 'invalid-grant');
  expect(answer.body.error).toBe('invalid_grant');
  expect((await customer.get(`/v1/sessions/${session}`)).body.session).toEqual(before);
}

describe('a support agent carries a customer’s session from chat to desktop to ticketing', () => {
  it('and every hop is told under one txn, with who acted and what was proven', async () => {
    const desktop = await takeOver(world, await chat.handOver('desktop', support), agentAt('desktop'));
    const ticketing = await takeOver(world, await desktop.handOver('web'), agentAt('web'));
    const { body } = await ticketing.client.post('/v1/access-requests', {
      target: 'ticketing-web',
      permissions: ['tickets:comment'],
      duration: 'PT20M',
      justification: 'Note what the customer has said',
    });
    await world.sallyport.settled();
    const { task } = (await ticketing.client.get(`/access/v1/requests/${body.task.id}`)).body;
    expect(task).toMatchObject({ status: 'approved', grant: { permissions: ['tickets:comment'] } });

    const responder = await world.as('responder');
    const { txn } = decodeJwt(token);
    const { events }: { events: AuditEvent[] } = (await responder.get(`/v1/audit?txn=${txn}`)).body;
    const hops = events.filter(({ chain }) => chain === session);
    expect(
      hops.map(({ type, who }) => [
        type,
        'channel' in who && [who.channel, ...who.actors.map(({ id }) => id)],
      ]),
    ).toEqual([
      ['session.opened', ['web']],
      ['handoff.made', ['web']],
      ['handoff.redeemed', ['desktop', 'support-agent']],
      ['handoff.made', ['desktop', 'support-agent']],
      ['handoff.redeemed', ['web', 'support-agent']],
    ]);
    const decided = events.find(({ type }) => type === 'access.decided');
    expect(decided).toMatchObject({
      chain: body.task.id,
      txn,
      who: { principal: { id: 'customer' }, actors: [{ id: 'support-agent' }], channel: 'web' },
    });
    expect(verifyChain(session, hops)).toEqual({ verified: true, events: hops.length });
  });

  it('and it is refused where the agent is not strongly authenticated themself', async () => {
    const weak = { ...agentAt('desktop'), amr: ['pwd'] };
    const { client } = await takeOver(world, await chat.handOver('desktop', support), weak);
    const ask = (subject: ApiClient) =>
      subject.post('/access/v1/evaluation', {
        subject: { type: 'user', id: 'customer' },
        action: { name: 'tickets:comment' },
        resource: { type: 'target', id: 'ticketing-web' },
      });
    expect((await ask(customer)).body.decision).toBe(true);
    expect((await ask(client)).body.decision).toBe(false);
  });
});

describe('a hop that was not handed over', () => {
  it('is refused to an agent who knows the session', async () => {
    const agent = await world.as('support-agent', { channel: 'desktop' });
    expectProblem(
      await agent.post(`/v1/sessions/${session}/handoffs`, { target_channel: 'web' }),
      404,
      'not-found',
    );
    expectProblem(await agent.get(`/v1/sessions/${session}`), 404, 'not-found');
  });

  it('is refused to an agent who shows the customer’s sign-in with their own', async () => {
    const answer = await new ApiClient(world.sallyport.apiUrl).postForm('/oauth2/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: await world.identityProvider.idTokenFor('customer'),
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      actor_token: await world.identityProvider.idTokenFor('support-agent'),
      actor_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    });
    expectProblem(answer, 400, 'invalid-request');
  });

  it('is refused from a channel from which nothing passes', async () => {
    const answer = await customer.post(`/v1/sessions/${session}/handoffs`, { target_channel: 'machine' });
    expectProblem(answer, 400, 'invalid-request');
  });
});

describe('a handoff', () => {
  it('is good for one hop, whoever races for it', async () => {
    const code = await chat.handOver('desktop', support);
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => showHandoff(world, code, agentAt('desktop'))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
    const types = (await chainOf(world.sallyport, session)).map(({ type }) => type);
    expect(types.filter((type) => type === 'handoff.redeemed')).toHaveLength(1);
    expect(types.filter((type) => type === 'handoff.refused')).toHaveLength(3);
  });

  it.each<[string, Taker | undefined]>([
    ['the code alone', undefined],
    ['another person', { persona: 'engineer', channel: 'desktop', acts: true }],
    ['another person as its subject', { persona: 'engineer', channel: 'desktop' }],
    ['the agent in another channel', { persona: 'support-agent', channel: 'web', acts: true }],
  ])('that was stolen is not taken over by %s, and the attempt is told', async (_who, thief) => {
    const code = await chat.handOver('desktop', support);
    await expectRefused(showHandoff(world, code, thief));
    expect((await chainOf(world.sallyport, session)).at(-1)?.type).toBe('handoff.refused');
    await takeOver(world, code, agentAt('desktop'));
  });

  it('that was never made is refused alike', () => expectRefused(showHandoff(world, 'f'.repeat(64))));

  it('carries what was proven to whoever proves the key that the session is bound to', async () => {
    const [key, another] = await Promise.all([createClientKey(), createClientKey()]);
    const levelWith = async (shown: ClientKey) => {
      const bound = await world.token('customer', { key });
      const { sid } = decodeJwt(bound);
      const client = new ApiClient(world.sallyport.apiUrl, bound, key);
      const { body } = await client.post(`/v1/sessions/${sid}/handoffs`, { target_channel: 'desktop' });
      const answer = await showHandoff(world, body.handoff, undefined, shown);
      expect(answer).toMatchObject({ status: 200, body: { token_type: 'DPoP' } });
      return decodeJwt(answer.body.access_token)['acr'];
    };
    expect(await levelWith(key)).toBe('nist-aal2');
    expect(await levelWith(another)).toBe('nist-aal1');
  });

  it('carries a level up to the cap to who shows something held there, and the lowest by a password or its code alone', async () => {
    await takeOver(world, await chat.handOver('desktop'));
    expect(await assuranceAt('desktop')).toMatchObject({ aal: 1 });
    const signedIn = (amr: string[]) => ({ persona: 'customer', channel: 'desktop', amr }) as const;
    await takeOver(world, await chat.handOver('desktop'), signedIn(['pwd']));
    expect(await assuranceAt('desktop')).toMatchObject({ aal: 1 });
    await takeOver(world, await chat.handOver('desktop'), signedIn(['otp']));
    expect(await assuranceAt('desktop')).toMatchObject({ aal: 2 });
  });
});

describe('a session', () => {
  it('is ended in every channel at once', async () => {
    const { client } = await takeOver(world, await chat.handOver('desktop', support), agentAt('desktop'));
    expect((await client.delete(`/v1/sessions/${session}`)).status).toBe(204);
    expectProblem(await customer.get('/v1/grants'), 401, 'invalid_token');
    expectProblem(await client.get('/v1/grants'), 401, 'invalid_token');
  });

  it('keeps a risk that staff have noticed, which lowers it until it is answered', async () => {
    const { client } = await takeOver(world, await chat.handOver('desktop', support), agentAt('desktop'));
    const signal = { kind: 'knows-no-answers', level: 'high' };
    expectProblem(await customer.post(`/v1/sessions/${session}/evidence`, { signal }), 404, 'not-found');
    expectProblem(
      await client.post(`/v1/sessions/${session}/evidence`, { signal: { ...signal, aal: 3 } }),
      400,
      'invalid-request',
    );
    expect((await client.post(`/v1/sessions/${session}/evidence`, { signal })).body.signal).toMatchObject({
      ...signal,
      channel: 'desktop',
      source: 'support-agent',
    });
    expect(await assuranceAt('web')).toMatchObject({ aal: 1, risk: 'high' });
  });
});
