import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LoopbackServer } from '../../../demo/loopback-server.ts';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { AwsCallers } from '../../../lambdas/platform/trusted-issuer.ts';
import type { TokenVerifier } from '../../../lambdas/verification/token-verifier.port.ts';
import { stsTokenVerifier } from '../../../lambdas/verification/token-verifier.sts.ts';
import { HOUR, NOW } from '../../support/access-case.ts';
import {
  type CallerRequestChanges,
  callerRequest,
  identityAnswer,
  startSts,
} from '../../support/caller-requests.ts';

const SERVER = 'https://sallyport.example';
const ACCOUNT = '111122223333';
const role = { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deployer/i-0abc`, account: ACCOUNT };
const identities = {
  ASIAEXAMPLEDEPLOYER: { ...role, secretAccessKey: 'secret', sessionToken: 'session-token==' },
  AKIAEXAMPLEADMIN: { ...role, arn: `arn:aws:iam::${ACCOUNT}:user/admin`, secretAccessKey: 'another' },
};
const deployer = { accessKeyId: 'ASIAEXAMPLEDEPLOYER', ...identities.ASIAEXAMPLEDEPLOYER };
const { sessionToken: _, ...withoutToken } = deployer;

const over: { answer?: RequestListener | undefined; asked: string[] } = { asked: [] };
let sts: LoopbackServer;
let elsewhere: LoopbackServer;
let verifier: TokenVerifier;

beforeAll(async () => {
  sts = await startSts(identities, () => NOW * 1000, over);
  elsewhere = await startSts(identities, () => NOW * 1000, over);
});
afterAll(async () => {
  await sts.stop();
  await elsewhere.stop();
});
beforeEach(() => {
  over.answer = undefined;
  over.asked = [];
  const awsCallers = AwsCallers.parse({
    endpoints: [sts.url],
    principals: [
      { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deployer/*`, principal: 'deploy-bot' },
      { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deployer/shared`, principal: 'other-bot' },
    ],
  });
  verifier = stsTokenVerifier({ awsCallers }, SERVER);
});

const signed = (changes: CallerRequestChanges = {}, at = NOW) =>
  callerRequest(sts.url, SERVER, deployer, at * 1000, changes);
const verify = (token: string) => verifier.verify(token, NOW);

describe('a signed GetCallerIdentity request', () => {
  test('proves the principal that its ARN is of, for an hour', async () => {
    expect(await verify(await signed({}, NOW - 10))).toEqual({
      principalId: 'deploy-bot',
      of: 'machine',
      evidence: {
        channel: 'machine',
        method: 'aws-caller',
        issuer: sts.url,
        amr: [],
        phishingResistant: false,
        posture: role,
        observedAtEpochSeconds: NOW - 10,
        expiresAtEpochSeconds: NOW - 10 + HOUR,
      },
      usedOnce: { value: expect.stringMatching(/^[0-9a-f]{64}$/), untilEpochSeconds: NOW - 10 + 300 },
    });
  });

  test('is known again by its signature, whatever else is sent with it', async () => {
    const once = await verify(await signed());
    const again = await verify(
      await signed({ afterwards: (request) => ({ ...request, url: `${sts.url}/` }) }),
    );
    expect(again?.usedOnce).toEqual(once?.usedOnce);
  });

  test('may be signed with a lasting key', async () => {
    const admin = { accessKeyId: 'AKIAEXAMPLEADMIN', ...identities.AKIAEXAMPLEADMIN };
    const principals = [{ arn: admin.arn, principal: 'admin-bot' }];
    const trusting = stsTokenVerifier({ awsCallers: { endpoints: [sts.url], principals } }, SERVER);
    const token = await callerRequest(sts.url, SERVER, admin, NOW * 1000);
    expect((await trusting.verify(token, NOW))?.principalId).toBe('admin-bot');
  });

  test.for([0, -299, 299])('may be %i seconds from now, by the caller’s clock', async (seconds) => {
    expect(await verify(await signed({}, NOW + seconds))).toBeDefined();
  });
});

const header = (name: string, value: string | undefined): CallerRequestChanges => ({
  headers: { [name]: value },
});
const afterwards = (headers: Record<string, string | undefined>): CallerRequestChanges => ({
  afterwards: (request) => ({ ...request, headers: { ...request.headers, ...headers } }),
});

describe('is refused, and nobody is asked:', () => {
  test.for<[string, CallerRequestChanges, number?]>([
    ['for another server', header('x-sallyport-server', 'https://evil.example')],
    ['for no server', header('x-sallyport-server', undefined)],
    [
      'for a server that is named beside the signature',
      {
        ...header('x-sallyport-server', undefined),
        ...afterwards({ 'x-sallyport-server': SERVER }),
      },
    ],
    ['with a header that nobody signed', afterwards({ accept: 'text/xml' })],
    ['signed five minutes ago', {}, NOW - 300],
    ['signed for in five minutes', {}, NOW + 300],
    ['signed at no time', afterwards({ 'x-amz-date': 'now' })],
    ['of another service', { service: 'iam' }],
    ['of another action', { body: 'Action=GetSessionToken&Version=2011-06-15' }],
    [
      'of another action beside',
      { body: 'Action=GetCallerIdentity&Version=2011-06-15&Action=GetSessionToken' },
    ],
    ['of another method', { method: 'GET' }],
    ['that wants the answer in another form', header('accept', 'application/json')],
    ['that is sent through another header', header('x-forwarded-host', 'evil.example')],
    ['for another host', header('host', 'sts.evil.example')],
    ['with a body of another length', header('content-length', '1')],
    ['with a body of another type', header('content-type', 'application/json')],
    ['without a signature', afterwards({ authorization: '' })],
    [
      'with a signature in capitals, which would be another one',
      {
        afterwards: ({ headers, ...request }) => ({
          ...request,
          headers: {
            ...headers,
            authorization: headers['authorization']?.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase()),
          },
        }),
      },
    ],
    ['with a header of several lines', afterwards({ 'x-amz-security-token': 'a\r\nhost: evil' })],
    ['with more than it takes', { afterwards: (request) => ({ ...request, redirect: 'follow' }) }],
  ])('%s', async ([, changes, at]) => {
    expect(await verify(await signed(changes, at))).toBeUndefined();
    expect(over.asked).toEqual([]);
  });

  test.for<[string, (url: string) => string]>([
    ['another endpoint', () => elsewhere.url],
    ['another path', (url) => `${url}/evil`],
    ['a query', (url) => `${url}/?Action=GetSessionToken`],
    ['a fragment', (url) => `${url}/#x`],
    ['a user', (url) => url.replace('http://', 'http://user@')],
    ['our endpoint as the user of another host', (url) => `${url}@evil.example/`],
    ['the metadata of the machine', () => 'http://169.254.169.254/latest/meta-data'],
    ['a file', () => 'file:///etc/passwd'],
    ['nothing', () => ''],
  ])('sent to %s', async ([, urlOf]) => {
    const token = await signed({ afterwards: (request) => ({ ...request, url: urlOf(sts.url) }) });
    expect(await verify(token)).toBeUndefined();
    expect(over.asked).toEqual([]);
  });

  test.for(['', 'e30', 'bnVsbA', '{}', '!', 'W10'])('%j', async (token) => {
    expect(await verify(token)).toBeUndefined();
  });

  test('more than 8 KiB', async () => {
    const token = await callerRequest(
      sts.url,
      SERVER,
      { ...deployer, sessionToken: 'x'.repeat(8192) },
      NOW * 1000,
    );
    expect(await verify(token)).toBeUndefined();
    expect(over.asked).toEqual([]);
  });

  test('anything, where the deployment trusts no AWS callers', async () => {
    expect(await stsTokenVerifier({}, SERVER).verify(await signed(), NOW)).toBeUndefined();
  });
});

