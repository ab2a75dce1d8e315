import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { Appointments } from './appointments.ts';
import { createEngine } from './asl/engine.ts';
import { openExecutionStore } from './asl/execution-store.sqlite.ts';
import type { InvokeFunction } from './asl/integrations.ts';
import { startDynamoDb } from './aws/dynoxide.ts';
import { Faults } from './aws/faults.ts';
import { type FunctionLog, logToFile, logToMemory } from './aws/function-log.ts';
import { HttpApi } from './aws/http-api.ts';
import { createIam } from './aws/iam.ts';
import { createKms } from './aws/kms.ts';
import { type InvocationResult, LambdaFunctions } from './aws/lambda.ts';
import { createSecretsManager } from './aws/secrets-manager.ts';
import { createAwsServer } from './aws/server.ts';
import { AwsError, type Json } from './aws/service.ts';
import { claimedScope, verifySignature } from './aws/signature.ts';
import { createStepFunctionsService } from './aws/step-functions.ts';
import { createSts } from './aws/sts.ts';
import { type CallCount, CallCounts } from './call-counts.ts';
import { type Clock, SystemClock } from './clock.ts';
import { readCloudAssembly } from './cloud-assembly.ts';
import { type DeployedResource, deploy } from './deployment.ts';
import { Authorization } from './iam/authorization.ts';
import { Callers, OPERATOR } from './iam/callers.ts';
import { dynamoDbAccesses, type GuardedTable } from './iam/dynamodb-accesses.ts';
import { invocationOf } from './iam/policy.ts';
import type { Role } from './iam/role.ts';
import type { Cloud } from './resources/resource-type.ts';
import { Schedules } from './schedules.ts';

export interface RuntimeOptions {
  /** The synthesised CDK app, `cdk.out`. */
  readonly assemblyDirectory: string;
  /** Where the HTTP API is served; any free port if not said. */
  readonly apiPort?: number;
  /** Where the emulated AWS is served; any free port if not said. */
  readonly awsPort?: number;
  /** Where tables, executions, keys, secrets and logs are kept; in memory if not said. */
  readonly dataDirectory?: string;
  readonly clock?: Clock;
  /** Refuses calls of the emulated AWS that are not signed with the secret of their access key. */
  readonly verifySignatures?: boolean;
}

