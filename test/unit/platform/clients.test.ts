import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newLedger } from '../../../lambdas/platform/clients.aws.ts';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { principalType } from '../../../lambdas/verification/principal.ts';

let silent: Server;

beforeAll(async () => {
  silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  process.env['AWS_REGION'] = 'us-east-1';
  process.env['AWS_ACCESS_KEY_ID'] = process.env['AWS_SECRET_ACCESS_KEY'] = 'local';
});
afterAll(() => {
  silent.closeAllConnections();
  silent.close();
});

test('a service that never answers is given up while the function still has time to say so', async () => {
  await expect(newLedger('table').read(principalType, 'dana')).rejects.toThrow(DependencyUnavailable);
});