describe('is refused by what STS says:', () => {
  test.for<[string, object]>([
    ['signed with another secret', { ...deployer, secretAccessKey: 'guess' }],
    ['signed with a key that nobody has', { ...deployer, accessKeyId: 'ASIANOBODY' }],
    ['signed with another session’s token', { ...deployer, sessionToken: 'another' }],
    ['signed without its session’s token', withoutToken],
    ['of somebody whom no rule names', { accessKeyId: 'AKIAEXAMPLEADMIN', ...identities.AKIAEXAMPLEADMIN }],
  ])('%s', async ([, signer]) => {
    const token = await callerRequest(sts.url, SERVER, signer as typeof deployer, NOW * 1000);
    expect(await verify(token)).toBeUndefined();
    expect(over.asked).toEqual(['/']);
  });

  const answering =
    (status: number, body: string, headers = {}): RequestListener =>
    (_request, response) => {
      response.writeHead(status, { 'content-type': 'text/xml', ...headers }).end(body);
    };
  const arnOf = (arn: string, account = ACCOUNT) => identityAnswer({ arn, account });

  test.for<[string, string]>([
    ['a role whose name begins alike', arnOf(`arn:aws:sts::${ACCOUNT}:assumed-role/deployer-evil/i-0abc`)],
    ['the same role of another account', arnOf(role.arn.replace(ACCOUNT, '999988887777'), '999988887777')],
    ['a session of two principals', arnOf(`arn:aws:sts::${ACCOUNT}:assumed-role/deployer/shared`)],
    ['a session below a session', arnOf(`arn:aws:sts::${ACCOUNT}:assumed-role/deployer/a/b`)],
  ])('%s', async ([, body]) => {
    over.answer = answering(200, body);
    expect(await verify(await signed())).toBeUndefined();
  });

  test.for<[string, RequestListener]>([
    ['that an account vouches for another', answering(200, arnOf(role.arn, '999988887777'))],
    ['two identities', answering(200, identityAnswer(role).repeat(2))],
    [
      'a member twice',
      answering(200, identityAnswer(role).replace('<UserId>', '<Account>1</Account><UserId>')),
    ],
    [
      'the answer to another action',
      answering(200, identityAnswer(role).replaceAll('GetCallerIdentity', 'AssumeRole')),
    ],
    ['an identity in a comment', answering(200, identityAnswer(role).replace('<Arn>', '<!-- x --><Arn>'))],
    ['nothing', answering(200, '')],
    ['JSON', answering(200, JSON.stringify({ GetCallerIdentityResponse: role }), {})],
    ['that it fails', answering(500, '')],
    ['that it is asked too often', answering(429, '')],
    ['so in its own way', answering(400, '<Error><Code>Throttling</Code></Error>')],
    [
      'to ask elsewhere, where nobody asks',
      (_request, response) => {
        response.writeHead(307, { location: `${elsewhere.url}/evil` }).end();
      },
    ],
    ['nothing at all', (request) => request.destroy()],
  ])('STS is not available where it answers %s', async ([, answer]) => {
    over.answer = answer;
    await expect(verify(await signed())).rejects.toThrow(DependencyUnavailable);
    expect(over.asked).toEqual(['/']);
  });

  test('STS is not available where it takes longer than anybody waits', { timeout: 10_000 }, async () => {
    over.answer = () => {};
    await expect(verify(await signed())).rejects.toThrow(DependencyUnavailable);
  });
});

