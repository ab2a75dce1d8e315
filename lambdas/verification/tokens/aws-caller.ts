import * as z from 'zod';

/** The header that binds a signed request to the one server that it was made for. */
export const SERVER_HEADER = 'x-sallyport-server';
/** STS itself takes a request for 15 minutes. */
const MOST_AGE_SECONDS = 5 * 60;
const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';

/**
 * A request as the caller signed it (AWS Signature Version 4), in base64url. Each header by its name in lower
 * case, and no others than those that are signed, `authorization` aside.
 */
const ShownRequest = z.strictObject({
  method: z.literal('POST'),
  url: z.url(),
  headers: z.strictObject({
    authorization: z.string(),
    host: z.string(),
    'content-type': z.string().regex(/^application\/x-www-form-urlencoded(; charset=utf-8)?$/),
    'content-length': z.literal(String(BODY.length)).optional(),
    'x-amz-date': z.string(),
    'x-amz-security-token': z
      .string()
      .regex(/^[\x21-\x7e]+$/)
      .optional(),
    'x-amz-content-sha256': z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    [SERVER_HEADER]: z.string(),
  }),
  body: z.literal(BODY),
});

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=[A-Za-z0-9]{4,128}\/\d{8}\/[a-z0-9-]+\/sts\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/** A signed GetCallerIdentity request that may be forwarded to STS. */
export interface CallerRequest {
  /** One of the configured endpoints. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** By which it is known again: another one takes the caller's key. */
  readonly signature: string;
  readonly signedAtEpochSeconds: number;
  /** From then on it is refused for its age. */
  readonly expiresAtEpochSeconds: number;
}

interface Expectations {
  readonly endpoints: readonly string[];
  /** Our own issuer. */
  readonly server: string;
  readonly nowEpochSeconds: number;
}

/**
 * Reads a signed request, and lets through only what asks STS for the caller's identity, for us, now. Whether the
 * signature is good, STS alone can tell.
 * @returns undefined for anything else
 */
export function readCallerRequest(
  shown: string,
  { endpoints, server, nowEpochSeconds: now }: Expectations,
): CallerRequest | undefined {
  const read = ShownRequest.safeParse(parseJson(shown));
  if (!read.success) return undefined;
  const { url, headers, body } = read.data;
  // Equal as text: no part of what was sent decides where it goes.
  const endpoint = endpoints.find((one) => url === one || url === `${one}/`);
  if (endpoint === undefined || headers.host !== new URL(endpoint).host) return undefined;
  const { authorization, ...toBeSigned } = headers;
  const [, signedHeaders = '', signature] = AUTHORIZATION.exec(authorization) ?? [];
  if (signature === undefined || signedHeaders !== Object.keys(toBeSigned).sort().join(';')) return undefined;
  if (headers[SERVER_HEADER] !== server) return undefined;
  const signedAt = epochSecondsOf(headers['x-amz-date']);
  if (signedAt === undefined || Math.abs(now - signedAt) >= MOST_AGE_SECONDS) return undefined;
  return {
    endpoint,
    headers: headers as Record<string, string>,
    body,
    signature,
    signedAtEpochSeconds: signedAt,
    expiresAtEpochSeconds: signedAt + MOST_AGE_SECONDS,
  };
}

function parseJson(base64url: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64url, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** ISO 8601 in its basic form: `20260105T090000Z`. */
function epochSecondsOf(amzDate: string): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate) ?? [];
  const milliseconds = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

/** Who signed a request, as STS says. */
export interface CallerIdentity {
  readonly account: string;
  readonly arn: string;
}

const ANSWER =
  /^(?:<\?xml version="1\.0"(?: encoding="UTF-8")?\?>)?\s*<GetCallerIdentityResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/">\s*<GetCallerIdentityResult>(.*?)<\/GetCallerIdentityResult>\s*<ResponseMetadata>\s*<RequestId>[\w-]+<\/RequestId>\s*<\/ResponseMetadata>\s*<\/GetCallerIdentityResponse>\s*$/s;

/**
 * Reads what STS answered, strictly: it is that of GetCallerIdentity, and says each thing once.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export function readCallerIdentity(answer: string): CallerIdentity | undefined {
  const result = ANSWER.exec(answer)?.[1] ?? '';
  const members = [...result.matchAll(/\s*<(\w+)>([^<>&]*)<\/\1>\s*/gy)];
  if (members.map(([whole]) => whole).join('') !== result || members.length !== 3) return undefined;
  const {
    Account: account,
    Arn: arn,
    UserId,
  } = Object.fromEntries(members.map(([, name = '', value = '']) => [name, value]));
  if (account === undefined || arn === undefined || UserId === undefined) return undefined;
  // An identity of one account that names another would be taken for that one's.
  return /^arn:aws(?:-[a-z]+)*:(?:iam|sts)::(\d{12}):/.exec(arn)?.[1] === account
    ? { account, arn }
    : undefined;
}

/** Whether an ARN is one of those that a pattern stands for; see `AwsCallers`. */
export function arnMatches(pattern: string, arn: string): boolean {
  if (!pattern.endsWith('*')) return arn === pattern;
  const start = pattern.slice(0, -1);
  return arn.startsWith(start) && !arn.slice(start.length).includes('/');
}
