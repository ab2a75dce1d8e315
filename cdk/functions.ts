import type * as z from 'zod';
import {
  DecideApprovalEnvironment,
  ReadApprovalsEnvironment,
  RequestApprovalEnvironment,
  SettleApprovalEnvironment,
} from '../lambdas/approval/environment.ts';
import { ReadAuditEnvironment } from '../lambdas/audit/environment.ts';
import {
  DecideAccessEnvironment,
  EvaluateAccessEnvironment,
  ManagePolicySetsEnvironment,
  RequestStepUpEnvironment,
  SearchAccessEnvironment,
} from '../lambdas/decision/environment.ts';
import { ProvisionDirectoryEnvironment } from '../lambdas/directory/environment.ts';
import { EnforceAccessEnvironment } from '../lambdas/enforcement/environment.ts';
import {
  ClaimCredentialEnvironment,
  HoldGrantEnvironment,
  MintCredentialEnvironment,
  ReadGrantsEnvironment,
  ReturnGrantEnvironment,
} from '../lambdas/minting/environment.ts';
import { DescribeServiceEnvironment } from '../lambdas/platform/describe-service.environment.ts';
import type { EntityKind, ItemKind, ListKind } from '../lambdas/platform/entity.ts';
import {
  CancelAccessRequestEnvironment,
  ReadAccessRequestEnvironment,
  RecordFailureEnvironment,
  SubmitAccessRequestEnvironment,
} from '../lambdas/requests/environment.ts';
import {
  CloseGrantEnvironment,
  CloseSessionsEnvironment,
  ConfirmContainmentEnvironment,
  EndRightsEnvironment,
  FreezeScopeEnvironment,
  HandOverContainmentEnvironment,
  LiftFreezeEnvironment,
  ReadRevocationsEnvironment,
  ReconcileEnvironment,
  RecordUnrevokedEnvironment,
  ReleaseGrantsEnvironment,
  ReportContainmentEnvironment,
  RevokeCredentialEnvironment,
  RevokeGrantsEnvironment,
  RotateExposedSecretsEnvironment,
  SignalReceiversEnvironment,
  StartRevocationEnvironment,
  TraceScopeEnvironment,
} from '../lambdas/revocation/environment.ts';
import {
  CreatePendingEnvironment,
  FinishRotationEnvironment,
  PublishSecretKeysEnvironment,
  ReadSecretsEnvironment,
  RecordRotationFailureEnvironment,
  RegisterSecretEnvironment,
  RetirePreviousEnvironment,
  RollBackRotationEnvironment,
  RotateDueSecretsEnvironment,
  SetPendingEnvironment,
  StartRotationEnvironment,
  TestPendingEnvironment,
} from '../lambdas/rotation/environment.ts';
import {
  AnswerPushEnvironment,
  AttestProofingEnvironment,
  AuthorizeCallerEnvironment,
  EndSessionEnvironment,
  EnrolAuthenticatorEnvironment,
  ExchangeTokenEnvironment,
  IntrospectTokenEnvironment,
  MakeHandoffEnvironment,
  ManageAuthenticatorsEnvironment,
  PublishMetadataEnvironment,
  ReadSessionEnvironment,
  RecordSignalEnvironment,
  RevokeTokenEnvironment,
  StartBackchannelEnvironment,
  StepUpSessionEnvironment,
  VerifyRequesterEnvironment,
} from '../lambdas/verification/environment.ts';
import type { WorkflowName } from '../workflows/manifest.ts';
import type { SecretUse } from './constructs/rotation-access.ts';
import type { Rate } from './constructs/schedule.ts';

/**
 * What may lie beside a function's code. `cedar` is the engine with the deployed policies as they are loaded,
 * `policy-sources` are the files that these were compiled from.
 */
export type CarriedFile = 'deployment' | 'cedar' | 'policy-sources' | 'openapi';

