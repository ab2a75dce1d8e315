import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { SignatureV4, type SignatureV4Init } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import {
  type SignedRequest,
  type SigningCredentials,
  type VerificationOptions,
  verifySignature,
} from '../../../local/aws/signature.ts';

const MINUTE_MILLISECONDS = 60_000;
const keys = new Map<string, SigningCredentials>([
  ['AKIALASTING', { secretAccessKey: 'lasting' }],
  ['ASIAPASSING', { secretAccessKey: 'passing', sessionToken: 'session' }],
  ['AKIDEXAMPLE', { secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }],
]);

const verify = (request: SignedRequest, options: Partial<VerificationOptions> = {}) =>
  verifySignature(request, {
    credentialsOf: (accessKeyId) => keys.get(accessKeyId),
    region: 'us-east-1',
    service: 'kms',
    nowEpochMilliseconds: Date.now(),
    ...options,
  });

/** What the SDK's client hands to its request handler. */
interface HttpRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** A request as the SDK's client signs it. */
async function signedBySdk(accessKeyId = 'AKIALASTING', secrets = keys): Promise<SignedRequest> {
  const { promise, resolve } = Promise.withResolvers<SignedRequest>();
  const client = new KMSClient({
    endpoint: 'http://127.0.0.1:4566',
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey: '', ...secrets.get(accessKeyId) } as never,
    maxAttempts: 1,
    requestHandler: {
      handle: async ({ method, path, headers, body }: HttpRequest) => {
        resolve({ method, target: path, headers, body });
        throw new Error('kept to look at');
      },
    },
  });
  const command = new SignCommand({
    KeyId: 'alias/signing',
    Message: Buffer.from('a message'),
    SigningAlgorithm: 'ECDSA_SHA_256',
  });
  await client.send(command).catch(() => {});
  return promise;
}

/** A request that the signer signs in a way of its own: for another place, or with other headers. */
async function signedBySigner(
  init: Partial<SignatureV4Init>,
  options: { unsignableHeaders?: Set<string>; signableHeaders?: Set<string> } = {},
): Promise<SignedRequest> {
  const { sha256 } = new KMSClient({ region: 'us-east-1' }).config;
  const credentials = { accessKeyId: 'AKIALASTING', secretAccessKey: 'lasting' };
  const signer = new SignatureV4({ region: 'us-east-1', service: 'kms', credentials, sha256, ...init });
  const body = '{}';
  const { method, path, headers } = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: '/',
      headers: { host: '127.0.0.1', 'user-agent': 'test', 'x-amz-target': 'TrentService.ListKeys' },
      body,
    },
    options,
  );
  return { method, target: path, headers, body: Buffer.from(body) };
}

/** The request with other headers; undefined takes one away. */
function withHeaders(request: SignedRequest, headers: SignedRequest['headers']): SignedRequest {
  return { ...request, headers: { ...request.headers, ...headers } };
}

/** The request with another `Authorization`. */
function authorized(request: SignedRequest, change: (authorization: string) => string): SignedRequest {
  return withHeaders(request, { authorization: change(String(request.headers.authorization)) });
}

/** `get-vanilla` and `get-vanilla-query-order-key-case` of AWS's test suite for Signature Version 4. */
const published = (target: string, signature: string): SignedRequest => ({
  method: 'GET',
  target,
  headers: {
    host: 'example.amazonaws.com',
    'x-amz-date': '20150830T123600Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
      `SignedHeaders=host;x-amz-date, Signature=${signature}`,
  },
  body: Buffer.of(),
});

