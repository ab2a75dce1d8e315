import { type BinaryLike, createHash, createHmac } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { SignatureV4 } from '@smithy/signature-v4';
import { type LoopbackServer, serveOnLoopback } from '../../demo/loopback-server.ts';
import { type SigningCredentials, verifySignature } from '../../local/aws/signature.ts';

export const REGION = 'eu-north-1';
const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';

/** Who is behind an access key. */
export interface AwsIdentity extends SigningCredentials {
  readonly arn: string;
  readonly account: string;
}

/** What of the usual request is another; a header of `undefined` is left out. */
export interface CallerRequestChanges {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Of what was signed before, sent after. */
  readonly afterwards?: (request: ShownRequest) => unknown;
  readonly service?: string;
}

interface ShownRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A signed GetCallerIdentity request for a server, as its client shows it. */
export async function callerRequest(
  stsUrl: string,
  server: string,
  signer: { readonly accessKeyId: string } & SigningCredentials,
  epochMilliseconds: number,
  changes: CallerRequestChanges = {},
): Promise<string> {
  const { method = 'POST', body = BODY, headers = {}, service = 'sts', afterwards = (it) => it } = changes;
  const all: Record<string, string | undefined> = {
    host: new URL(stsUrl).host,
    'content-type': 'application/x-www-form-urlencoded',
    'x-sallyport-server': server,
    ...headers,
  };
  const sent = Object.entries(all).filter((header): header is [string, string] => header[1] !== undefined);
  const { sessionToken, ...credentials } = signer;
  const signature = new SignatureV4({
    credentials: { ...credentials, ...(sessionToken && { sessionToken }) },
    region: REGION,
    service,
    sha256: Sha256,
  });
  const signed = await signature.sign(
    {
      method,
      protocol: 'http:',
      hostname: '',
      path: '/',
      query: {},
      headers: Object.fromEntries(sent),
      body,
    },
    { signingDate: new Date(epochMilliseconds) },
  );
  const shown = afterwards({ method, url: stsUrl, headers: signed.headers, body });
  return Buffer.from(JSON.stringify(shown)).toString('base64url');
}

/** Answers GetCallerIdentity to whoever signed it, as STS does; each answer can be changed. */
export async function startSts(
  identities: Readonly<Record<string, AwsIdentity>>,
  nowEpochMilliseconds: () => number,
  over: { answer?: RequestListener | undefined; asked: string[] },
): Promise<LoopbackServer> {
  const serve = async (request: IncomingMessage) => {
    const { method = '', url: target = '', headers } = request;
    const body = await buffer(request);
    const options = { region: REGION, service: 'sts', nowEpochMilliseconds: nowEpochMilliseconds() };
    const credentialsOf = (accessKeyId: string) => identities[accessKeyId];
    const accessKeyId = await verifySignature(
      { method, target, headers, body },
      { ...options, credentialsOf },
    );
    return identities[accessKeyId] as AwsIdentity;
  };
  return serveOnLoopback(0, () => (request, response) => {
    over.asked.push(request.url ?? '');
    if (over.answer !== undefined) return over.answer(request, response);
    serve(request).then(
      (identity) => response.writeHead(200, { 'content-type': 'text/xml' }).end(identityAnswer(identity)),
      (error) =>
        response
          .writeHead(403)
          .end(`<ErrorResponse><Error><Code>${error.code}</Code></Error></ErrorResponse>`),
    );
  });
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function identityAnswer({ arn, account }: Pick<AwsIdentity, 'arn' | 'account'>): string {
  return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>${arn}</Arn>
    <UserId>AROAEXAMPLE:session</UserId>
    <Account>${account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`;
}

/** node:crypto as the signer takes it. */
class Sha256 {
  readonly #hash;

  constructor(secret?: unknown) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as BinaryLike);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}
