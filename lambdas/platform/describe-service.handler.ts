import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { RequestAugmentations, requestSchemaRoute } from '../requests/requests.routes.ts';
import { newDynamoDb } from './clients.aws.ts';
import { DescribeServiceEnvironment } from './describe-service.environment.ts';
import { parseEnvironment } from './environment.ts';
import { httpHandler, serve } from './http-handler.middy.ts';
import { tableReadiness } from './readiness.dynamodb.ts';
import { healthRoute, openApiRoute } from './service.routes.ts';

const environment = parseEnvironment(DescribeServiceEnvironment, process.env);
const readiness = tableReadiness(newDynamoDb(), environment.TABLE_NAME);
const description = JSON.parse(readFileSync(`${import.meta.dirname}/openapi.json`, 'utf8')) as {
  info: { version: string };
};
const requestSchema = z.toJSONSchema(RequestAugmentations, { io: 'input' });
const isPublic = { 'cache-control': 'public, max-age=300' };

export const handler = httpHandler('describe-service', [
  serve(healthRoute, async () => {
    const { version } = description.info;
    return (await readiness.isReady())
      ? { status: 200, body: { status: 'ready', version } }
      : { status: 503, body: { status: 'not-ready', version } };
  }),
  serve(openApiRoute, async () => ({
    status: 200,
    body: description,
    headers: isPublic,
  })),
  serve(requestSchemaRoute, async () => ({
    status: 200,
    body: requestSchema,
    headers: { ...isPublic, 'content-type': 'application/schema+json' },
  })),
]);
