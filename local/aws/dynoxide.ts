import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { AwsError, type JsonObject } from './service.ts';

/** A running DynamoDB: dynoxide, or whatever answers at SALLYPORT_DYNAMODB_ENDPOINT. */
export interface DynamoDb {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const READY_WITHIN_MILLISECONDS = 10_000;

/** Starts DynamoDB, its data in `databasePath` or, without it, in memory. */
export async function startDynamoDb(databasePath: string | undefined): Promise<DynamoDb> {
  const binary = findDynoxide();
  if (binary !== undefined) return startDynoxide(binary, databasePath);
  const endpoint = process.env['SALLYPORT_DYNAMODB_ENDPOINT'];
  if (endpoint !== undefined) return { endpoint, stop: async () => {} };
  throw new Error(
    `No DynamoDB for ${process.platform}-${process.arch}: the npm package @dynoxide/linux-x64 is not installed. ` +
      'Put a dynoxide binary (https://github.com/nubo-db/dynoxide) on the PATH, or set ' +
      'SALLYPORT_DYNAMODB_ENDPOINT to the URL of DynamoDB local.',
  );
}

/** Calls one operation of the DynamoDB at `endpoint`; throws `AwsError`. */
export async function callDynamoDb(
  endpoint: string,
  operation: string,
  input: JsonObject,
): Promise<JsonObject> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': '20260101T000000Z',
      // Looked at for its form only: an emulated DynamoDB checks no signature.
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(input),
  });
  const body = (await response.json()) as JsonObject;
  if (response.ok) return body;
  const code = String(body['__type']).replace(/^.*#/, '');
  throw new AwsError(code, String(body['message'] ?? body['Message']), response.status);
}

function findDynoxide(): string | undefined {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'dynoxide'));
  try {
    const manifest = createRequire(import.meta.url).resolve('@dynoxide/linux-x64/package.json');
    candidates.unshift(join(dirname(manifest), 'dynoxide'));
  } catch {
    // An optional dependency: npm leaves it out on other platforms.
  }
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function startDynoxide(binary: string, databasePath: string | undefined): Promise<DynamoDb> {
  const port = await freePort();
  const database = databasePath === undefined ? [] : ['--db-path', databasePath];
  // Detached: a Ctrl-C in the terminal stops the runtime, which stops dynoxide after its last request.
  const server = spawn(binary, ['serve', '--host', '127.0.0.1', '--port', String(port), ...database], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  server.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-2_000);
  });
  const exited = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  });
  const watchdog = endWithThisProcess(server);
  void exited.then(() => watchdog.kill('SIGKILL'));

  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    server.ref();
    server.kill('SIGTERM');
    await exited;
  };
  const deadline = performance.now() + READY_WITHIN_MILLISECONDS;
  while (!(await answers(endpoint))) {
    if (server.exitCode !== null || server.pid === undefined || performance.now() > deadline) {
      await stop();
      throw new Error(`dynoxide (${binary}) does not answer: ${complaints.trim() || 'it said nothing'}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  server.unref();
  return { endpoint, stop };
}

/** A shell that ends `server` once this process is gone, however it went: its standard input closes then. */
function endWithThisProcess(server: ChildProcess): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', 'cat; kill "$0"', String(server.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  return watchdog;
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await callDynamoDb(endpoint, 'ListTables', {});
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
