import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../demo/api-client.ts';
import { PushDevice } from '../../demo/push-device.ts';
import { takeCall, type VoiceCall } from '../../demo/voice-call.ts';
import type { World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { authenticatorType } from '../../lambdas/verification/authenticator.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { chainOf, changingNothing, ledgerOf, tableItems } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
let gateway: ApiClient;
let telephone: PushDevice;

beforeAll(async () => {
  world = await worldUnderTest();
  gateway = await world.as('voice-gateway');
  telephone = await PushDevice.enrol(world.sallyport.apiUrl, await world.as('customer'));
});
afterAll(() => world.stop());

const startAnswer = (form: Record<string, string>, caller = gateway) =>
  caller.postForm('/oauth2/backchannel-authentication', form);

const valid = { login_hint: 'customer', binding_message: 'Blue 42' };

async function pushOf({ authReqId }: VoiceCall) {
  const push = (await telephone.shown()).find(({ id }) => id === authReqId);
  if (push === undefined) throw new Error('The push is not shown');
  return push;
}

/** A call that its person approves, and the gateway in their session. */
async function approvedCall(unlockedBy?: 'pin') {
  const call = await takeCall(gateway, 'customer', 'Blue 42');
  expect(await telephone.answer(await pushOf(call), 'approve', unlockedBy)).toMatchObject({ status: 200 });
  const { status, body } = await call.poll();
  expect(status).toBe(200);
  const token: string = body.access_token;
  const { sid } = decodeJwt<{ sid: string }>(token);
  return { call, token, session: sid, client: new ApiClient(world.sallyport.apiUrl, token) };
}

describe('a call', () => {
  it('that its person approves becomes their session in the channel voice, with the gateway in it', async () => {
    const { token, session, client } = await approvedCall();
    expect(decodeJwt(token)).toMatchObject({
      sub: 'customer',
      act: { sub: 'voice-gateway' },
      client_id: 'voice-gateway',
      channel: 'voice',
      acr: 'nist-aal1',
      amr: ['swk'],
    });
    const { body } = await client.get(`/v1/sessions/${session}`);
    expect(body.session).toMatchObject({
      presences: [{ channel: 'voice', actors: [{ id: 'voice-gateway' }], assurance: { aal: 1, ial: 0 } }],
      evidence: [{ of: 'customer', channel: 'voice', method: 'push', recorded_by: 'voice-gateway' }],
    });
  });

  it('is at AAL2 where the device was unlocked by its holder', async () => {
    const { token } = await approvedCall('pin');
    expect(decodeJwt(token)).toMatchObject({ acr: 'nist-aal2', amr: ['swk', 'pin'] });
  });

  it('shows its person what they hear', async () => {
    const call = await takeCall(gateway, 'customer', 'Grüne Wiese 7');
    expect(await pushOf(call)).toMatchObject({ binding_message: 'Grüne Wiese 7' });
  });

  it('is told as it is: waiting, denied', async () => {
    const waiting = await takeCall(gateway, 'customer', 'Blue 42');
    expect((await waiting.poll()).body.error).toBe('authorization_pending');
    const denied = await takeCall(gateway, 'customer', 'Blue 42');
    await telephone.answer(await pushOf(denied), 'deny');
    expect((await denied.poll()).body.error).toBe('access_denied');
  });

  it('is polled once in an interval', async () => {
    const call = await takeCall(gateway, 'customer', 'Blue 42');
    await call.poll();
    expect((await call.poll()).body.error).toBe('slow_down');
  });

  it('gives one session to several polls at once', async () => {
    const call = await takeCall(gateway, 'customer', 'Blue 42');
    await telephone.answer(await pushOf(call), 'approve');
    const answers = await Promise.all([call.poll(), call.poll(), call.poll(), call.poll()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
  });

  it('is redeemed by nobody but its gateway', async () => {
    const call = await takeCall(gateway, 'customer', 'Blue 42');
    await telephone.answer(await pushOf(call), 'approve');
    const form = { grant_type: 'urn:openid:params:grant-type:ciba', auth_req_id: call.authReqId };
    const poll = async (client: ApiClient) => {
      const { status, body } = await changingNothing(world.sallyport, () =>
        client.postForm('/oauth2/token', form),
      );
      return [status, body.error];
    };
    expect(await poll(new ApiClient(world.sallyport.apiUrl))).toEqual([401, 'invalid_client']);
    expect(await poll(await world.as('ticketing-api'))).toEqual([400, 'unauthorized_client']);
    expect(await poll(await world.as('customer'))).toEqual([400, 'unauthorized_client']);
    expect((await call.poll()).status).toBe(200);
  });

  it('leaves an audit chain that verifies', async () => {
    const { call, session } = await approvedCall();
    const events = await chainOf(world.sallyport, call.authReqId);
    expect(events.map(({ type }) => type)).toEqual(['call.received', 'push.answered']);
    expect(verifyChain(call.authReqId, events).verified).toBe(true);
    const [opened] = await chainOf(world.sallyport, session);
    expect(opened).toMatchObject({ type: 'session.opened', details: { call: call.authReqId } });
  });
});

describe('nothing tells a gateway whether there is such a person', () => {
  it.each([
    ['somebody with a device', 'customer'],
    ['somebody without a device', 'engineer'],
    ['something that is no person', 'triage-bot'],
    ['nobody', 'no-such-person'],
  ])('who calls as %s waits', async (_, login_hint) => {
    const { status, headers, body } = await startAnswer({ ...valid, login_hint });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(body).toEqual({
      auth_req_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      expires_in: 180,
      interval: 5,
    });
    const poll = await gateway.postForm('/oauth2/token', {
      grant_type: 'urn:openid:params:grant-type:ciba',
      auth_req_id: body.auth_req_id,
    });
    expect([poll.status, poll.body.error]).toEqual([400, 'authorization_pending']);
    const chain = await gateway.get(`/v1/audit/${body.auth_req_id}`);
    expect(chain.body.events.map(({ type }: { type: string }) => type)).toEqual(['call.received']);
  });

  it('it writes the same items for each of them', async () => {
    const keyOf = (item: { pk?: { S?: string }; sk?: { S?: string } }) => `${item.pk?.S}\n${item.sk?.S}`;
    const kindsWritten = async (login_hint: string) => {
      const before = new Set((await tableItems(world.sallyport)).map(keyOf));
      await startAnswer({ ...valid, login_hint });
      const written = (await tableItems(world.sallyport)).map(keyOf).filter((key) => !before.has(key));
      return written.map((key) => key.split('#')[0]).sort();
    };
    const written = ['BACKCHANNEL', 'CHAIN', 'CHAINS_OF', 'PUSHES_OF'];
    for (const login_hint of ['customer', 'no-such-person'])
      expect(await kindsWritten(login_hint)).toEqual(written);
  });
});

describe('a call is not taken', () => {
  it.each([
    ['without a hint', { binding_message: 'Blue 42' }, 'invalid_request'],
    ['with two hints', { ...valid, id_token_hint: 'x' }, 'invalid_request'],
    [
      'with a hint that is not supported',
      { binding_message: 'Blue 42', login_hint_token: 'x' },
      'invalid_request',
    ],
    ['without a binding message', { login_hint: 'customer' }, 'invalid_request'],
    ['with an empty binding message', { ...valid, binding_message: '' }, 'invalid_binding_message'],
    ['with a long binding message', { ...valid, binding_message: 'x'.repeat(65) }, 'invalid_binding_message'],
    ['with a message of two lines', { ...valid, binding_message: 'a\nb' }, 'invalid_binding_message'],
    [
      'with a message that turns itself round',
      { ...valid, binding_message: 'a\u202eb' },
      'invalid_binding_message',
    ],
    ['with what is not supported', { ...valid, requested_expiry: '900' }, 'invalid_request'],
  ])('%s', async (_, form, error) => {
    const { status, body } = await changingNothing(world.sallyport, () => startAnswer(form));
    expect([status, body.error]).toEqual([400, error]);
  });

  it.each(['customer', 'desk-clerk', 'ticketing-api'] as const)('by %s', async (persona) => {
    const caller = await world.as(persona);
    const { body } = await changingNothing(world.sallyport, () => startAnswer(valid, caller));
    expect(body.error).toBe('unauthorized_client');
  });
});

describe('an answer to a push does not count', () => {
  // A device is told of five at a time.
  const open: Awaited<ReturnType<typeof pushOf>>[] = [];
  afterEach(async () => {
    for (const push of open.splice(0)) await telephone.answer(push, 'deny');
  });

  const refused = async (statement: (push: Awaited<ReturnType<typeof pushOf>>) => Promise<string>) => {
    const call = await takeCall(gateway, 'customer', 'Blue 42');
    const push = await pushOf(call);
    open.push(push);
    const answer = await telephone.say(call.authReqId, await statement(push));
    expectProblem(answer, 403, 'statement-refused');
    expect((await call.poll()).body.error).toBe('authorization_pending');
  };

  it('from a device that nobody has enrolled', () =>
    refused(async (push) => {
      const stranger = new PushDevice({
        apiUrl: world.sallyport.apiUrl,
        authenticatorId: 'nobody',
        key: telephone.key,
      });
      return stranger.statement('push-answer+jwt', {
        challenge: push.id,
        nonce: push.nonce,
        decision: 'approve',
      });
    }));

  it('in the name of the device, with another key', async () => {
    const forger = new PushDevice({
      apiUrl: world.sallyport.apiUrl,
      authenticatorId: telephone.authenticatorId,
      key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    });
    await refused((push) =>
      forger.statement('push-answer+jwt', { challenge: push.id, nonce: push.nonce, decision: 'approve' }),
    );
    const failures = async () =>
      (await ledgerOf(world.sallyport).read(authenticatorType, telephone.authenticatorId))?.entity
        .consecutiveFailures;
    expect(await failures()).toBe(1);
    await approvedCall();
    expect(await failures()).toBe(0);
  });

  it('as a statement of another type', () =>
    refused((push) =>
      telephone.statement('push-query+jwt', { challenge: push.id, nonce: push.nonce, decision: 'approve' }),
    ));

  it('with another nonce', () =>
    refused((push) =>
      telephone.statement('push-answer+jwt', { challenge: push.id, nonce: 'x', decision: 'approve' }),
    ));

  it('about another push', async () => {
    const other = await pushOf(await takeCall(gateway, 'customer', 'Red 1'));
    await refused(() =>
      telephone.statement('push-answer+jwt', {
        challenge: other.id,
        nonce: other.nonce,
        decision: 'approve',
      }),
    );
  });

  it('from the device of another person', async () => {
    const other = await PushDevice.enrol(world.sallyport.apiUrl, await world.as('owner'));
    const call = await takeCall(gateway, 'customer', 'Blue 42');
    const push = await pushOf(call);
    expect(await other.shown()).toEqual([]);
    expectProblem(await other.answer(push, 'approve'), 404, 'not-found');
  });

  it('when it is sent again after another', async () => {
    const call = await takeCall(gateway, 'customer', 'Blue 42');
    const push = await pushOf(call);
    await telephone.answer(push, 'deny');
    expectProblem(await telephone.answer(push, 'approve'), 409, 'push-over');
    expect((await call.poll()).body.error).toBe('access_denied');
  });
});

describe('what a gateway notices in a call', () => {
  it.each([
    ['voiceprint-mismatch', 'high'],
    ['knowledge-answers-given', 'elevated'],
  ])('is a signal, and raises nothing: %s', async (kind, level) => {
    const { session, client } = await approvedCall();
    const { status } = await gateway.post(`/v1/sessions/${session}/evidence`, {
      signal: { kind, level },
    });
    expect(status).toBe(201);
    const { body } = await client.get(`/v1/sessions/${session}`);
    const [presence] = body.session.presences;
    expect(presence.assurance).toMatchObject({ aal: 1, ial: 0, amr: ['swk'], risk: level });
  });
});