describe('verifySignature', () => {
  it.each(['AKIALASTING', 'ASIAPASSING'])('takes what the SDK signs with %s', async (accessKeyId) => {
    await verify(await signedBySdk(accessKeyId));
  });

  it.each([
    ['/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['/?Param2=value2&Param1=value1', 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500'],
  ])('takes the signature that AWS has published for %s', async (target, signature) => {
    const options = { service: 'service', nowEpochMilliseconds: Date.UTC(2015, 7, 30, 12, 36) };
    await verify(published(target, signature), options);
    for (const other of ['/other', '/?Param1=value1', `${target}${target.includes('?') ? '&' : '?'}a=b`])
      await expect(verify(published(other, signature), options)).rejects.toMatchObject({
        code: 'InvalidSignatureException',
      });
  });

  const headers = [
    'host',
    'content-type',
    'content-length',
    'x-amz-target',
    'x-amz-content-sha256',
    'x-amz-user-agent',
  ] as const;

  it.each<[string, (request: SignedRequest) => SignedRequest]>([
    ['another method', (request) => ({ ...request, method: 'PUT' })],
    ['another path', (request) => ({ ...request, target: '/other' })],
    ['a query', (request) => ({ ...request, target: '/?Action=Sign' })],
    ['another body', (request) => ({ ...request, body: Buffer.from('{}') })],
    ['no body', (request) => ({ ...request, body: Buffer.of() })],
    ...headers.map((name): [string, (request: SignedRequest) => SignedRequest] => [
      `another ${name}`,
      (request) => withHeaders(request, { [name]: `${request.headers[name]}1` }),
    ]),
    ...headers.map((name): [string, (request: SignedRequest) => SignedRequest] => [
      `no ${name}`,
      (request) => withHeaders(request, { [name]: undefined }),
    ]),
    [
      'another second',
      (request) =>
        withHeaders(request, {
          'x-amz-date': String(request.headers['x-amz-date']).replace(
            /(\d)Z$/,
            (_, second) => `${(Number(second) + 1) % 10}Z`,
          ),
        }),
    ],
    [
      'another day in the scope',
      (request) => authorized(request, (text) => text.replace(/\/\d{8}\//, '/20200101/')),
    ],
    ['another region', (request) => authorized(request, (text) => text.replace('us-east-1', 'eu-west-1'))],
    ['another service', (request) => authorized(request, (text) => text.replace('/kms/', '/states/'))],
    [
      'another signature',
      (request) => authorized(request, (text) => text.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))),
    ],
    ['a shorter signature', (request) => authorized(request, (text) => text.slice(0, -1))],
    ['the host unsigned', (request) => authorized(request, (text) => text.replace('host;', ''))],
    ['the date unsigned', (request) => authorized(request, (text) => text.replace('x-amz-date;', ''))],
    ['the operation unsigned', (request) => authorized(request, (text) => text.replace(';x-amz-target', ''))],
    ['a further X-Amz header', (request) => withHeaders(request, { 'x-amz-more': '1' })],
    [
      'another known key',
      (request) => authorized(request, (text) => text.replace('AKIALASTING', 'AKIDEXAMPLE')),
    ],
  ])('refuses a request with %s', async (_, tamper) => {
    await expect(verify(tamper(await signedBySdk()))).rejects.toMatchObject({
      code: 'InvalidSignatureException',
      statusCode: 400,
    });
  });

  it('misses a header that is signed', async () => {
    const request = withHeaders(await signedBySdk(), { 'content-type': undefined });
    await expect(verify(request)).rejects.toMatchObject({
      message: "The signed header 'content-type' is not in the request.",
    });
  });

  it.each<[string, string, Promise<SignedRequest>]>([
    ['for another region', "not 'eu-west-1'", signedBySigner({ region: 'eu-west-1' })],
    ['for another service', "correct service: 'kms'", signedBySigner({ service: 'states' })],
    ['without its host', "'host' must be", signedBySigner({}, { unsignableHeaders: new Set(['host']) })],
    [
      'without its operation',
      "'x-amz-target' must be",
      signedBySigner({}, { unsignableHeaders: new Set(['x-amz-target']) }),
    ],
  ])('refuses a request that is well signed, but %s', async (_, message, request) => {
    await expect(verify(await request)).rejects.toMatchObject({
      code: 'InvalidSignatureException',
      message: expect.stringContaining(message),
    });
  });

  it('holds the body to the signature where no header tells its digest', async () => {
    const request = await signedBySigner({ applyChecksum: false });
    await verify(request);
    await expect(verify({ ...request, body: Buffer.from('{"Limit":1}') })).rejects.toMatchObject({
      code: 'InvalidSignatureException',
    });
  });

  it('holds to the signature whichever headers it says are signed', async () => {
    const signableHeaders = new Set([
      'host',
      'user-agent',
      'x-amz-date',
      'x-amz-target',
      'x-amz-content-sha256',
    ]);
    const request = await signedBySigner({}, { signableHeaders });
    await verify(request);
    await expect(verify(withHeaders(request, { 'user-agent': 'other' }))).rejects.toMatchObject({
      code: 'InvalidSignatureException',
    });
  });

  it('refuses another secret', async () => {
    const guessed = new Map([['AKIALASTING', { secretAccessKey: 'guessed' }]]);
    await expect(verify(await signedBySdk('AKIALASTING', guessed))).rejects.toMatchObject({
      code: 'InvalidSignatureException',
    });
  });

  it.each<[string, string, Map<string, SigningCredentials>]>([
    ['a key that nobody has', 'AKIANOBODY', new Map([['AKIANOBODY', { secretAccessKey: 'a' }]])],
    [
      'temporary credentials without their token',
      'ASIAPASSING',
      new Map([['ASIAPASSING', { secretAccessKey: 'passing' }]]),
    ],
    [
      'another session token',
      'ASIAPASSING',
      new Map([['ASIAPASSING', { secretAccessKey: 'passing', sessionToken: 'other' }]]),
    ],
    [
      'a session token that was never given',
      'AKIALASTING',
      new Map([['AKIALASTING', { secretAccessKey: 'lasting', sessionToken: 'any' }]]),
    ],
  ])('does not recognise %s', async (_, accessKeyId, secrets) => {
    await expect(verify(await signedBySdk(accessKeyId, secrets))).rejects.toMatchObject({
      code: 'UnrecognizedClientException',
    });
  });

  it('refuses a session token that is not under the signature', async () => {
    const request = await signedBySdk(
      'ASIAPASSING',
      new Map([['ASIAPASSING', { secretAccessKey: 'passing' }]]),
    );
    const smuggled = withHeaders(request, { 'x-amz-security-token': 'session' });
    await expect(verify(smuggled)).rejects.toMatchObject({ code: 'InvalidSignatureException' });
  });

  it('takes a signature for five minutes, before and after its time', async () => {
    const request = await signedBySdk();
    const signedAt = Math.floor(Date.now() / 1000) * 1000;
    // A second's grace: the request was signed just before.
    for (const minutes of [-5, 5])
      await verify(request, {
        nowEpochMilliseconds: signedAt + minutes * MINUTE_MILLISECONDS - Math.sign(minutes) * 1000,
      });
    await expect(
      verify(request, { nowEpochMilliseconds: signedAt + 5 * MINUTE_MILLISECONDS + 1000 }),
    ).rejects.toMatchObject({
      code: 'InvalidSignatureException',
      message: expect.stringMatching(/^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z /),
    });
    await expect(
      verify(request, { nowEpochMilliseconds: signedAt - 5 * MINUTE_MILLISECONDS - 2000 }),
    ).rejects.toMatchObject({
      code: 'InvalidSignatureException',
      message: expect.stringMatching(/^Signature not yet current: /),
    });
  });

  it('refuses a request without a signature', async () => {
    const request = withHeaders(await signedBySdk(), { authorization: undefined });
    await expect(verify(request)).rejects.toMatchObject({ code: 'MissingAuthenticationTokenException' });
  });

  it.each<[string, (request: SignedRequest) => SignedRequest]>([
    ['of another kind', (request) => authorized(request, () => 'Bearer token')],
    [
      'without a credential',
      (request) => authorized(request, (text) => text.replace(/Credential=[^,]+, /, '')),
    ],
    [
      'without its headers',
      (request) => authorized(request, (text) => text.replace(/SignedHeaders=[^,]+, /, '')),
    ],
    [
      'without the signature itself',
      (request) => authorized(request, (text) => text.replace(/, Signature=.*/, '')),
    ],
    ['with half a scope', (request) => authorized(request, (text) => text.replace('/kms/aws4_request', ''))],
    [
      'with too long a scope',
      (request) => authorized(request, (text) => text.replace('aws4_request', 'aws4_request/more')),
    ],
    ['without a date', (request) => withHeaders(request, { 'x-amz-date': undefined })],
    ['with a date that is none', (request) => withHeaders(request, { 'x-amz-date': '20269999T000000Z' })],
  ])('calls an authorization incomplete %s', async (_, change) => {
    await expect(verify(change(await signedBySdk()))).rejects.toMatchObject({
      code: 'IncompleteSignatureException',
    });
  });
});
