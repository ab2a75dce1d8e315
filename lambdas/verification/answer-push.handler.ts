import { newDynamoDb } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { timeDocument } from '../platform/documents.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { dynamoDbLedger } from '../platform/ledger.dynamodb.ts';
import { dynamoDbSingleUse } from '../platform/single-use.dynamodb.ts';
import { answerPush } from './answer-push.step.ts';
import { answerPushRoute, listPushesRoute, type PushList } from './backchannel.routes.ts';
import { joseDeviceStatements } from './device-statements.jose.ts';
import { AnswerPushEnvironment } from './environment.ts';
import { hearDevice } from './hear-device.step.ts';
import { listPushes } from './list-pushes.step.ts';

const environment = parseEnvironment(AnswerPushEnvironment, process.env);
const database = newDynamoDb();
const ledger = dynamoDbLedger(database, environment.TABLE_NAME);
const clock = systemClock;
const hear = hearDevice({
  statements: joseDeviceStatements(environment.ISSUER),
  singleUse: dynamoDbSingleUse(database, environment.TABLE_NAME),
  ledger,
  clock,
});
const list = listPushes({ hear, ledger, clock });
const answer = answerPush({ hear, ledger, clock });

export const handler = httpHandler('answer-push', [
  serve(listPushesRoute, async ({ body }) => {
    const calls = await list(body.statement);
    return {
      status: 200,
      body: {
        challenges: calls.map((call) => ({
          id: call.id,
          nonce: call.nonce,
          binding_message: call.bindingMessage,
          expires_at: timeDocument(call.expiresAtEpochSeconds),
        })),
      } satisfies PushList,
    };
  }),
  serve(answerPushRoute, async ({ parameters, body }) => ({
    status: 200,
    body: { status: await answer(parameters['id'] ?? '', body.statement) },
  })),
]);
