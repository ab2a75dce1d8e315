import { decodeJwt } from 'jose';
import { ApiClient } from '../api-client.ts';
import { showHandoff } from '../hand-over.ts';
import { AtChannel, signIn, takeOver } from '../person-at-channels.ts';
import { PushDevice } from '../push-device.ts';
import { expect, type Scenario } from '../scenario.ts';
import { takeCall } from '../voice-call.ts';

const MINUTE = 60_000;
const transfer = {
  target: 'payments',
  permissions: ['transfers:create'],
  duration: 'PT10M',
  justification: 'Pay the builders',
} as const;
const inTheApp = { persona: 'customer', channel: 'web', amr: ['pwd'] } as const;

/** A session goes from a call to the app, with what was noticed in the call; moving money is proven in the app. */
export const customerTransfersAfterACall: Scenario = {
  name: 'A customer verified in a call goes on in the app, and transfers money after one step-up by passkey',

  async play(world, step) {
    const { apiUrl } = world.sallyport;

    const { passkey, telephone } = await step(
      'the customer has a passkey and a registered telephone',
      async () => {
        const session = await signIn(world, 'customer');
        return {
          passkey: await session.enrolPasskey(),
          telephone: await PushDevice.enrol(apiUrl, session.client),
        };
      },
    );

    const call = await step(
      'they call, and approve the push that the agent reads out to them: AAL1',
      async () => {
        const taken = await takeCall(await world.as('voice-gateway'), 'customer', 'Green 7');
        const push = (await telephone.shown()).find(({ id }) => id === taken.authReqId);
        if (push !== undefined) await telephone.answer(push, 'approve');
        const { body } = await taken.poll();
        const { channel, acr } = decodeJwt(body.access_token);
        expect('token', [channel, acr], ['voice', 'nist-aal1']);
        return new AtChannel(world, body.access_token);
      },
    );

    await step(
      'the gateway finds that the voice is not quite theirs, and tells: it raises nothing',
      async () => {
        const gateway = await world.as('voice-gateway');
        const { status } = await gateway.post(`/v1/sessions/${call.sessionId}/evidence`, {
          signal: { kind: 'voiceprint-mismatch', level: 'elevated' },
        });
        expect('status', status, 201);
      },
    );

    await step('money is not moved by a call, whoever calls', async () => {
      const { body } = await call.client.post('/v1/access-requests', transfer);
      const task = await call.client.follow(body.task.id, ({ status }) => status !== 'pending');
      expect(
        'task',
        [task.status, task.permissions[0].policies.includes('high-impact-not-by-voice')],
        ['denied', true],
      );
    });

    const { app, handoff } = await step(
      'the call is handed over to the app, where they sign in',
      async () => {
        const code = await call.handOver('web', { type: 'user', id: 'customer' });
        const taken = await takeOver(world, code, inTheApp);
        expect('session', taken.sessionId, call.sessionId);
        return { app: taken, handoff: code };
      },
    );

    await step('the app has the same session, and knows of the signal', async () => {
      const { body } = await app.client.get(`/v1/sessions/${app.sessionId}`);
      const { channel, assurance } = body.session.presences.at(-1);
      expect('presence', [channel, assurance.aal, assurance.risk], ['web', 1, 'elevated']);
    });

    await step('the handoff works no second time, not even for them', async () => {
      expect('status', (await showHandoff(world, handoff, inTheApp)).status, 400);
    });

    await step('a stolen one is good for nobody else, nor is its code alone', async () => {
      const stolen = await call.handOver('web', { type: 'user', id: 'customer' });
      const thief = { ...inTheApp, persona: 'second-owner' } as const;
      expect('with their own sign-in', (await showHandoff(world, stolen, thief)).status, 400);
      expect('alone', (await showHandoff(world, stolen)).status, 400);
    });

    const requestId = await step('the transfer waits for a step-up', async () => {
      const { body } = await app.client.post('/v1/access-requests', transfer);
      const task = await app.client.follow(body.task.id, ({ step_up }) => step_up !== undefined);
      expect('task', [task.state, task.step_up.acr_value], ['awaiting_step_up', 'nist-aal2']);
      return task.id as string;
    });

    await step('one passkey, and the money moves', async () => {
      const { client } = await app.stepUp(passkey);
      const task = await client.follow(requestId, ({ status }) => status !== 'pending');
      expect('task', task.status, 'approved');
      const { body } = await client.post(`/v1/grants/${task.grant.id}/credential`);
      const payments = new ApiClient(world.paymentsUrl, body.access_token);
      const order = { to: 'Builders & Co.', amount: 1200, currency: 'EUR' };
      const paid = await payments.post('/transfers', order);
      expect('transfer', [paid.status, paid.body.from, paid.body.amount], [201, 'customer', 1200]);
    });

    await step('without the step-up it is denied when its time is over', async () => {
      const weak = await signIn(world, 'customer', { amr: ['pwd'] });
      const { body } = await weak.client.post('/v1/access-requests', transfer);
      await weak.client.follow(body.task.id, ({ state }) => state === 'awaiting_step_up');
      await world.leap(15 * MINUTE);
      const later = await signIn(world, 'customer', { amr: ['pwd'] });
      const { task } = (await later.client.get(`/access/v1/requests/${body.task.id}`)).body;
      expect('task', [task.status, task.reason, task.grant], ['denied', 'step_up_required', undefined]);
    });
  },
};
