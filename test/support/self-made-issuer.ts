import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { ApiClient } from '../../demo/api-client.ts';
import { type DemoDeployment, demoDeployment } from '../../demo/deployment.ts';
import { demoDirectory } from '../../demo/directory.ts';
import { serveOnLoopback } from '../../demo/loopback-server.ts';
import type { Deployment } from '../../lambdas/platform/deployment.ts';
import { LeapingClock } from '../../local/clock.ts';
import { type Runtime, type RuntimeOptions, startRuntime } from '../../local/runtime.ts';
import { seedDirectory } from '../../local/seed-directory.ts';
import { ensureAssembly, withDeployment } from '../../local/synthesise.ts';

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

/**
 * An issuer that Sallyport trusts and whose key the test holds, so that it can make tokens that no honest
 * provider would.
 */
export interface SelfMadeIssuer {
  readonly url: string;
  readonly keyId: string;
  readonly publicKey: Key;
  /** A token of these claims beside `iss`, `iat`, `exp` and a name of its own; a claim of `undefined` is left out. */
  sign(claims: Claims, header?: object, key?: Key | Uint8Array): Promise<string>;
}

/** Of any shape: what is wrong with a token may be the type of a claim. */
export type Claims = Readonly<Record<string, unknown>>;

/** All that it takes to sign in an issuer's name, as one process tells it to another. */
export interface SharedIssuer {
  readonly url: string;
  readonly privateJwk: JWK & { readonly kid: string };
}

export interface ServedIssuer extends SelfMadeIssuer {
  readonly shared: SharedIssuer;
  stop(): Promise<void>;
}

export interface IssuerOptions {
  /** Any free one if not said. */
  readonly port?: number;
  /** Where Sallyport finds it, if not at that port of this machine. */
  readonly publicUrl?: string;
}

/** Serves the public key of a new issuer. */
export async function startSelfMadeIssuer({
  port = 0,
  publicUrl,
}: IssuerOptions = {}): Promise<ServedIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  // Nobody takes it for the key of an issuer that was at this address before.
  const kid = await calculateJwkThumbprint(await exportJWK(publicKey));
  const keys = JSON.stringify({
    keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }],
  });
  const server = await serveOnLoopback(port, () => (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(keys);
  });
  const shared = { url: publicUrl ?? server.url, privateJwk: { ...(await exportJWK(privateKey)), kid } };
  return { ...(await knownIssuer(shared)), shared, stop: server.stop };
}

/** An issuer whose public key another process serves. */
export async function knownIssuer({ url, privateJwk }: SharedIssuer): Promise<SelfMadeIssuer> {
  const { d: _secret, ...publicJwk } = privateJwk;
  const imported = (jwk: JWK) => importJWK(jwk, 'ES256', { extractable: true }) as Promise<Key>;
  const privateKey = await imported(privateJwk);
  const publicKey = await imported(publicJwk);
  return {
    url,
    keyId: privateJwk.kid,
    publicKey,
    sign: (claims, header = {}, key = privateKey) => {
      const now = Math.floor(Date.now() / 1000);
      const payload = { iss: url, iat: now, exp: now + 300, jti: randomUUID(), ...claims };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'ES256', kid: privateJwk.kid, typ: 'JWT', ...header })
        .sign(key);
    },
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
  {
    awsCallers,
    ...options
  }: Pick<RuntimeOptions, 'apiPort' | 'dataDirectory'> & Pick<Deployment, 'awsCallers'> = {},
): Promise<IsolatedSallyport> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-'));
  const clock = new LeapingClock();
  const restoreDate = clock.installAsDate();
  await writeAssemblyTrusting(issuer, directory, awsCallers);
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
export async function writeAssemblyTrusting(
  issuer: SelfMadeIssuer,
  directory: string,
  awsCallers?: Deployment['awsCallers'],
): Promise<void> {
  const deployment = demoDeployment({ identityProviderUrl: issuer.url });
  withDeployment(
    await ensureAssembly(),
    { ...deployment, trustedIssuers: [trustIn(issuer.url, deployment)], awsCallers },
    directory,
  );
}

/** What a deployment document says of a self-made issuer: its people come as those of the demo's do. */
export function trustIn(url: string, { trustedIssuers: [company] }: DemoDeployment) {
  return {
    ...company,
    issuer: url,
    jwksUri: `${url}/jwks`,
    tokens: [...(company?.tokens.slice(0, 2) ?? []), machines],
  };
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