/** What one function is, is told, carries and may do. Its files and its construct bear its name. */
export interface FunctionDeclaration {
  readonly capability: string;
  /** The schema beside the handler: the function is told these variables and no others. */
  readonly environment: z.ZodObject;
  readonly carries?: readonly CarriedFile[];
  /** Kinds of entities that it reads. */
  readonly read?: readonly (EntityKind | 'HEALTH' | 'BOOKMARK')[];
  /** Kinds of lists that it reads, and `CHAIN`. */
  readonly list?: readonly (ListKind | 'CHAIN')[];
  /** Kinds of items that it puts. Who writes `CHAINS_OF` opens chains, and does not append to any other. */
  readonly write?: readonly ItemKind[];
  /** Kinds of lists that it deletes entries of. */
  readonly remove?: readonly ListKind[];
  /** `sign` includes reading the public key, which is what `verify` is. */
  readonly keys?: Readonly<
    Partial<Record<'sessionSigningKey' | 'grantSigningKey' | 'signalSigningKey', 'sign' | 'verify'>> &
      Partial<Record<'taskTokenKey', 'encrypt' | 'decrypt'>> &
      Partial<Record<'totpSeedKey', 'authenticate'>>
  >;
  /** From the managed secret: to authenticate the cursors of its lists, or the nonces of proofs. */
  readonly derivesKeys?: true;
  /** The workflows whose executions it starts. */
  readonly starts?: readonly WorkflowName[];
  /** The workflows of which it sees how their executions stand. */
  readonly follows?: readonly WorkflowName[];
  /** Wakes the executions that wait for a task token. */
  readonly answersTaskTokens?: true;
  /** The half of every connector that it has, with what that half needs at the deployment's targets. */
  readonly connectors?: 'mint' | 'revoke';
  /** It pushes signals to the deployment's receivers. */
  readonly signals?: true;
  /** It compiles and tests policy sets, which takes seconds of a whole processor. */
  readonly compilesPolicies?: true;
  /** How often EventBridge Scheduler calls it, with `{}`. */
  readonly schedule?: Rate;
  /** What it does with the values of managed secrets, and with their accounts. */
  readonly managedSecrets?: readonly SecretUse[];
}

/** What starting a rotation reads and writes. */
const startingRotations = {
  read: ['SECRET', 'ROTATION'],
  write: ['SECRET', 'ROTATION', 'DUE', 'CHAIN'],
  remove: ['DUE'],
  starts: ['rotate-secret'],
} as const satisfies Partial<FunctionDeclaration>;

/** What a half of the connectors reads and writes of our own: who has a managed secret checked out, and its rotations. */
const connectorNeeds = {
  mint: { read: ['SECRET'], write: ['SECRET', 'CHAIN'] },
  revoke: startingRotations,
} as const satisfies Record<'mint' | 'revoke', Partial<FunctionDeclaration>>;

/** What is read to decide by the policies in force. */
const policyNeeds = {
  read: ['POLICY_POINTER', 'POLICY_PART'],
} as const satisfies Partial<FunctionDeclaration>;

