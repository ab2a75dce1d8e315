import { decodeJwt } from 'jose';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { ApiClient } from '../api-client.ts';
import { visit } from '../desk.ts';
import { PushDevice } from '../push-device.ts';
import { expect, type Scenario } from '../scenario.ts';
import { takeCall } from '../voice-call.ts';

const recovery = {
  target: 'account-recovery',
  permissions: ['accounts:recover'],
  duration: 'PT10M',
  justification: 'The password is forgotten, and a new telephone is to be set up',
} as const;

const isDecided = ({ status }: { status: string }) => status !== 'pending';

/** A call recovers no account, however well it was verified; a visit does. */
export const branchVisitPermitsRecovery: Scenario = {
  name: 'A branch visit changes assurance, and an account recovery that was refused before is now permitted',

  async play(world, step) {
    const { apiUrl } = world.sallyport;
    const telephone = await step('the customer has registered their telephone', async () =>
      PushDevice.enrol(apiUrl, await world.as('customer')),
    );

    const call = await step('they call; the gateway pushes “Blue 42”, and reads it out', async () =>
      takeCall(await world.as('voice-gateway'), 'customer', 'Blue 42'),
    );

    await step('their telephone shows the same words; they approve', async () => {
      const [push] = await telephone.shown();
      expect('push', [push?.id, push?.binding_message], [call.authReqId, 'Blue 42']);
      if (push !== undefined) await telephone.answer(push, 'approve');
    });

    const onTheLine = await step('the call is their session at AAL1, with the gateway in it', async () => {
      const { status, body } = await call.poll();
      expect('status', status, 200);
      const { sub, channel, acr, act } = decodeJwt(body.access_token);
      expect('token', [sub, channel, acr, act], ['customer', 'voice', 'nist-aal1', { sub: 'voice-gateway' }]);
      return new ApiClient(apiUrl, body.access_token);
    });

    await step('recovering the account is refused to a call, finally', async () => {
      const { body } = await onTheLine.post('/v1/access-requests', recovery);
      const task = await onTheLine.follow(body.task.id, isDecided);
      expect(
        'task',
        [task.status, task.permissions[0].outcome, task.permissions[0].policies],
        ['denied', 'denied', ['no-recovery-by-a-call-alone']],
      );
    });

    const present = await step(
      'they visit a branch; the clerk attests their passport and their face',
      async () => visit(world, 'customer'),
    );

    await step('the visit has proofed who they are, and authenticated nobody', async () => {
      const { body } = await present.client.get(`/v1/sessions/${present.session}`);
      const [{ channel, actors, assurance }] = body.session.presences;
      expect(
        'presence',
        [channel, actors[0].id, assurance.aal, assurance.ial],
        ['in-person', 'desk-clerk', 0, 2],
      );
    });

    const grantId = await step('the same request is now permitted', async () => {
      const { body } = await present.client.post('/v1/access-requests', recovery);
      const task = await present.client.follow(body.task.id, isDecided);
      expect('task', [task.status, task.grant?.permissions], ['approved', ['accounts:recover']]);
      return task.grant.id as string;
    });

    await step('its credential is claimed, and the account is theirs again', async () => {
      const { body } = await present.client.post(`/v1/grants/${grantId}/credential`);
      const accounts = new ApiClient(world.accountsUrl, body.access_token);
      const recovered = await accounts.post('/recoveries');
      expect('recovery', [recovered.status, recovered.body.account], [201, 'customer']);
    });

    await step('signed in with the new password alone, they may enrol nothing', async () => {
      const online = await world.as('customer', { amr: ['pwd'] });
      const refusal = await PushDevice.enrol(apiUrl, online).catch(() => 'refused');
      expect('enrolment', refusal, 'refused');
    });

    await step('with the code from the branch they enrol their new telephone', async () => {
      const online = await world.as('customer', { amr: ['pwd'] });
      const successor = await PushDevice.enrol(apiUrl, online, present.enrolmentCode);
      expect('pushes', await successor.shown(), []);
    });

    await step('the code has been used up', async () => {
      const online = await world.as('customer', { amr: ['pwd'] });
      const refusal = await PushDevice.enrol(apiUrl, online, present.enrolmentCode).catch(() => 'refused');
      expect('enrolment', refusal, 'refused');
    });

    await step('the visit’s audit chain verifies, and says who attested', async () => {
      const responder = await world.as('responder');
      const { body } = await responder.get(`/v1/audit/${present.session}`);
      const [attested] = body.events;
      expect(
        'chain',
        [verifyChain(present.session, body.events).verified, attested.type, attested.who.principal.id],
        [true, 'proofing.attested', 'desk-clerk'],
      );
    });
  },
};
