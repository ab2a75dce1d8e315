import { text } from 'node:stream/consumers';
import {
  base64url,
  type CryptoKey,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { serveOnLoopback } from '../../../demo/loopback-server.ts';
import { TICKETING_AUDIENCE } from '../../../demo/ticketing-api.ts';

/** As much of Sallyport as a resource server sees: keys, tokens, introspection, a token for itself. */
export async function startStandInSallyport() {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'grants', alg: 'ES256', use: 'sig' };
  const inactive = new Set<string>();
  const refused = new Set<string>();
  const introspectedBy: string[] = [];
  const exchangedSubjects: unknown[] = [];

  const { url, stop } = await serveOnLoopback(0, () => async (request, response) => {
    if (request.url === '/.well-known/jwks.json') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }));
      return;
    }
    const form = new URLSearchParams(await text(request));
    if (request.url === '/oauth2/token') {
      const { sub = '' } = decodeJwt(form.get('subject_token') ?? '');
      exchangedSubjects.push(sub);
      const answer = { access_token: await mint({ sub, aud: url }), token_type: 'Bearer' };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      return;
    }
    const caller = request.headers.authorization?.slice('Bearer '.length) ?? '';
    introspectedBy.push(caller);
    if (refused.has(caller)) {
      response.writeHead(401).end();
      return;
    }
    const answer = { active: !inactive.has(form.get('token') ?? '') };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });

  /** A grant's access token: reading and commenting in OPS, for ten minutes, unless said otherwise. */
  const mint = (
    claims: JWTPayload = {},
    { header = {}, key = privateKey }: { header?: Partial<JWTHeaderParameters>; key?: CryptoKey } = {},
  ): Promise<string> =>
    new SignJWT(grantClaims(url, claims))
      .setProtectedHeader({ alg: 'ES256', kid: 'grants', typ: 'at+jwt', ...header })
      .sign(key);

  return {
    url,
    stop,
    introspectedBy,
    exchangedSubjects,
    deactivate: (token: string) => inactive.add(token),
    refuseCaller: (token: string) => refused.add(token),
    mint,
    /** The same with `alg: none`, which no library signs. */
    mintUnsigned: (): string => {
      const parts = [{ alg: 'none', typ: 'at+jwt' }, grantClaims(url)];
      return `${parts.map((part) => base64url.encode(JSON.stringify(part))).join('.')}.`;
    },
  };
}

function grantClaims(issuer: string, claims: JWTPayload = {}): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer,
    aud: TICKETING_AUDIENCE,
    sub: 'engineer',
    client_id: 'sallyport-web',
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 600,
    scope: 'tickets:read tickets:comment',
    authorization_details: [
      {
        type: 'sallyport-grant',
        identifier: 'ticketing-ops',
        actions: ['tickets:read', 'tickets:comment'],
        grant_id: 'grant-1',
      },
    ],
    ...claims,
  };
}
