import { newKms, newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { durationSeconds } from '../platform/duration.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { stepFunctionsWaitingWorkflow } from '../platform/task-tokens.kms.ts';
import { approvalDocument } from './approval-document.ts';
import { decideApprovalRoute } from './approvals.routes.ts';
import { decideApproval } from './decide-approval.step.ts';
import { DecideApprovalEnvironment } from './environment.ts';

const environment = parseEnvironment(DecideApprovalEnvironment, process.env);
const decide = decideApproval({
  ledger: newLedger(environment.TABLE_NAME),
  workflow: stepFunctionsWaitingWorkflow(newKms(), environment.TASK_TOKEN_KEY_ID, newStepFunctions()),
  clock: systemClock,
});

export const handler = httpHandler('decide-approval', [
  serve(decideApprovalRoute, async ({ caller, parameters, body }) => {
    const approval = await decide(caller, parameters['id'] ?? '', {
      decision: body.decision,
      comment: body.comment,
      permissions: body.permissions,
      durationSeconds: body.duration === undefined ? undefined : durationSeconds(body.duration),
    });
    return { status: 200, body: { approval: approvalDocument(approval) } };
  }),
]);