/** Every function. What is not in its row, it may not do. */
export const functions = {
  AuthorizeCaller: {
    capability: 'verification',
    environment: AuthorizeCallerEnvironment,
    read: ['SESSION', 'PRINCIPAL', 'FREEZE', 'NESTING'],
    write: ['SPENT'],
    keys: { sessionSigningKey: 'verify' },
    derivesKeys: true,
  },
  ExchangeToken: {
    capability: 'verification',
    environment: ExchangeTokenEnvironment,
    carries: ['deployment'],
    derivesKeys: true,
    read: ['PRINCIPAL', 'SESSION', 'BACKCHANNEL', 'HANDOFF', 'FREEZE', 'NESTING'],
    list: ['CHAIN'],
    write: ['SESSION', 'BACKCHANNEL', 'HANDOFF', 'SPENT', 'CHAIN', 'CHAINS_OF', 'SESSIONS_OF'],
    keys: { sessionSigningKey: 'sign' },
  },
  StartBackchannel: {
    capability: 'verification',
    environment: StartBackchannelEnvironment,
    carries: ['deployment'],
    write: ['BACKCHANNEL', 'PUSHES_OF', 'CHAIN', 'CHAINS_OF'],
  },
  AnswerPush: {
    capability: 'verification',
    environment: AnswerPushEnvironment,
    read: ['BACKCHANNEL', 'AUTHENTICATOR'],
    list: ['PUSHES_OF'],
    write: ['BACKCHANNEL', 'AUTHENTICATOR', 'SPENT', 'CHAIN'],
    remove: ['PUSHES_OF'],
  },
  AttestProofing: {
    capability: 'verification',
    environment: AttestProofingEnvironment,
    carries: ['deployment'],
    read: ['PRINCIPAL', 'FREEZE', 'NESTING'],
    write: ['SESSION', 'ENROLMENT_RIGHT', 'CHAIN', 'CHAINS_OF', 'SESSIONS_OF'],
    keys: { sessionSigningKey: 'sign' },
  },
  PublishMetadata: {
    capability: 'verification',
    environment: PublishMetadataEnvironment,
    keys: { sessionSigningKey: 'verify', grantSigningKey: 'verify', signalSigningKey: 'verify' },
  },
  IntrospectToken: {
    capability: 'verification',
    environment: IntrospectTokenEnvironment,
    carries: ['deployment'],
    read: ['SESSION', 'GRANT', 'PRINCIPAL', 'FREEZE', 'NESTING'],
    keys: { sessionSigningKey: 'verify', grantSigningKey: 'verify' },
  },
  RevokeToken: {
    capability: 'verification',
    environment: RevokeTokenEnvironment,
    read: ['SESSION', 'GRANT'],
    write: ['SESSION', 'GRANT', 'CHAIN'],
    keys: { sessionSigningKey: 'verify', grantSigningKey: 'verify', taskTokenKey: 'decrypt' },
    answersTaskTokens: true,
    remove: ['SESSIONS_OF'],
  },
  ReadSession: {
    capability: 'verification',
    environment: ReadSessionEnvironment,
    carries: ['deployment'],
    read: ['SESSION'],
  },
  EndSession: {
    capability: 'verification',
    environment: EndSessionEnvironment,
    read: ['SESSION'],
    write: ['SESSION', 'CHAIN'],
    remove: ['SESSIONS_OF'],
  },
  RecordSignal: {
    capability: 'verification',
    environment: RecordSignalEnvironment,
    carries: ['deployment'],
    read: ['SESSION'],
    write: ['SESSION', 'CHAIN'],
  },
  MakeHandoff: {
    capability: 'verification',
    environment: MakeHandoffEnvironment,
    write: ['HANDOFF', 'CHAIN'],
  },
  VerifyRequester: {
    capability: 'verification',
    environment: VerifyRequesterEnvironment,
    read: ['REQUEST', 'PRINCIPAL', 'SESSION', 'FREEZE', 'NESTING'],
    write: ['REQUEST', 'CHAIN'],
    remove: ['DUE'],
  },
  EnrolAuthenticator: {
    capability: 'verification',
    environment: EnrolAuthenticatorEnvironment,
    carries: ['deployment'],
    read: ['AUTHENTICATOR', 'ENROLMENT', 'ENROLMENT_RIGHT'],
    list: ['AUTHENTICATORS_OF'],
    write: ['AUTHENTICATOR', 'ENROLMENT', 'ENROLMENT_RIGHT', 'AUTHENTICATORS_OF', 'CHAIN'],
    remove: ['AUTHENTICATORS_OF'],
    keys: { totpSeedKey: 'authenticate' },
  },
  ManageAuthenticators: {
    capability: 'verification',
    environment: ManageAuthenticatorsEnvironment,
    read: ['AUTHENTICATOR'],
    list: ['AUTHENTICATORS_OF'],
    write: ['AUTHENTICATOR', 'CHAIN'],
    remove: ['AUTHENTICATORS_OF'],
  },
  StepUpSession: {
    capability: 'verification',
    environment: StepUpSessionEnvironment,
    carries: ['deployment'],
    read: ['AUTHENTICATOR', 'STEP_UP', 'SESSION', 'REQUEST'],
    list: ['AUTHENTICATORS_OF', 'WAITING_IN'],
    write: ['AUTHENTICATOR', 'STEP_UP', 'SESSION', 'CHAIN'],
    keys: { sessionSigningKey: 'sign', totpSeedKey: 'authenticate', taskTokenKey: 'decrypt' },
    answersTaskTokens: true,
  },

  ProvisionDirectory: {
    capability: 'directory',
    environment: ProvisionDirectoryEnvironment,
    carries: ['deployment'],
    read: ['PRINCIPAL', 'GROUP', 'NESTING', 'USER_NAME', 'REVOCATION'],
    list: ['PRINCIPALS', 'GROUPS', 'MEMBERS_OF', 'KNOWN_AS', 'CHAIN'],
    write: [
      'PRINCIPAL',
      'GROUP',
      'NESTING',
      'USER_NAME',
      'REVOCATION',
      'PRINCIPALS',
      'GROUPS',
      'MEMBERS_OF',
      'KNOWN_AS',
      'REVOCATIONS',
      'DUE',
      'CHAIN',
      'CHAINS_OF',
    ],
    remove: ['PRINCIPALS', 'GROUPS', 'MEMBERS_OF', 'KNOWN_AS'],
    starts: ['contain-incident'],
  },

  DecideAccess: {
    capability: 'decision',
    environment: DecideAccessEnvironment,
    carries: ['deployment', 'cedar'],
    read: ['REQUEST', 'PRINCIPAL', 'SESSION', 'FREEZE', 'NESTING'],
    write: ['REQUEST', 'WAITING_IN', 'GRANT', 'GRANTS_OF', 'LIVE_UNDER', 'DUE', 'CHAIN'],
    remove: ['WAITING_IN', 'DUE'],
  },
  RequestStepUp: {
    capability: 'decision',
    environment: RequestStepUpEnvironment,
    read: ['REQUEST', 'PRINCIPAL', 'SESSION', 'FREEZE', 'NESTING'],
    write: ['REQUEST', 'CHAIN'],
    keys: { taskTokenKey: 'encrypt' },
  },
  EvaluateAccess: {
    capability: 'decision',
    environment: EvaluateAccessEnvironment,
    carries: ['deployment', 'cedar'],
    read: ['PRINCIPAL', 'SESSION', 'FREEZE', 'GRANT', 'NESTING'],
    derivesKeys: true,
  },
  ManagePolicySets: {
    capability: 'decision',
    environment: ManagePolicySetsEnvironment,
    carries: ['deployment', 'cedar', 'policy-sources'],
    compilesPolicies: true,
    read: ['POLICY_SET', 'POLICY_PART', 'POLICY_POINTER'],
    list: ['POLICY_SETS', 'CHAIN'],
    write: ['POLICY_SET', 'POLICY_PART', 'POLICY_POINTER', 'POLICY_SETS', 'CHAIN', 'CHAINS_OF'],
    derivesKeys: true,
  },
  SearchAccess: {
    capability: 'decision',
    environment: SearchAccessEnvironment,
    carries: ['deployment', 'cedar'],
    read: ['PRINCIPAL', 'SESSION', 'FREEZE', 'GRANT', 'NESTING'],
    list: ['PRINCIPALS'],
    derivesKeys: true,
  },

  EnforceAccess: {
    capability: 'enforcement',
    environment: EnforceAccessEnvironment,
    carries: ['deployment', 'cedar'],
    read: ['PRINCIPAL', 'SESSION', 'FREEZE', 'GRANT', 'NESTING'],
    derivesKeys: true,
  },

  SubmitAccessRequest: {
    capability: 'requests',
    environment: SubmitAccessRequestEnvironment,
    carries: ['deployment'],
    read: ['REQUEST', 'BUNDLE', 'IDEMPOTENCY', 'GRANT'],
    write: ['REQUEST', 'BUNDLE', 'DUE', 'IDEMPOTENCY', 'CHAIN', 'CHAINS_OF'],
    remove: ['DUE'],
    starts: ['request-access'],
    derivesKeys: true,
  },
  ReadAccessRequest: {
    capability: 'requests',
    environment: ReadAccessRequestEnvironment,
    read: ['REQUEST', 'BUNDLE', 'GRANT', 'APPROVAL'],
  },
  CancelAccessRequest: {
    capability: 'requests',
    environment: CancelAccessRequestEnvironment,
    read: ['REQUEST', 'BUNDLE', 'APPROVAL', 'GRANT'],
    write: ['REQUEST', 'BUNDLE', 'APPROVAL', 'CHAIN'],
    remove: ['INBOX', 'WAITING_IN', 'DUE'],
    keys: { taskTokenKey: 'decrypt' },
    answersTaskTokens: true,
  },
  RecordFailure: {
    capability: 'requests',
    environment: RecordFailureEnvironment,
    read: ['REQUEST', 'APPROVAL', 'GRANT'],
    write: ['REQUEST', 'APPROVAL', 'GRANT', 'CHAIN'],
    remove: ['INBOX', 'WAITING_IN', 'LIVE_UNDER', 'DUE'],
  },

  RequestApproval: {
    capability: 'approval',
    environment: RequestApprovalEnvironment,
    read: ['REQUEST', 'APPROVAL', 'PRINCIPAL', 'FREEZE', 'NESTING'],
    write: ['APPROVAL', 'INBOX', 'CHAIN'],
    keys: { taskTokenKey: 'encrypt' },
  },
  SettleApproval: {
    capability: 'approval',
    environment: SettleApprovalEnvironment,
    read: ['APPROVAL', 'REQUEST'],
    write: ['APPROVAL', 'REQUEST', 'CHAIN'],
    remove: ['INBOX', 'DUE'],
  },
  ReadApprovals: {
    capability: 'approval',
    environment: ReadApprovalsEnvironment,
    read: ['APPROVAL'],
    list: ['INBOX'],
    derivesKeys: true,
  },
  DecideApproval: {
    capability: 'approval',
    environment: DecideApprovalEnvironment,
    read: ['APPROVAL', 'REQUEST', 'PRINCIPAL', 'FREEZE', 'NESTING'],
    write: ['APPROVAL', 'REQUEST', 'GRANT', 'GRANTS_OF', 'LIVE_UNDER', 'DUE', 'CHAIN'],
    remove: ['INBOX', 'DUE'],
    keys: { taskTokenKey: 'decrypt' },
    answersTaskTokens: true,
  },

  MintCredential: {
    capability: 'minting',
    environment: MintCredentialEnvironment,
    read: ['REQUEST', 'GRANT'],
    write: ['REQUEST', 'GRANT', 'DUE', 'CHAIN'],
    remove: ['DUE'],
  },
  HoldGrant: {
    capability: 'minting',
    environment: HoldGrantEnvironment,
    read: ['GRANT'],
    write: ['GRANT', 'CHAIN'],
    keys: { taskTokenKey: 'encrypt' },
  },
  ReadGrants: {
    capability: 'minting',
    environment: ReadGrantsEnvironment,
    carries: ['deployment'],
    read: ['GRANT'],
    list: ['GRANTS_OF'],
    derivesKeys: true,
  },
  ReturnGrant: {
    capability: 'minting',
    environment: ReturnGrantEnvironment,
    read: ['GRANT'],
    write: ['GRANT', 'CHAIN'],
    keys: { taskTokenKey: 'decrypt' },
    answersTaskTokens: true,
  },
  ClaimCredential: {
    capability: 'minting',
    environment: ClaimCredentialEnvironment,
    carries: ['deployment', 'cedar'],
    read: ['GRANT', 'FREEZE'],
    write: ['GRANT', 'FINGERPRINT', 'CHAIN'],
    keys: { grantSigningKey: 'sign' },
    connectors: 'mint',
  },

  RevokeCredential: {
    capability: 'revocation',
    environment: RevokeCredentialEnvironment,
    carries: ['deployment'],
    read: ['GRANT'],
    list: ['LIVE_UNDER'],
    write: ['GRANT', 'CHAIN'],
    keys: { taskTokenKey: 'decrypt' },
    answersTaskTokens: true,
    connectors: 'revoke',
  },
  CloseGrant: {
    capability: 'revocation',
    environment: CloseGrantEnvironment,
    read: ['GRANT', 'REQUEST', 'APPROVAL'],
    write: ['GRANT', 'REQUEST', 'CHAIN'],
    remove: ['LIVE_UNDER', 'DUE'],
  },
  RecordUnrevoked: {
    capability: 'revocation',
    environment: RecordUnrevokedEnvironment,
    read: ['GRANT', 'REQUEST', 'APPROVAL'],
    write: ['GRANT', 'REQUEST', 'CHAIN'],
    remove: ['LIVE_UNDER', 'DUE'],
  },
  Reconcile: {
    capability: 'revocation',
    environment: ReconcileEnvironment,
    carries: ['deployment'],
    read: ['GRANT', 'REQUEST', 'APPROVAL', 'ORPHAN', 'REVOCATION', 'BOOKMARK'],
    list: ['DUE', 'LIVE_UNDER', 'CHAIN'],
    write: ['GRANT', 'REQUEST', 'APPROVAL', 'ORPHAN', 'REVOCATION', 'DUE', 'BOOKMARK', 'CHAIN', 'CHAINS_OF'],
    remove: ['LIVE_UNDER', 'DUE', 'INBOX', 'WAITING_IN'],
    keys: { taskTokenKey: 'decrypt' },
    starts: ['contain-incident'],
    follows: ['request-access', 'contain-incident'],
    answersTaskTokens: true,
    connectors: 'revoke',
    schedule: 'rate(5 minutes)',
  },

  StartRevocation: {
    capability: 'revocation',
    environment: StartRevocationEnvironment,
    carries: ['deployment'],
    read: ['REVOCATION', 'REVOCATION_SCOPE', 'FREEZE', 'PRINCIPAL', 'SESSION', 'GRANT', 'SECRET'],
    list: ['FINGERPRINT'],
    write: ['REVOCATION', 'REVOCATION_SCOPE', 'REVOCATIONS', 'FREEZE', 'DUE', 'CHAIN', 'CHAINS_OF'],
    keys: { sessionSigningKey: 'verify', grantSigningKey: 'verify' },
    starts: ['contain-incident'],
  },
  ReadRevocations: {
    capability: 'revocation',
    environment: ReadRevocationsEnvironment,
    carries: ['deployment'],
    read: ['REVOCATION', 'REVOCATION_PAGE', 'GRANT', 'SESSION'],
    list: ['REVOCATIONS'],
    derivesKeys: true,
  },
  LiftFreeze: {
    capability: 'revocation',
    environment: LiftFreezeEnvironment,
    carries: ['deployment'],
    read: ['REVOCATION', 'FREEZE'],
    write: ['REVOCATION', 'FREEZE', 'CHAIN'],
  },
  FreezeScope: {
    capability: 'revocation',
    environment: FreezeScopeEnvironment,
    read: ['REVOCATION', 'REVOCATION_PAGE', 'FREEZE'],
    write: ['REVOCATION', 'CHAIN'],
  },
  TraceScope: {
    capability: 'revocation',
    environment: TraceScopeEnvironment,
    carries: ['deployment'],
    read: ['REVOCATION', 'REVOCATION_PAGE', 'PRINCIPAL', 'SESSION', 'GRANT'],
    list: ['LIVE_UNDER', 'OWNED_BY', 'SESSIONS_OF'],
    write: ['REVOCATION', 'REVOCATION_PAGE', 'CHAIN'],
  },
  EndRights: {
    capability: 'revocation',
    environment: EndRightsEnvironment,
    read: ['REVOCATION', 'REVOCATION_PAGE', 'GRANT', 'REQUEST', 'APPROVAL'],
    write: ['GRANT', 'REQUEST', 'CHAIN'],
    remove: ['LIVE_UNDER', 'DUE'],
  },
  RevokeGrants: {
    capability: 'revocation',
    environment: RevokeGrantsEnvironment,
    carries: ['deployment'],
    read: ['REVOCATION', 'REVOCATION_PAGE', 'GRANT'],
    write: ['GRANT', 'CHAIN'],
    connectors: 'revoke',
  },
  CloseSessions: {
    capability: 'revocation',
    environment: CloseSessionsEnvironment,
    read: ['REVOCATION', 'REVOCATION_PAGE', 'SESSION'],
    write: ['SESSION', 'CHAIN'],
    remove: ['SESSIONS_OF'],
  },
  RotateExposedSecrets: {
    capability: 'revocation',
    environment: RotateExposedSecretsEnvironment,
    ...startingRotations,
    read: ['REVOCATION', 'FREEZE', ...startingRotations.read],
    write: ['REVOCATION', 'FREEZE', ...startingRotations.write],
  },
  ConfirmContainment: {
    capability: 'revocation',
    environment: ConfirmContainmentEnvironment,
    read: ['REVOCATION'],
    write: ['REVOCATION', 'CHAIN'],
  },
  ReleaseGrants: {
    capability: 'revocation',
    environment: ReleaseGrantsEnvironment,
    read: ['REVOCATION', 'REVOCATION_PAGE', 'GRANT'],
    write: ['GRANT', 'CHAIN'],
    remove: ['LIVE_UNDER', 'DUE'],
    keys: { taskTokenKey: 'decrypt' },
    answersTaskTokens: true,
  },
  SignalReceivers: {
    capability: 'revocation',
    environment: SignalReceiversEnvironment,
    carries: ['deployment'],
    read: ['REVOCATION', 'REVOCATION_PAGE', 'GRANT', 'SESSION'],
    list: ['CHAIN'],
    write: ['REVOCATION_PAGE', 'CHAIN', 'CHAINS_OF'],
    keys: { signalSigningKey: 'sign' },
    signals: true,
  },
  ReportContainment: {
    capability: 'revocation',
    environment: ReportContainmentEnvironment,
    read: ['REVOCATION'],
    write: ['REVOCATION', 'CHAIN'],
    remove: ['DUE'],
  },
  HandOverContainment: {
    capability: 'revocation',
    environment: HandOverContainmentEnvironment,
    starts: ['contain-incident'],
  },
  RegisterSecret: {
    capability: 'rotation',
    environment: RegisterSecretEnvironment,
    carries: ['deployment'],
    read: ['SECRET', 'PRINCIPAL'],
    write: ['SECRET', 'SECRETS', 'ROTATION', 'DUE', 'CHAIN', 'CHAINS_OF'],
    starts: ['rotate-secret'],
  },
  ReadSecrets: {
    capability: 'rotation',
    environment: ReadSecretsEnvironment,
    carries: ['deployment'],
    read: ['SECRET', 'ROTATION'],
    list: ['SECRETS'],
    derivesKeys: true,
  },
  PublishSecretKeys: {
    capability: 'rotation',
    environment: PublishSecretKeysEnvironment,
    read: ['SECRET'],
  },
  StartRotation: {
    capability: 'rotation',
    environment: StartRotationEnvironment,
    carries: ['deployment'],
    ...startingRotations,
  },
  RotateDueSecrets: {
    capability: 'rotation',
    environment: RotateDueSecretsEnvironment,
    ...startingRotations,
    list: ['DUE'],
    schedule: 'rate(5 minutes)',
  },
  CreatePending: {
    capability: 'rotation',
    environment: CreatePendingEnvironment,
    carries: ['deployment'],
    read: ['SECRET', 'ROTATION'],
    write: ['SECRET', 'FINGERPRINT', 'DUE', 'CHAIN'],
    remove: ['FINGERPRINT', 'DUE'],
    managedSecrets: ['open', 'describe', 'label', 'read', 'make', 'administer'],
  },
  SetPending: {
    capability: 'rotation',
    environment: SetPendingEnvironment,
    carries: ['deployment'],
    read: ['SECRET', 'ROTATION'],
    write: ['SECRET', 'CHAIN'],
    managedSecrets: ['describe', 'read', 'set'],
  },
  TestPending: {
    capability: 'rotation',
    environment: TestPendingEnvironment,
    carries: ['deployment'],
    read: ['SECRET', 'ROTATION'],
    managedSecrets: ['describe', 'read'],
  },
  FinishRotation: {
    capability: 'rotation',
    environment: FinishRotationEnvironment,
    carries: ['deployment'],
    read: ['SECRET', 'ROTATION'],
    write: ['SECRET', 'DUE', 'CHAIN'],
    remove: ['DUE'],
    managedSecrets: ['describe', 'label'],
  },
  RetirePrevious: {
    capability: 'rotation',
    environment: RetirePreviousEnvironment,
    carries: ['deployment'],
    read: ['SECRET', 'ROTATION'],
    write: ['SECRET', 'ROTATION', 'DUE', 'CHAIN'],
    remove: ['FINGERPRINT', 'DUE'],
    managedSecrets: ['read', 'administer'],
  },
  RollBackRotation: {
    capability: 'rotation',
    environment: RollBackRotationEnvironment,
    carries: ['deployment'],
    read: ['SECRET', 'ROTATION'],
    write: ['SECRET', 'DUE', 'CHAIN'],
    remove: ['FINGERPRINT', 'DUE'],
    managedSecrets: ['open', 'describe', 'label', 'read', 'administer'],
  },
  RecordRotationFailure: {
    capability: 'rotation',
    environment: RecordRotationFailureEnvironment,
    carries: ['deployment'],
    read: ['SECRET', 'ROTATION'],
    write: ['SECRET', 'ROTATION', 'DUE', 'CHAIN'],
    remove: ['DUE'],
    managedSecrets: ['describe'],
  },

  ReadAudit: {
    capability: 'audit',
    environment: ReadAuditEnvironment,
    carries: ['deployment'],
    list: ['CHAIN', 'CHAINS_OF'],
  },

  DescribeService: {
    capability: 'platform',
    environment: DescribeServiceEnvironment,
    carries: ['openapi'],
    read: ['HEALTH'],
  },
} as const satisfies Record<string, FunctionDeclaration>;

