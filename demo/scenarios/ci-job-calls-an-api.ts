import { decodeJwt } from 'jose';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { ApiClient } from '../api-client.ts';
import { deployJob } from '../personas.ts';
import { expect, type Scenario } from '../scenario.ts';

/** A machine's identity is where it runs: the same job elsewhere is nobody. */
export const ciJobCallsAnApi: Scenario = {
  name: 'A CI job calls an internal API by its identity; from another branch it is nobody',

  async play(world, step) {
    const ciToken = await world.identityProvider.idTokenFor('deploy-bot');
    const sallyport = new ApiClient(world.sallyport.apiUrl);
    const exchange = (token: string) =>
      sallyport.postForm('/oauth2/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      });

    const job = await step('the job exchanges the token that its CI system gave it', async () => {
      const { status, body } = await exchange(ciToken);
      expect('status', status, 200);
      return new ApiClient(world.sallyport.apiUrl, body.access_token);
    });

    await step('the same token is refused a second time', async () => {
      expect('status', (await exchange(ciToken)).status, 400);
    });

    for (const [where, run] of [
      ['another branch', { ref: 'refs/heads/feature' }],
      ['another environment', { environment: 'staging' }],
    ] as const) {
      await step(`the same job from ${where} is refused`, async () => {
        const token = await world.identityProvider.idTokenFor('deploy-bot', { job: run });
        const { status, body } = await exchange(token);
        expect('refusal', [status, body.error], [400, 'invalid_request']);
      });
    }

    const credential = await step('it is granted to read the tickets of OPS, by policy alone', async () => {
      const { body } = await job.post('/v1/access-requests', {
        target: 'ticketing-ops',
        permissions: ['tickets:read'],
        duration: 'PT10M',
        justification: 'Release notes',
      });
      const { grant } = await job.follow(body.task.id, ({ status }) => status !== 'pending');
      const claimed = await job.post(`/v1/grants/${grant.id}/credential`);
      expect('claim', claimed.status, 200);
      return claimed.body.access_token as string;
    });

    await step('it calls the ticketing API', async () => {
      const api = new ApiClient(world.ticketingUrl, credential);
      expect('read', (await api.get('/projects/OPS/tickets')).status, 200);
    });

    const session = await step(
      'the token tells the API which trust it rests on, and the posture',
      async () => {
        const claims = decodeJwt<Told>(credential);
        const { iss, jti } = decodeJwt(ciToken);
        expect('origin', [claims.origin.iss, claims.origin.jti], [iss, jti]);
        expect(
          'posture',
          [claims.posture['repository'], claims.posture['ref'], claims.posture['environment']],
          [deployJob.repository, deployJob.ref, deployJob.environment],
        );
        return claims.origin.session;
      },
    );

    await step('the audit chain of the session tells of the same event, and verifies', async () => {
      const { body } = await (await world.as('responder')).get(`/v1/audit/${session}`);
      const [opened] = body.events;
      const { evidence } = decodeJwt<Told>(credential).origin;
      expect('evidence', [opened.type, opened.details.evidence[0].id], ['session.opened', evidence]);
      expect('verdict', verifyChain(session, body.events).verified, true);
    });
  },
};

interface Told {
  readonly origin: { readonly session: string; readonly evidence: string; iss: string; jti: string };
  readonly posture: Readonly<Record<string, string>>;
}
