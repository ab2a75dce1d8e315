import { newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { jweCursors } from '../platform/page-cursor.jose.ts';
import { approvalDocument } from './approval-document.ts';
import { listApprovalsRoute, readApprovalRoute } from './approvals.routes.ts';
import { ReadApprovalsEnvironment } from './environment.ts';
import { listApprovals, readApproval } from './read-approvals.step.ts';

const environment = parseEnvironment(ReadApprovalsEnvironment, process.env);
const ledger = newLedger(environment.TABLE_NAME);
const list = listApprovals({
  ledger,
  cursors: jweCursors(newSecretsManager(), environment.DERIVATION_SECRET_ID),
  clock: systemClock,
});
const read = readApproval({ ledger });

export const handler = httpHandler('read-approvals', [
  serve(listApprovalsRoute, async ({ caller, query }) => {
    const { approvals, ...more } = await list(caller, query);
    return { status: 200, body: { approvals: approvals.map(approvalDocument), ...more } };
  }),
  serve(readApprovalRoute, async ({ caller, parameters }) => ({
    status: 200,
    body: { approval: approvalDocument(await read(caller, parameters['id'] ?? '')) },
  })),
]);
