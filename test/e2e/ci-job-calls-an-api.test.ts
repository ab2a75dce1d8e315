import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../demo/api-client.ts';
import { deployJob, type JobClaims } from '../../demo/personas.ts';
import type { World } from '../../demo/world.ts';
import { claimsOf } from '../support/forged-tokens.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
beforeAll(async () => {
  world = await worldUnderTest();
});
afterAll(() => world.stop());

/** What Sallyport takes from the token of the deployment job. */
const posture = {
  repository: deployJob.repository,
  ref: deployJob.ref,
  environment: deployJob.environment,
  workflow: deployJob.job_workflow_ref,
  runner: deployJob.runner_environment,
};

/** A job's exchange of the token that its CI system gave it. */
const exchange = async (ciToken: string) =>
  new ApiClient(world.sallyport.apiUrl).postForm('/oauth2/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: ciToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  });

describe('a CI job', () => {
  it('calls an internal API by its identity, with a token that names the trust event and its posture', async () => {
    const ciToken = await world.identityProvider.idTokenFor('deploy-bot');
    const { iss, jti } = claimsOf(ciToken);
    const { body: session } = await exchange(ciToken);
    const { sid, origin } = claimsOf(session.access_token) as { sid: string; origin: { evidence: string } };
    expect(claimsOf(session.access_token)).toMatchObject({ origin: { session: sid, iss, jti }, posture });

    const job = new ApiClient(world.sallyport.apiUrl, session.access_token);
    const asked = await job.post('/v1/access-requests', {
      target: 'ticketing-ops',
      permissions: ['tickets:read'],
      duration: 'PT20M',
      justification: 'Release notes',
    });
    const task = await job.follow(asked.body.task.id, ({ status }) => status !== 'pending');
    const { body: claimed } = await job.post(`/v1/grants/${task.grant.id}/credential`);
    const api = new ApiClient(world.ticketingUrl, claimed.access_token);
    expect((await api.get('/projects/OPS/tickets')).status).toBe(200);

    const ofTheApi = await world.as('ticketing-api');
    const { body: seen } = await ofTheApi.postForm('/oauth2/introspect', { token: claimed.access_token });
    expect(seen).toMatchObject({
      active: true,
      sub: 'deploy-bot',
      origin: { session: sid, evidence: origin.evidence, iss, jti },
      posture,
    });

    const { body: told } = await (await world.as('responder')).get(`/v1/audit/${sid}`);
    const [opened] = told.events;
    expect([opened.type, opened.details.evidence]).toEqual([
      'session.opened',
      [expect.objectContaining({ id: origin.evidence, issuer: iss, tokenId: jti, posture })],
    ]);
    await job.delete(`/v1/grants/${task.grant.id}`);
    await world.sallyport.settled();
  });

  it.each<[string, Partial<JobClaims>]>([
    ['another branch', { ref: 'refs/heads/feature' }],
    ['another environment', { environment: 'staging' }],
    ['another repository', { repository: 'mallory/shop' }],
  ])('is refused from %s, in the words that any bad token is refused in', async (_where, run) => {
    const refused = await exchange(await world.identityProvider.idTokenFor('deploy-bot', { job: run }));
    const nonsense = await exchange('no.token.atall');
    const { request_id: _, ...said } = refused.body;
    expect([refused.status, said]).toEqual([
      400,
      { ...said, error: 'invalid_request', error_description: nonsense.body.error_description },
    ]);
  });

  it('is refused with a token that it has exchanged before', async () => {
    const ciToken = await world.identityProvider.idTokenFor('deploy-bot');
    expect((await exchange(ciToken)).status).toBe(200);
    expect((await exchange(ciToken)).status).toBe(400);
  });
});
