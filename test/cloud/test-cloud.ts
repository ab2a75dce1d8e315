import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setGlobalProxyFromEnv } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DescribeTableCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { startBackends } from '../../demo/backends.ts';
import { demoDirectory } from '../../demo/directory.ts';
import { startIdentityProvider } from '../../demo/identity-provider.ts';
import { seedSecrets } from '../../local/seed-secrets.ts';
import type { Surroundings } from '../support/deployed-world.ts';
import { type ServedIssuer, startSelfMadeIssuer } from '../support/self-made-issuer.ts';
import { Commands } from './commands.ts';
import { allowForDepartures } from './departures.ts';
import { testDeployment } from './deployment-document.ts';
import { openFrontDoor } from './front-door.ts';
import { findPython, installMinistack, startMinistack } from './ministack.ts';

const USAGE = `usage: npm run test:cloud
   or: SALLYPORT_URL=https://… npm run test:cloud -- --outputs <outputs.json>
         --identity-provider-url <URL> --self-made-issuer-url <URL>

Deploys to MiniStack with the CDK's command, runs the portable end-to-end tests against what was deployed, and
destroys it; or only runs them against what SALLYPORT_URL names (docs/testing-a-deployment.md).`;

/** Where tunnels from public URLs are to lead. */
const IDENTITY_PROVIDER_PORT = 8085;
const SELF_MADE_ISSUER_PORT = 8086;

/** How often the reconciler is called. */
const SCHEDULE_MILLISECONDS = 5 * 60_000;

/** As MiniStack is used. */
const AWS_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  CDK_DISABLE_CLI_TELEMETRY: 'true',
};

const root = dirname(dirname(import.meta.dirname));
const binaries = join(root, 'node_modules', '.bin');
// Whatever starts a `node` is to start the one of this repository.
process.env['PATH'] = `${binaries}:${process.env['PATH']}`;

const directory = mkdtempSync(join(tmpdir(), 'sallyport-cloud-'));
const commands = new Commands(root, directory);
const started: (() => Promise<void>)[] = [];
const stopAll = async () => {
  commands.stop();
  for (const stop of started.splice(0).reverse()) await stop();
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await stopAll();
    rmSync(directory, { recursive: true, force: true });
    process.exit(1);
  });
}

try {
  const deployedUrl = process.env['SALLYPORT_URL'];
  const hasPassed = await (deployedUrl === undefined ? onMinistack() : onDeployed(deployedUrl));
  if (!hasPassed) throw new Error('The end-to-end tests have failed');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(`Logs: ${directory}`);
  process.exitCode = 1;
}
await stopAll();
if (process.exitCode !== 1) rmSync(directory, { recursive: true });

async function onMinistack(): Promise<boolean> {
  const python = findPython();
  if (python === undefined) {
    console.log('SKIPPED: test:cloud needs Python 3.10 or later with venv, to run MiniStack. There is none.');
    return true;
  }
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  const ministack = await startMinistack(
    installMinistack(python, cache),
    join(directory, 'ministack'),
    join(directory, 'ministack.log'),
  );
  started.push(ministack.stop);
  const door = await openFrontDoor(ministack.port);
  started.push(door.stop);
  delete process.env['AWS_PROFILE'];
  delete process.env['AWS_SESSION_TOKEN'];
  Object.assign(process.env, AWS_ENVIRONMENT, { AWS_ENDPOINT_URL: door.url });
  console.log(`✓ MiniStack, at port ${ministack.port}`);

  const { identityProviderUrl, selfMadeIssuer } = await startIssuers(0, 0);
  const backends = await startBackends('any', { database: false });
  started.push(backends.stop);
  const deployment = join(directory, 'deployment.json');
  const assembly = join(directory, 'assembly');
  const outputs = join(directory, 'outputs.json');
  const issuers = { identityProviderUrl, selfMadeIssuerUrl: selfMadeIssuer.url };
  const document = testDeployment(issuers, backends.addresses);
  writeFileSync(deployment, JSON.stringify(document));
  const cdk = (...args: string[]) => ['cdk', ...args, '--app', assembly];
  const run = (title: string, command: readonly string[]) => commands.run(title, command, process.env);

  await run('cdk synth', ['cdk', 'synth', '--quiet', '-c', `deployment=${deployment}`, '--output', assembly]);
  const templates = ['SallyportState', 'SallyportControlPlane'].map((stack) =>
    join(assembly, `${stack}.template.json`),
  );
  changeTemplates(templates);
  await run('cdk bootstrap', cdk('bootstrap'));
  await run('cdk deploy', cdk('deploy', '--all', '--require-approval', 'never', '--outputs-file', outputs));
  const surroundings = {
    ...readOutputs(outputs),
    identityProviderUrl,
    selfMadeIssuer: selfMadeIssuer.shared,
    vendorUrl: backends.vendor.url,
  };
  await seedSecrets({ client: {} }, backends);
  // It looks for Sallyport's keys where only the door knows the way.
  setGlobalProxyFromEnv({ http_proxy: door.url, no_proxy: '127.0.0.1' });
  backends.signalReceiver.trust(surroundings.apiUrl);

  const principals = join(directory, 'principals.json');
  writeFileSync(principals, JSON.stringify(demoDirectory.principals));
  await run('directory import', [
    'node',
    'operations/import-directory.ts',
    principals,
    '--table',
    surroundings.tableName,
  ]);
  const hasPassed = await runTests(surroundings, {
    // Much is read of it, and nothing that needs the door.
    AWS_ENDPOINT_URL: `http://127.0.0.1:${ministack.port}`,
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: door.url,
    NO_PROXY: '127.0.0.1',
  });

  await expectReconciled(surroundings.tableName);

  const destroy = cdk('destroy', '--all', '--force');
  await commands.runRefused(
    'cdk destroy, refused of the state that is protected',
    destroy,
    process.env,
    /SallyportState.*TerminationProtection/s,
  );
  liftProtection(assembly);
  await run('cdk deploy, to lift the protection', cdk('deploy', 'SallyportState', '--exclusively'));
  await run('cdk destroy', destroy);
  await expectOnlyStateIsLeft(surroundings.tableName);
  return hasPassed;
}

