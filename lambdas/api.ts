import { decideApprovalRoute, listApprovalsRoute, readApprovalRoute } from './approval/approvals.routes.ts';
import { readChainRoute, readUndertakingRoute } from './audit/audit.routes.ts';
import { authzenMetadataRoute, evaluateAccessRoute, evaluateBatchRoute } from './decision/authzen.routes.ts';
import { explainAccessRoute } from './decision/explanation.routes.ts';
import {
  activatePolicySetRoute,
  listPolicySetsRoute,
  proposePolicySetRoute,
  readPolicyFilesRoute,
  readPolicySetRoute,
  rollBackPolicySetRoute,
} from './decision/policy-sets.routes.ts';
import { searchActionsRoute, searchResourcesRoute, searchSubjectsRoute } from './decision/search.routes.ts';
import { scimRoutes } from './directory/scim.routes.ts';
import {
  authorizeGetRoute,
  authorizePathRoute,
  authorizePostRoute,
  authorizeToolCallRoute,
  reviewAccessRoute,
} from './enforcement/enforcement.routes.ts';
import {
  claimCredentialRoute,
  listGrantsRoute,
  readGrantRoute,
  returnGrantRoute,
} from './minting/grants.routes.ts';
import type { Route } from './platform/route.ts';
import { healthRoute, openApiRoute } from './platform/service.routes.ts';
import {
  cancelAccessRequestRoute,
  readAccessRequestRoute,
  requestSchemaRoute,
  submitAccessRequestRoute,
  submitDeniedRoute,
} from './requests/requests.routes.ts';
import {
  liftFreezeRoute,
  listRevocationsRoute,
  readRevocationRoute,
  startRevocationRoute,
} from './revocation/revocations.routes.ts';
import {
  listSecretsRoute,
  readRotationRoute,
  readSecretRoute,
  registerSecretRoute,
  secretKeySetRoute,
  startRotationRoute,
} from './rotation/secrets.routes.ts';
import {
  beginEnrolmentRoute,
  confirmEnrolmentRoute,
  listAuthenticatorsRoute,
  revokeAuthenticatorRoute,
} from './verification/authenticators.routes.ts';
import {
  answerPushRoute,
  listPushesRoute,
  startBackchannelRoute,
} from './verification/backchannel.routes.ts';
import { attestProofingRoute } from './verification/desk.routes.ts';
import {
  authorizationServerMetadataRoute,
  exchangeTokenRoute,
  introspectTokenRoute,
  keySetRoute,
  revokeTokenRoute,
} from './verification/oauth.routes.ts';
import {
  endSessionRoute,
  makeHandoffRoute,
  readSessionRoute,
  recordSignalRoute,
} from './verification/session.routes.ts';
import { answerStepUpRoute, beginStepUpRoute } from './verification/step-ups.routes.ts';

/** Every route of the HTTP API. */
export const routes: readonly Route[] = [
  exchangeTokenRoute,
  introspectTokenRoute,
  revokeTokenRoute,
  startBackchannelRoute,
  listPushesRoute,
  answerPushRoute,
  attestProofingRoute,
  authorizationServerMetadataRoute,
  keySetRoute,
  beginEnrolmentRoute,
  confirmEnrolmentRoute,
  listAuthenticatorsRoute,
  revokeAuthenticatorRoute,
  beginStepUpRoute,
  answerStepUpRoute,
  readSessionRoute,
  endSessionRoute,
  recordSignalRoute,
  makeHandoffRoute,
  authzenMetadataRoute,
  evaluateAccessRoute,
  evaluateBatchRoute,
  searchSubjectsRoute,
  searchResourcesRoute,
  searchActionsRoute,
  explainAccessRoute,
  proposePolicySetRoute,
  listPolicySetsRoute,
  readPolicySetRoute,
  readPolicyFilesRoute,
  activatePolicySetRoute,
  rollBackPolicySetRoute,
  reviewAccessRoute,
  authorizeGetRoute,
  authorizePostRoute,
  authorizePathRoute,
  authorizeToolCallRoute,
  submitAccessRequestRoute,
  submitDeniedRoute,
  requestSchemaRoute,
  readAccessRequestRoute,
  cancelAccessRequestRoute,
  listApprovalsRoute,
  readApprovalRoute,
  decideApprovalRoute,
  listGrantsRoute,
  readGrantRoute,
  returnGrantRoute,
  claimCredentialRoute,
  startRevocationRoute,
  listRevocationsRoute,
  readRevocationRoute,
  liftFreezeRoute,
  registerSecretRoute,
  listSecretsRoute,
  readSecretRoute,
  startRotationRoute,
  readRotationRoute,
  secretKeySetRoute,
  ...scimRoutes,
  readChainRoute,
  readUndertakingRoute,
  healthRoute,
  openApiRoute,
];
