import { type AtChannel, signIn, takeOver } from '../person-at-channels.ts';
import { expect, type Scenario } from '../scenario.ts';

const MINUTE = 60_000;
const configuration = {
  target: 'ticketing-ops',
  permissions: ['tickets:configure'],
  duration: 'PT15M',
  justification: 'Let the new team in',
} as const;

const byPassword = (channel: 'web' | 'desktop') => ({ persona: 'engineer', channel, amr: ['pwd'] }) as const;

/** A session goes from the desktop to the browser; what a workflow there asks for is proven there, and goes stale. */
export const employeeStepsUpInTheBrowser: Scenario = {
  name: 'An employee signs in on the desktop and steps up in the browser, in the same session, for a privileged workflow',

  async play(world, step) {
    const passkey = await step(
      'the engineer has a passkey, enrolled when they were strongly signed in',
      async () => (await signIn(world, 'engineer')).enrolPasskey(),
    );

    const desktop = await step('they sign in on the desktop with a password: AAL1', async () => {
      const session = await signIn(world, 'engineer', { channel: 'desktop', amr: ['pwd'] });
      expect('assurance', await assuranceAt(session, 'desktop'), 'nist-aal1');
      return session;
    });

    const browser = await step(
      'the desktop hands the session over to their browser, where they sign in',
      async () => {
        const handoff = await desktop.handOver('web');
        const taken = await takeOver(world, handoff, byPassword('web'));
        expect('session', taken.sessionId, desktop.sessionId);
        return taken;
      },
    );

    const ask = async (session: AtChannel) => {
      const { status, body } = await session.client.post('/v1/access-requests', configuration);
      expect('status', status, 202);
      return session.client.follow(
        body.task.id,
        ({ state }) => state !== 'submitted' && state !== 'verified',
      );
    };

    const waiting = await step(
      'the workflow that configures a project waits for a step-up to AAL2',
      async () => {
        const task = await ask(browser);
        expect(
          'task',
          [task.state, task.step_up.acr_value, task.step_up.session],
          ['awaiting_step_up', 'nist-aal2', browser.sessionId],
        );
        return task.id as string;
      },
    );

    const stronger = await step(
      'a passkey in the browser, in the same session, wakes it: it goes on by itself',
      async () => {
        const session = await browser.stepUp(passkey);
        const task = await session.client.follow(waiting, ({ status }) => status !== 'pending');
        expect('task', [task.status, task.grant.status], ['approved', 'active']);
        return session;
      },
    );

    await step('the desktop proves what it proved before: a step-up is for its own channel', async () => {
      expect('assurance', await assuranceAt(desktop, 'desktop'), 'nist-aal1');
      expect('assurance', await assuranceAt(stronger, 'web'), 'nist-aal2');
    });

    await step(
      'a quarter of an hour later the step-up is stale: the same is asked for again, and times out',
      async () => {
        // They have been at the desktop and come back, each time with their password: a new token, no strong proof.
        await world.leap(14 * MINUTE);
        const away = await takeOver(world, await stronger.handOver('desktop'), byPassword('desktop'));
        const again = await takeOver(world, await away.handOver('web'), byPassword('web'));
        await world.leap(2 * MINUTE);
        const task = await ask(again);
        expect('task', [task.state, task.step_up.acr_value], ['awaiting_step_up', 'nist-aal2']);
        await world.leap(15 * MINUTE);
        const over = await world.as('engineer');
        const { body } = await over.get(`/access/v1/requests/${task.id}`);
        expect('task', [body.task.status, body.task.reason], ['denied', 'step_up_required']);
      },
    );
  },
};

async function assuranceAt({ client, sessionId }: AtChannel, channel: string): Promise<string | undefined> {
  const { body } = await client.get(`/v1/sessions/${sessionId}`);
  return body.session.presences.findLast((presence: { channel: string }) => presence.channel === channel)
    .assurance.acr;
}