describe('AWS callers are not trusted', () => {
  const trusted = {
    endpoints: ['https://sts.eu-north-1.amazonaws.com'],
    principals: [{ arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deployer/*`, principal: 'deploy-bot' }],
  };

  test('but by an endpoint of STS and ARNs of an account', () => {
    expect(AwsCallers.safeParse(trusted).success).toBe(true);
  });

  test.for<[string, object]>([
    ['by an endpoint of another service', { endpoints: ['https://iam.amazonaws.com'] }],
    ['by a host that ends alike', { endpoints: ['https://sts.eu-north-1.amazonaws.com.evil.example'] }],
    ['by a host with a path', { endpoints: ['https://sts.eu-north-1.amazonaws.com/x'] }],
    ['by a host in the clear', { endpoints: ['http://sts.eu-north-1.amazonaws.com'] }],
    ['by any account', { principals: [{ arn: 'arn:aws:sts::*:assumed-role/deployer/*', principal: 'x' }] }],
    ['by any role', { principals: [{ arn: `arn:aws:sts::${ACCOUNT}:*`, principal: 'x' }] }],
    [
      'by any session of any role',
      { principals: [{ arn: `arn:aws:sts::${ACCOUNT}:assumed-role/*/session`, principal: 'x' }] },
    ],
  ])('%s', ([, changes]) => {
    expect(AwsCallers.safeParse({ ...trusted, ...changes }).success).toBe(false);
  });
});
