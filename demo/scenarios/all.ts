import type { Scenario } from '../scenario.ts';
import { agentCommentsWithApproval } from './agent-comments-with-approval.ts';
import { agentFollowsADenial } from './agent-follows-a-denial.ts';
import { branchVisitPermitsRecovery } from './branch-visit-permits-recovery.ts';
import { ciJobCallsAnApi } from './ci-job-calls-an-api.ts';
import { customerTransfersAfterACall } from './customer-transfers-after-a-call.ts';
import { deploymentReadsUntilExpiry } from './deployment-reads-until-expiry.ts';
import { deploymentWindow } from './deployment-window.ts';
import { employeeStepsUpInTheBrowser } from './employee-steps-up-in-the-browser.ts';
import { leakedTokenIsContained } from './leaked-token-is-contained.ts';
import { oneRuleAtEveryDoor } from './one-rule-at-every-door.ts';
import { overlappingGrants } from './overlapping-grants.ts';
import { secretIsRotatedUnderUse } from './secret-is-rotated-under-use.ts';
import { supportCarriesASession } from './support-carries-a-session.ts';
import { targetIsDownDuringContainment } from './target-is-down-during-containment.ts';

/** What `npm run demo` plays and the end-to-end tests hold, in this order. */
export const scenarios: readonly Scenario[] = [
  agentCommentsWithApproval,
  deploymentReadsUntilExpiry,
  customerTransfersAfterACall,
  employeeStepsUpInTheBrowser,
  ciJobCallsAnApi,
  branchVisitPermitsRecovery,
  supportCarriesASession,
  deploymentWindow,
  overlappingGrants,
  leakedTokenIsContained,
  targetIsDownDuringContainment,
  secretIsRotatedUnderUse,
  oneRuleAtEveryDoor,
  agentFollowsADenial,
];
