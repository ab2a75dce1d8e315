import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createIam } from '../../../local/aws/iam.ts';
import { createKms } from '../../../local/aws/kms.ts';
import { createSecretsManager } from '../../../local/aws/secrets-manager.ts';
import { createStepFunctionsService } from '../../../local/aws/step-functions.ts';
import { createSts } from '../../../local/aws/sts.ts';
import { SystemClock } from '../../../local/clock.ts';
import { Authorization } from '../../../local/iam/authorization.ts';
import { Callers } from '../../../local/iam/callers.ts';
import { createWorkbench } from '../asl/workbench.ts';

const inMemory = { clock: new SystemClock(), directory: undefined };
const place = { region: 'us-east-1', accountId: '000000000000' };
const authorization = new Authorization(place);
const document = readFileSync(join(import.meta.dirname, '../../../docs/local-runtime.md'), 'utf8');

it.each([
  ['Step Functions', createStepFunctionsService(createWorkbench().engine)],
  ['Secrets Manager', createSecretsManager({ ...inMemory, ...place }).service],
  ['KMS', createKms(inMemory).service],
  ['STS', createSts({ ...inMemory, ...place, authorization, callers: new Callers() })],
  ['IAM', createIam({ ...inMemory, ...place, authorization })],
])('the document lists the operations of %s', (service, { operations }) => {
  const section = document.slice(document.indexOf('## The AWS endpoint'));
  const row = section.split('\n').find((line) => line.startsWith(`| ${service} `)) ?? '';
  expect([...row.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(Object.keys(operations).sort());
});