export type FunctionName = keyof typeof functions;

/** Every variable that some function is told. */
export type EnvironmentVariable = {
  [Name in FunctionName]: keyof z.input<(typeof functions)[Name]['environment']>;
}[FunctionName];

/** The declarations by name, as one type, each with what its connectors and its policies need. */
export const declarations = Object.fromEntries(
  Object.entries<FunctionDeclaration>(functions).map(([name, row]) => [name, withNeeds(row)]),
) as Readonly<Record<FunctionName, FunctionDeclaration>>;

function withNeeds(row: FunctionDeclaration): FunctionDeclaration {
  const needs: Partial<FunctionDeclaration>[] = [
    row.connectors === undefined ? {} : connectorNeeds[row.connectors],
    row.carries?.includes('cedar') ? policyNeeds : {},
  ];
  return needs.reduce<FunctionDeclaration>(withNeed, row);
}

function withNeed(row: FunctionDeclaration, needs: Partial<FunctionDeclaration>): FunctionDeclaration {
  const both = <Item>(one: readonly Item[] = [], other: readonly Item[] = []) => [
    ...new Set([...one, ...other]),
  ];
  return {
    ...row,
    read: both(row.read, needs.read),
    write: both(row.write, needs.write),
    remove: both(row.remove, needs.remove),
    starts: both(row.starts, needs.starts),
  };
}

export const functionNames = Object.keys(functions) as FunctionName[];
