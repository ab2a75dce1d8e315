import { onTestFinished } from 'vitest';
import { Faults } from '../../../local/aws/faults.ts';
import { createIam } from '../../../local/aws/iam.ts';
import { LambdaFunctions } from '../../../local/aws/lambda.ts';
import { createAwsServer } from '../../../local/aws/server.ts';
import type { AwsService } from '../../../local/aws/service.ts';
import { claimedScope } from '../../../local/aws/signature.ts';
import { createSts } from '../../../local/aws/sts.ts';
import { LeapingClock } from '../../../local/clock.ts';
import { Authorization } from '../../../local/iam/authorization.ts';
import { Callers, type Credentials, OPERATOR } from '../../../local/iam/callers.ts';

const ACCOUNT = '000000000000';

/** Serves emulated services for one test; answers with the configuration of an SDK client of them. */
export async function serve(...services: AwsService[]) {
  const emulated = await startEmulatedAws(...services);
  onTestFinished(emulated.stop);
  return emulated;
}

/** The same until it is stopped. */
export async function startEmulatedAws(...services: AwsService[]) {
  const clock = new LeapingClock();
  const faults = new Faults();
  const callers = new Callers();
  const authorization = new Authorization({ accountId: ACCOUNT, region: 'us-east-1' });
  const server = createAwsServer({
    services,
    queryServices: [
      createSts({ authorization, callers, clock, accountId: ACCOUNT }),
      createIam({ authorization, clock, accountId: ACCOUNT, directory: undefined }),
    ],
    dynamoDb: { endpoint: 'http://127.0.0.1:9', accesses: () => [] },
    functions: new LambdaFunctions(clock),
    callers,
    authenticate: async ({ headers }) => claimedScope(headers).accessKeyId ?? '',
    authorization,
    clock,
    faults,
    onCall: () => {},
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
  };
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const clientWith = (credentials: Credentials) => ({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials,
  });
  const clientAs = (roleArn: string, sessionName = 'session') =>
    clientWith(callers.admit({ kind: 'role', roleArn, sessionName }));
  const clientOf = (functionName: string) => clientAs('arn:aws:iam::000000000000:role/a', functionName);
  return { client: clientWith(OPERATOR.credentials), clientAs, clientOf, authorization, faults, clock, stop };
}
