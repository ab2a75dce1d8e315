import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { ApiClient } from '../../demo/api-client.ts';
import { demoDeployment } from '../../demo/deployment.ts';
import { demoDirectory } from '../../demo/directory.ts';
import { LeapingClock } from '../../local/clock.ts';
import { type Runtime, type RuntimeOptions, startRuntime } from '../../local/runtime.ts';
import { seedDirectory } from '../../local/seed-directory.ts';
import { ensureAssembly, withDeployment } from '../../local/synthesise.ts';

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
type PublicKey = Awaited<ReturnType<typeof generateKeyPair>>['publicKey'];

/**
 * An issuer that Sallyport trusts and whose key the test holds, so that it can make tokens that no honest
 * provider would.
 */
export interface SelfMadeIssuer {
  readonly url: string;
  readonly privateKey: PrivateKey;
  readonly publicKey: PublicKey;
  /** A token of these claims beside `iss`, `iat` and `exp`; a claim of `undefined` is left out. */
  sign(claims: Claims, header?: object, key?: PrivateKey | Uint8Array): Promise<string>;
  stop(): Promise<void>;
}

/** Of any shape: what is wrong with a token may be the type of a claim. */
export type Claims = Readonly<Record<string, unknown>>;

const KEY_ID = 'the-only-key';

export async function startSelfMadeIssuer(): Promise<SelfMadeIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'ES256', use: 'sig' };
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    privateKey,
    publicKey,
    sign: (claims, header = {}, key = privateKey) => {
      const now = Math.floor(Date.now() / 1000);
      const payload = { iss: url, iat: now, exp: now + 300, ...claims };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'ES256', kid: KEY_ID, typ: 'JWT', ...header })
        .sign(key);
    },
    stop: () => closed(server),
  };
}

/** Sallyport with the demo's people and targets, trusting the self-made issuer in the place of the demo's. */
export interface IsolatedSallyport {
  readonly runtime: Runtime;
  readonly clock: LeapingClock;
  readonly anybody: ApiClient;
  stop(): Promise<void>;
}

export async function startTrusting(
  issuer: SelfMadeIssuer,
  options: Pick<RuntimeOptions, 'apiPort' | 'dataDirectory'> = {},
): Promise<IsolatedSallyport> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-'));
  const clock = new LeapingClock();
  const restoreDate = clock.installAsDate();
  await writeAssemblyTrusting(issuer, directory);
  const runtime = await startRuntime({ assemblyDirectory: directory, clock, ...options });
  await seedDirectory(runtime, demoDirectory);
  return {
    runtime,
    clock,
    anybody: new ApiClient(runtime.apiUrl),
    stop: async () => {
      await runtime.stop();
      restoreDate();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Writes an assembly of such a Sallyport into `directory`. */
export async function writeAssemblyTrusting(issuer: SelfMadeIssuer, directory: string): Promise<void> {
  const deployment = demoDeployment({ identityProviderUrl: issuer.url });
  const trustedIssuers = deployment.trustedIssuers
    .filter((trusted) => trusted.issuer === issuer.url)
    .map((trusted) => ({ ...trusted, tokens: [...trusted.tokens.slice(0, 2), machines] }));
  withDeployment(await ensureAssembly(), { ...deployment, trustedIssuers }, directory);
}

/** Which machines the issuer's tokens for the audience `sallyport` are of. */
const machines = {
  audience: 'sallyport',
  channel: 'machine',
  method: 'workload-token',
  principals: [
    { claims: { sub: 'triage-bot' }, principal: 'triage-bot' },
    { claims: { repository: 'acme/shop', ref: 'refs/heads/main' }, principal: 'deploy-bot' },
  ],
};

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
