import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackends } from '../demo/backends.ts';
import { prepareDeployArtifacts } from '../demo/deploy-artifacts.ts';
import { demoDirectory } from '../demo/directory.ts';
import type { PostgresServer } from '../demo/postgres-server.ts';
import { startDemo } from '../demo/start-demo.ts';
import { startRuntime } from './runtime.ts';
import { seedDirectory } from './seed-directory.ts';
import { seedSecrets } from './seed-secrets.ts';
import { ensureAssembly } from './synthesise.ts';

const USAGE = `usage: npm start -- [--port 8080] [--aws-port 4566] [--data-dir .local | --memory] [--verify-signatures]`;

interface StartCommand {
  readonly apiPort: number;
  readonly awsPort: number;
  /** In memory, without it. */
  readonly dataDirectory?: string;
  readonly verifySignatures: boolean;
}

function readCommand(): StartCommand {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8080' },
      'aws-port': { type: 'string', default: '4566' },
      'data-dir': { type: 'string' },
      memory: { type: 'boolean', default: false },
      'verify-signatures': { type: 'boolean', default: false },
    },
  });
  if (values.memory && values['data-dir'] !== undefined)
    throw new Error('--memory keeps nothing: it and --data-dir exclude each other');
  return {
    apiPort: portOf('--port', values.port),
    awsPort: portOf('--aws-port', values['aws-port']),
    verifySignatures: values['verify-signatures'],
    ...(values.memory ? {} : { dataDirectory: resolve(values['data-dir'] ?? '.local') }),
  };
}

function portOf(flag: string, text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(`${flag} ${text} is not a port`);
}

async function start(command: StartCommand): Promise<void> {
  const assemblyDirectory = await ensureAssembly({
    onStale: () => console.log('Synthesising the CDK app …'),
  });
  const backends = await startBackends('default', { database: true });
  let runtime: Awaited<ReturnType<typeof startRuntime>> | undefined;
  let demo: Awaited<ReturnType<typeof startDemo>> | undefined;
  const stop = async (): Promise<void> => {
    await demo?.stop();
    await runtime?.stop();
    await backends.stop();
  };
  try {
    runtime = await startRuntime({ assemblyDirectory, ...command });
    await seedDirectory(runtime, demoDirectory);
    await seedSecrets(runtime, backends);
    await prepareDeployArtifacts(runtime.client);
    backends.signalReceiver.trust(runtime.apiUrl);
    demo = await startDemo({ apiUrl: runtime.apiUrl });
  } catch (error) {
    await stop();
    throw error;
  }

  const end = (): void => {
    stop().then(() => process.exit(0), fail);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  if (process.env['npm_lifecycle_event'] !== undefined) onOrphaned(end);

  console.log(`Sallyport is ready

  API                ${runtime.apiUrl}
  AWS endpoint       ${runtime.awsUrl}
  Identity provider  ${demo.identityProvider.issuer}
  Ticketing API      ${demo.ticketingUrl}
  Payments API       ${demo.paymentsUrl}
  Accounts API       ${demo.accountsUrl}
  Kubernetes API     ${backends.addresses.clusterUrl}
  Code host          ${backends.addresses.codeHostUrl}
  PostgreSQL         ${placeOf(backends.postgres)}
  Data               ${command.dataDirectory ?? 'in memory'}

Try, in another terminal:
  curl ${runtime.apiUrl}/v1/health
  npm run token -- engineer
  npm run demo`);
}

function placeOf(postgres: PostgresServer | undefined): string {
  return postgres === undefined
    ? 'not on this machine: grants of orders-db cannot be claimed'
    : `${postgres.host}:${postgres.port}, database ${postgres.database}`;
}

/** A signal to npm ends npm and the shell between, but does not reach this process: it only loses its parent. */
function onOrphaned(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, 250);
}

/** @returns what to tell the user, who can do without the place in the code. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  return code === 'EADDRINUSE' ? `Port ${port} is in use: does another Sallyport run?` : error.message;
}

function fail(error: unknown): never {
  console.error(messageOf(error));
  process.exit(1);
}

let command: StartCommand;
try {
  command = readCommand();
} catch (error) {
  console.error(`${messageOf(error)}\n${USAGE}`);
  process.exit(2);
}
await start(command).catch(fail);
