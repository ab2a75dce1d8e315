import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoopbackServer } from '../../../demo/loopback-server.ts';
import { callerRequest, startSts } from '../../support/caller-requests.ts';
import { claimsOf } from '../../support/forged-tokens.ts';
import {
  type IsolatedSallyport,
  type ServedIssuer,
  startSelfMadeIssuer,
  startTrusting,
} from '../../support/self-made-issuer.ts';

const ACCOUNT = '111122223333';
const deployer = {
  accessKeyId: 'ASIAEXAMPLEDEPLOYER',
  secretAccessKey: 'secret',
  sessionToken: 'session-token',
  account: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deployer/i-0abc`,
};
const asked: string[] = [];

let sts: LoopbackServer;
let issuer: ServedIssuer;
let sallyport: IsolatedSallyport;
beforeAll(async () => {
  sts = await startSts({ [deployer.accessKeyId]: deployer }, () => Date.now(), { asked });
  issuer = await startSelfMadeIssuer();
  sallyport = await startTrusting(issuer, {
    awsCallers: {
      endpoints: [sts.url],
      principals: [{ arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deployer/*`, principal: 'deploy-bot' }],
    },
  });
});
afterAll(async () => {
  await sallyport.stop();
  await issuer.stop();
  await sts.stop();
});

const exchange = (shown: string) =>
  sallyport.anybody.postForm('/oauth2/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: shown,
    subject_token_type: 'urn:sallyport:params:oauth:token-type:aws-caller',
  });

describe('a machine on AWS', () => {
  it('comes with what it has signed for this server, once', async () => {
    const shown = await callerRequest(sts.url, sallyport.runtime.apiUrl, deployer, Date.now());
    const { status, body } = await exchange(shown);
    expect(status).toBe(200);
    expect(claimsOf(body.access_token)).toMatchObject({
      sub: 'deploy-bot',
      channel: 'machine',
      origin: { iss: sts.url },
      posture: { account: ACCOUNT, arn: deployer.arn },
    });
    expect((await exchange(shown)).status).toBe(400);
  });

  it('is refused with what it has signed for another server, which STS is not asked about', async () => {
    asked.length = 0;
    const shown = await callerRequest(sts.url, 'https://another.example', deployer, Date.now());
    expect((await exchange(shown)).status).toBe(400);
    expect(asked).toEqual([]);
  });

  it('is told to try again where STS does not answer', async () => {
    const shown = await callerRequest(sts.url, sallyport.runtime.apiUrl, deployer, Date.now());
    await sts.stop();
    expect((await exchange(shown)).status).toBe(503);
  });
});