async function onDeployed(apiUrl: string): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      outputs: { type: 'string' },
      'identity-provider-url': { type: 'string' },
      'self-made-issuer-url': { type: 'string' },
    },
  });
  const { outputs, 'identity-provider-url': identityProvider, 'self-made-issuer-url': selfMade } = values;
  if (outputs === undefined || identityProvider === undefined || selfMade === undefined)
    throw new Error(USAGE);
  const { identityProviderUrl, selfMadeIssuer } = await startIssuers(
    IDENTITY_PROVIDER_PORT,
    SELF_MADE_ISSUER_PORT,
    { identityProvider, selfMade },
  );
  return runTests({
    ...readOutputs(outputs),
    apiUrl: apiUrl.replace(/\/$/, ''),
    identityProviderUrl,
    selfMadeIssuer: selfMadeIssuer.shared,
  });
}

/** Whoever vouches for those who come in the tests. */
async function startIssuers(
  identityProviderPort: number,
  selfMadeIssuerPort: number,
  publicUrls?: { readonly identityProvider: string; readonly selfMade: string },
): Promise<{ readonly identityProviderUrl: string; readonly selfMadeIssuer: ServedIssuer }> {
  const { url: identityProviderUrl, stop } = await startIdentityProvider({
    port: identityProviderPort,
    ...(publicUrls && { publicUrl: publicUrls.identityProvider }),
  });
  started.push(stop);
  const selfMadeIssuer = await startSelfMadeIssuer({
    port: selfMadeIssuerPort,
    ...(publicUrls && { publicUrl: publicUrls.selfMade }),
  });
  started.push(selfMadeIssuer.stop);
  return { identityProviderUrl, selfMadeIssuer };
}

/** What `cdk deploy --outputs-file` has written of the two stacks. */
function readOutputs(file: string): Pick<Surroundings, 'apiUrl' | 'tableName' | 'stateMachineArns'> {
  const { SallyportState: state, SallyportControlPlane: controlPlane } = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  return {
    apiUrl: controlPlane.ApiUrl,
    tableName: state.TableName,
    stateMachineArns: controlPlane.StateMachineArns.split(' '),
  };
}

function changeTemplates(files: readonly string[]): void {
  const templates = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
  allowForDepartures(templates);
  for (const [index, file] of files.entries()) writeFileSync(file, JSON.stringify(templates[index]));
}

async function runTests(surroundings: Surroundings, env: NodeJS.ProcessEnv = {}): Promise<boolean> {
  const file = join(directory, 'surroundings.json');
  writeFileSync(file, JSON.stringify(surroundings), { mode: 0o600 });
  console.log(`The end-to-end tests, at ${surroundings.apiUrl}`);
  return commands.show(['vitest', 'run', '--config', 'test/cloud/vitest.config.ts'], {
    ...process.env,
    ...env,
    SALLYPORT_SURROUNDINGS: file,
  });
}

/** Its schedule calls the reconciler five minutes after it was made, which leaves a bookmark. */
async function expectReconciled(tableName: string): Promise<void> {
  const database = new DynamoDBClient();
  const givesUpAt = performance.now() + 2 * SCHEDULE_MILLISECONDS;
  const Key = { pk: { S: 'BOOKMARK#holds' }, sk: { S: 'BOOKMARK' } };
  while ((await database.send(new GetItemCommand({ TableName: tableName, Key }))).Item === undefined) {
    if (performance.now() > givesUpAt) throw new Error('Nothing has called the reconciler');
    await wait(1000);
  }
  console.log('✓ the reconciler was called by its schedule');
}

/** As an operator does who means it. */
function liftProtection(assembly: string): void {
  const file = join(assembly, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  manifest.artifacts.SallyportState.properties.terminationProtection = false;
  writeFileSync(file, JSON.stringify(manifest));
}

async function expectOnlyStateIsLeft(tableName: string): Promise<void> {
  const { stateMachines = [] } = await new SFNClient().send(new ListStateMachinesCommand());
  if (stateMachines.length > 0)
    throw new Error('The control plane was destroyed, and a workflow of it is there');
  await new DynamoDBClient().send(new DescribeTableCommand({ TableName: tableName }));
  console.log('✓ the stacks are gone, and the table is kept');
}
