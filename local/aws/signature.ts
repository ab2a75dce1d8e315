import { type BinaryLike, createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { AwsError } from './service.ts';

/** A request as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** The path, and the query where there is one, as the request line has them. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** What belongs to an access key id. */
export interface SigningCredentials {
  readonly secretAccessKey: string;
  /** Of temporary credentials: comes with each request, signed. */
  readonly sessionToken?: string | undefined;
}

export interface VerificationOptions {
  readonly credentialsOf: (accessKeyId: string) => SigningCredentials | undefined;
  readonly region: string;
  /** The name that the called service's requests are signed for. */
  readonly service: string;
  readonly nowEpochMilliseconds: number;
}

/** The caller has not proved who it is. The code is the one of AWS JSON. */
export class SignatureError extends AwsError {}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MOST_SKEW_MILLISECONDS = 5 * 60_000;

/**
 * Verifies the Signature Version 4 in a request's `Authorization` header: signs the request anew with the secret
 * of the access key that it names, and compares
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 * Presigned URLs are not known. Answers with the caller's access key id; throws `SignatureError`.
 */
export async function verifySignature(request: SignedRequest, options: VerificationOptions): Promise<string> {
  const { headers } = request;
  const { credential, signedHeaders, signature } = readAuthorization(headers.authorization);
  const { accessKeyId, date, region, service } = readCredential(credential);

  const credentials = options.credentialsOf(accessKeyId);
  if (credentials === undefined || headers['x-amz-security-token'] !== credentials.sessionToken)
    throw new SignatureError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    );

  requireSigned(headers, signedHeaders);
  const longDate = String(headers['x-amz-date']);
  const signingDate = readDate(longDate);
  if (date !== longDate.slice(0, 8))
    throw invalid(`Date in Credential scope does not match that of X-Amz-Date: '${date}' != '${longDate}'.`);
  if (region !== options.region)
    throw invalid(`Credential should be scoped to a valid region, not '${region}'.`);
  if (service !== options.service)
    throw invalid(`Credential should be scoped to correct service: '${options.service}'.`);
  requireCurrent(signingDate, options.nowEpochMilliseconds);

  // The signer takes the header's word for the body.
  const bodyDigest = headers['x-amz-content-sha256'];
  if (bodyDigest !== undefined && bodyDigest !== digestOf(request.body).toString('hex'))
    throw invalid("'X-Amz-Content-Sha256' is not the digest of the body.");

  const expected = await sign(
    request,
    { accessKeyId, secretAccessKey: credentials.secretAccessKey },
    signedHeaders,
    {
      region,
      service,
      signingDate,
    },
  );
  // Of their digests, which are of one length.
  if (!timingSafeEqual(digestOf(signature), digestOf(expected)))
    throw invalid('The request signature we calculated does not match the signature you provided.');
  return accessKeyId;
}

/** Who signed a request, and for which service, as far as it can be believed unverified. */
export function claimedScope({ authorization }: IncomingHttpHeaders): {
  accessKeyId?: string;
  service?: string;
} {
  const [accessKeyId, , , service] = /Credential=([^,]*)/.exec(authorization ?? '')?.[1]?.split('/') ?? [];
  return { ...(accessKeyId && { accessKeyId }), ...(service && { service }) };
}

/** `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…` */
function readAuthorization(authorization: string | undefined) {
  if (authorization === undefined)
    throw new SignatureError(
      'MissingAuthenticationTokenException',
      'The request has no Authorization header: it must be signed.',
    );
  const [, algorithm, rest = ''] = /^(\S+)\s*(.*)$/.exec(authorization) ?? [];
  if (algorithm !== ALGORITHM) throw incomplete(`The signing algorithm must be ${ALGORITHM}.`);
  const parameters = new Map(
    rest.split(',').map((parameter) => {
      const [name = '', value = ''] = parameter.trim().split('=', 2);
      return [name, value];
    }),
  );
  const required = (name: string): string => {
    const value = parameters.get(name);
    if (value) return value;
    throw incomplete(`Authorization header requires '${name}' parameter.`);
  };
  return {
    credential: required('Credential'),
    signedHeaders: required('SignedHeaders').split(';'),
    signature: required('Signature'),
  };
}

/** `<access key id>/<yyyymmdd>/<region>/<service>/aws4_request` */
function readCredential(credential: string) {
  const [accessKeyId, date, region, service, terminator, ...rest] = credential.split('/');
  if (!accessKeyId || !date || !region || !service || terminator !== 'aws4_request' || rest.length > 0)
    throw incomplete('Credential must be an access key id with its scope: date/region/service/aws4_request.');
  return { accessKeyId, date, region, service };
}

/** What decides where a request goes and what it does must be under the signature. */
function requireSigned(headers: IncomingHttpHeaders, signedHeaders: readonly string[]): void {
  if (headers['x-amz-date'] === undefined) throw incomplete("The request has no 'X-Amz-Date' header.");
  for (const name of ['host', ...Object.keys(headers).filter((header) => header.startsWith('x-amz-'))])
    if (!signedHeaders.includes(name)) throw invalid(`The header '${name}' must be a signed header.`);
  for (const name of signedHeaders)
    if (headers[name] === undefined) throw invalid(`The signed header '${name}' is not in the request.`);
}

function readDate(longDate: string): Date {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(longDate) ?? [];
  const [year, month, day, hour, minute, second] = parts;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(date.getTime())) throw incomplete(`X-Amz-Date is not a date: '${longDate}'.`);
  return date;
}

function requireCurrent(signingDate: Date, now: number): void {
  const signedAt = signingDate.getTime();
  const [earliest, latest] = [now - MOST_SKEW_MILLISECONDS, now + MOST_SKEW_MILLISECONDS];
  const at = longDateOf;
  if (signedAt < earliest)
    throw invalid(
      `Signature expired: ${at(signedAt)} is now earlier than ${at(earliest)} (${at(now)} - 5 min.)`,
    );
  if (signedAt > latest)
    throw invalid(
      `Signature not yet current: ${at(signedAt)} is still later than ${at(latest)} (${at(now)} + 5 min.)`,
    );
}

function longDateOf(epochMilliseconds: number): string {
  return new Date(epochMilliseconds).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** The signature that the request should have. */
async function sign(
  { method, target, headers, body }: SignedRequest,
  credentials: { accessKeyId: string; secretAccessKey: string },
  signedHeaders: readonly string[],
  scope: { region: string; service: string; signingDate: Date },
): Promise<string> {
  const [path = '/', search = ''] = target.split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  const signer = new SignatureV4({
    ...scope,
    credentials,
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: '',
      path,
      query: Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name)])),
      headers: Object.fromEntries(signedHeaders.map((name) => [name, String(headers[name])])),
      body,
    },
    { signingDate: scope.signingDate, signableHeaders: new Set(signedHeaders) },
  );
  return readAuthorization(signed.headers['authorization']).signature;
}

/** node:crypto as the signer takes it. */
class Sha256 {
  readonly #hash;

  constructor(secret?: unknown) {
    // The signer's own types say more than it gives.
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as BinaryLike);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function digestOf(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

function invalid(message: string): SignatureError {
  return new SignatureError('InvalidSignatureException', message);
}

function incomplete(message: string): SignatureError {
  return new SignatureError('IncompleteSignatureException', message);
}
