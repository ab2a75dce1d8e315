import { onTestFinished } from 'vitest';
import { Faults } from '../../../local/aws/faults.ts';
import { LambdaFunctions } from '../../../local/aws/lambda.ts';
import { createAwsServer } from '../../../local/aws/server.ts';
import type { AwsService } from '../../../local/aws/service.ts';

/** Serves emulated services for one test; answers with the configuration of an SDK client of them. */
export async function serve(...services: AwsService[]) {
  const faults = new Faults();
  const server = createAwsServer({
    services,
    dynamoDbEndpoint: 'http://127.0.0.1:9',
    functions: new LambdaFunctions(),
    callers: new Map([['ASIACLAIM', 'ClaimCredential']]),
    faults,
    onCall: () => {},
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const clientAs = (accessKeyId: string) => ({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey: 'local' },
  });
  return { client: clientAs('local'), clientAs, faults };
}