export interface Runtime {
  readonly apiUrl: string;
  readonly awsUrl: string;
  /** Straight to the database, past counts and faults. */
  readonly dynamoDbUrl: string;
  /** What an AWS SDK client of this machine is configured with. */
  readonly client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  readonly clock: Clock;
  readonly faults: Faults;
  readonly resources: readonly DeployedResource[];
  readonly outputs: Readonly<Record<string, Json>>;
  readonly functionNames: readonly string[];
  /** The calls of the emulated AWS so far. */
  calls(): CallCount[];
  functionLog(functionName: string): string;
  invoke(functionName: string, payload: Json): Promise<InvocationResult>;
  /**
   * Resolves once no function is at work and every execution waits for time or a token: then nothing changes
   * before someone calls or the clock goes on, and a test may let it leap.
   */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Runs what a synthesised CDK app declares, in this process. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { clock = new SystemClock(), dataDirectory } = options;
  const stacks = readCloudAssembly(options.assemblyDirectory);
  const { accountId, region } = stacks[0] ?? noStacks(options.assemblyDirectory);
  if (dataDirectory !== undefined) mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });

  const started: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const stopOne of started.splice(0).reverse()) await stopOne();
  };
  try {
    const dynamoDb = await startDynamoDb(dataDirectory && join(dataDirectory, 'dynamodb.sqlite'));
    started.push(() => dynamoDb.stop());

    const kms = createKms({ clock, directory: dataDirectory });
    const secretsManager = createSecretsManager({ clock, directory: dataDirectory, region, accountId });
    const functions = new LambdaFunctions(clock);
    const authorization = new Authorization({ accountId, region });
    started.push(async () => keepRoleUsage(authorization.roles()));
    const logs: FunctionLog[] = [];
    started.push(async () => {
      for (const log of logs) log.close();
    });
    started.push(() => functions.stop());
    const appointments = new Appointments(clock);
    started.push(async () => appointments.cancelAll());
    const executions = dataDirectory && openExecutionStore(join(dataDirectory, 'executions.sqlite'));
    if (executions) started.push(async () => executions.close());
    const deployed = Promise.withResolvers<void>();
    const engine = createEngine({
      clock: appointments,
      region,
      accountId,
      invokeFunction: invokeForStepFunctions({ functions, authorization, deployed: deployed.promise }),
      ...(executions && { executions }),
    });
    const quiet = async (): Promise<void> => {
      do {
        await functions.idle();
        // By then their answers have reached the engine.
        await new Promise((resolve) => setImmediate(resolve));
        await engine.settled();
      } while (functions.isBusy);
    };
    const schedules = new Schedules({
      clock: appointments,
      quiet,
      onError: (name, error) => process.emitWarning(`The schedule ${name} has called nothing: ${error}`),
    });
    started.push(async () => schedules.stop());
    const httpApi = new HttpApi({ clock, functions, authorization, environment: { accountId, region } });
    const faults = new Faults();
    const calls = new CallCounts();
    const tables = new Map<string, GuardedTable>();
    const callers = new Callers(dataDirectory);
    const awsServer = createAwsServer({
      services: [kms.service, secretsManager.service, createStepFunctionsService(engine)],
      queryServices: [
        createSts({ authorization, callers, clock, accountId }),
        createIam({ authorization, clock, accountId, directory: dataDirectory }),
      ],
      dynamoDb: {
        endpoint: dynamoDb.endpoint,
        accesses: (operation, input) => dynamoDbAccesses(operation, input, tables),
      },
      functions,
      callers,
      authenticate: async (request, service) =>
        options.verifySignatures
          ? verifySignature(request, {
              credentialsOf: (accessKeyId) => callers.find(accessKeyId)?.credentials,
              region,
              service,
              nowEpochMilliseconds: clock.now(),
            })
          : (claimedScope(request.headers).accessKeyId ?? ''),
      authorization,
      clock,
      faults,
      onCall: (call) => calls.count(call),
    });
    const awsUrl = await listen(awsServer, options.awsPort ?? 0, '--aws-port');
    started.push(() => close(awsServer));
    const apiServer = httpApi.createServer();
    const apiUrl = await listen(apiServer, options.apiPort ?? 0, '--port');
    started.push(() => close(apiServer));

    const cloud: Cloud = {
      dynamoDbEndpoint: dynamoDb.endpoint,
      tables,
      authorization,
      kms,
      secretsManager,
      functions,
      stateMachines: engine.stateMachines,
      schedules,
      httpApi,
      apiUrl,
      credentialsFor: (role) => {
        const { accessKeyId, secretAccessKey, sessionToken } = callers.admit(role);
        return {
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
          AWS_SESSION_TOKEN: sessionToken,
          AWS_ENDPOINT_URL: awsUrl,
        };
      },
      openLog: (functionName) => {
        const log =
          dataDirectory === undefined
            ? logToMemory()
            : logToFile(join(dataDirectory, 'logs', `${functionName}.log`));
        logs.push(log);
        return log;
      },
    };
    const { resources, outputs } = await deploy(stacks, cloud);
    httpApi.isServing = true;
    deployed.resolve();

    return {
      apiUrl,
      awsUrl,
      dynamoDbUrl: dynamoDb.endpoint,
      client: { endpoint: awsUrl, region, credentials: OPERATOR.credentials },
      clock,
      faults,
      resources,
      outputs,
      functionNames: functions.names(),
      calls: () => calls.list(),
      functionLog: (functionName) => functions.log(functionName),
      invoke: (functionName, payload) => functions.invoke(functionName, payload),
      settled: async () => {
        do {
          await schedules.idle();
          await quiet();
        } while (schedules.isBusy);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * What Step Functions makes of Lambda's answers (https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html).
 * Executions that are taken up wait until their functions are `deployed`.
 */
function invokeForStepFunctions({
  functions,
  authorization,
  deployed,
}: {
  functions: LambdaFunctions;
  authorization: Authorization;
  deployed: Promise<void>;
}): InvokeFunction {
  return async ({ functionArn, roleArn, payload }) => {
    await deployed;
    try {
      const executor = { kind: 'role', roleArn, sessionName: 'execution' } as const;
      authorization.demand(executor, invocationOf(functions.arnOf(functionArn)));
      const result = await functions.invoke(functionArn, payload);
      return result.succeeded
        ? { ok: true, payload: result.payload }
        : { ok: false, error: result.error.errorType, cause: JSON.stringify(result.error) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      // Not being permitted has no error of its own.
      const name = error.code === 'AccessDeniedException' ? 'AWSLambdaException' : error.code;
      return { ok: false, error: `Lambda.${name}`, cause: error.message };
    }
  };
}

function noStacks(directory: string): never {
  throw new Error(`The cloud assembly in ${directory} holds no stack`);
}

/** Where asked to, leaves behind what was used of each role: `npm run iam:report` makes a report of it. */
function keepRoleUsage(roles: readonly Role[]): void {
  const directory = process.env['SALLYPORT_ROLE_USAGE'];
  if (directory === undefined) return;
  writeFileSync(join(directory, `${randomUUID()}.json`), JSON.stringify(roles.map((role) => role.usage())));
}

function listen(server: Server, port: number, flag: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is in use: choose another with ${flag}`, { cause: error })
          : error,
      ),
    );
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
