import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LoopbackServer, serveOnLoopback } from './loopback-server.ts';

/** One API key, or one secret of the OAuth client. */
interface IssuedSecret {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  /** One that the vendor has made and does not accept: its own mistake. */
  readonly works: boolean;
}

/** A vendor that ships parcels: its customers call it with API keys, or as an OAuth client. */
export interface VendorApi extends LoopbackServer {
  /** What the account's administrator makes and deletes keys with. */
  readonly administratorToken: string;
  /** The client's id. */
  readonly clientId: string;
  /** How many keys and client secrets there are. */
  counts(): { readonly keys: number; readonly clientSecrets: number };
  /** From now on the vendor makes keys that do not work, until it is put right. */
  makeUselessKeys(): () => void;
  /** From now on it answers 503, until it is back. */
  goDown(): () => void;
}

const CLIENT_ID = 'acme-shop';
const MOST_SECRETS = 10;

/** Starts the vendor. What it knows is gone when it stops. */
export async function startVendorApi({ port = 8096 }: { readonly port?: number } = {}): Promise<VendorApi> {
  const administratorToken = randomBytes(24).toString('base64url');
  const issued = { keys: [] as IssuedSecret[], clientSecrets: [] as IssuedSecret[] };
  let makesUseless = 0;
  const outages = new Set<object>();

  const mayAdminister = (request: IncomingMessage) =>
    request.headers.authorization === `Bearer ${administratorToken}`;

  /** The collection at `/keys` or `/clients/<id>/secrets`: list, make, delete. */
  async function administer(
    collection: 'keys' | 'clientSecrets',
    id: string | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!mayAdminister(request)) return answer(response, 401, { error: 'unauthorized' });
    const secrets = issued[collection];
    if (request.method === 'GET' && id === undefined)
      return answer(response, 200, { secrets: secrets.map(({ id, name }) => ({ id, name })) });
    if (request.method === 'POST' && id === undefined) {
      if (secrets.length >= MOST_SECRETS) return answer(response, 409, { error: 'too_many_secrets' });
      const { name } = JSON.parse(await bodyOf(request)) as { name: string };
      const made = {
        id: randomUUID(),
        name,
        secret: randomBytes(24).toString('base64url'),
        works: makesUseless === 0,
      };
      secrets.push(made);
      return answer(response, 201, { id: made.id, name, secret: made.secret });
    }
    if (request.method === 'DELETE' && id !== undefined) {
      const index = secrets.findIndex((secret) => secret.id === id);
      if (index < 0) return answer(response, 404, { error: 'not_found' });
      secrets.splice(index, 1);
      return answer(response, 204);
    }
    return answer(response, 405, { error: 'method_not_allowed' });
  }

  function ship(request: IncomingMessage, response: ServerResponse): void {
    const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const isKnown = issued.keys.some(({ secret, works }) => works && secret === key);
    if (isKnown) answer(response, 200, { parcels: [{ id: 'parcel-1', to: 'Gothenburg' }] });
    else answer(response, 401, { error: 'unauthorized' });
  }

  /** RFC 6749 §4.4, §2.3.1. */
  async function giveToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await bodyOf(request));
    const [id, secret] = atob((request.headers.authorization ?? '').replace(/^Basic /, ''))
      .split(':')
      .map(decodeURIComponent);
    const isKnown = issued.clientSecrets.some((one) => one.works && one.secret === secret);
    if (id !== CLIENT_ID || !isKnown) return answer(response, 401, { error: 'invalid_client' });
    if (form.get('grant_type') !== 'client_credentials')
      return answer(response, 400, { error: 'unsupported_grant_type' });
    answer(response, 200, { access_token: randomUUID(), token_type: 'Bearer', expires_in: 60 });
  }

  const server = await serveOnLoopback(port, () => async (request, response) => {
    if (outages.size > 0) return answer(response, 503, { error: 'unavailable' });
    const [, resource, first, second, third] = (request.url ?? '').split('/');
    if (resource === 'keys') return administer('keys', first, request, response);
    if (resource === 'clients' && first === CLIENT_ID && second === 'secrets')
      return administer('clientSecrets', third, request, response);
    if (resource === 'parcels' && request.method === 'GET') return ship(request, response);
    if (resource === 'token' && request.method === 'POST') return giveToken(request, response);
    return answer(response, 404, { error: 'not_found' });
  });
  return {
    ...server,
    administratorToken,
    clientId: CLIENT_ID,
    counts: () => ({ keys: issued.keys.length, clientSecrets: issued.clientSecrets.length }),
    makeUselessKeys: () => {
      makesUseless += 1;
      return () => {
        makesUseless -= 1;
      };
    },
    goDown: () => {
      const outage = {};
      outages.add(outage);
      return () => {
        outages.delete(outage);
      };
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

function answer(response: ServerResponse, status: number, body?: object): void {
  response
    .writeHead(status, body === undefined ? {} : { 'content-type': 'application/json' })
    .end(body === undefined ? undefined : JSON.stringify(body));
}
