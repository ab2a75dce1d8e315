import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../../demo/api-client.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import { caseOf, claimToken, readRequest } from '../../support/access-path.ts';
import {
  type IsolatedSallyport,
  type ServedIssuer,
  startSelfMadeIssuer,
  startTrusting,
} from '../../support/self-made-issuer.ts';
import { chainOf, tableItems } from '../../support/system-state.ts';

let issuer: ServedIssuer;
let dataDirectory: string;
let before: {
  token: string;
  credential: string;
  cursor: string;
  requestId: string;
  items: unknown;
  keys: unknown;
};
let restarted: IsolatedSallyport;
let engineer: ApiClient;

beforeAll(async () => {
  issuer = await startSelfMadeIssuer();
  dataDirectory = mkdtempSync(join(tmpdir(), 'sallyport-data-'));
  const first = await startTrusting(issuer, { dataDirectory });
  const { runtime, anybody } = first;
  const { body } = await anybody.postForm('/oauth2/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await issuer.sign({ sub: 'engineer', aud: 'sallyport-web', amr: ['pwd', 'otp', 'mfa'] }),
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  });
  const client = new ApiClient(runtime.apiUrl, body.access_token);
  const { task } = (await client.post('/v1/access-requests', readRequest)).body;
  await client.post('/v1/access-requests', readRequest);
  await runtime.settled();
  before = {
    token: body.access_token,
    credential: await claimToken(caseOf(client, task.id)),
    cursor: (await client.get('/v1/grants?limit=1')).body.cursor,
    requestId: task.id,
    items: await tableItems(runtime),
    keys: (await anybody.get('/.well-known/jwks.json')).body,
  };
  const apiPort = Number(new URL(runtime.apiUrl).port);
  await first.stop();
  restarted = await startTrusting(issuer, { dataDirectory, apiPort });
  engineer = new ApiClient(restarted.runtime.apiUrl, before.token);
});
afterAll(async () => {
  await restarted.stop();
  await issuer.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

describe('after a restart on the same data directory', () => {
  it('the table holds what it held', async () => {
    expect(await tableItems(restarted.runtime)).toEqual(before.items);
  });

  it('the signing keys are the same', async () => {
    expect((await restarted.anybody.get('/.well-known/jwks.json')).body).toEqual(before.keys);
  });

  it('an access token that was issued before is accepted', async () => {
    expect(await engineer.get('/v1/grants')).toMatchObject({ status: 200, body: { grants: [{}, {}] } });
  });

  it('a credential that was claimed before is live', async () => {
    const answer = await engineer.postForm('/oauth2/introspect', { token: before.credential });
    expect(answer.body).toMatchObject({ active: true });
  });

  it('a cursor that was given before goes on where it was', async () => {
    const answer = await engineer.get(`/v1/grants?limit=1&cursor=${encodeURIComponent(before.cursor)}`);
    expect(answer).toMatchObject({ status: 200, body: { grants: [{ status: 'active' }] } });
  });

  it('an audit chain goes on and verifies', async () => {
    await engineer.delete(`/v1/grants/${caseOf(engineer, before.requestId).grantId}`);
    const events = await chainOf(restarted.runtime, before.requestId);
    expect(verifyChain(before.requestId, events)).toMatchObject({ verified: true });
    expect(events.at(-1)?.type).toBe('grant.returned');
  });
});
