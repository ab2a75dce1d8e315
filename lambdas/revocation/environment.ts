import {
  ContainmentEnvironment,
  DerivationEnvironment,
  GrantSigningEnvironment,
  IssuerEnvironment,
  RotationWorkflowEnvironment,
  SecretsEnvironment,
  SessionSigningEnvironment,
  SignalSigningEnvironment,
  TableEnvironment,
  TaskTokenEnvironment,
  WorkflowEnvironment,
} from '../platform/environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const RevokeCredentialEnvironment = TableEnvironment.extend(TaskTokenEnvironment.shape)
  .extend(SecretsEnvironment.shape)
  .extend(RotationWorkflowEnvironment.shape);
export const CloseGrantEnvironment = TableEnvironment;
export const RecordUnrevokedEnvironment = TableEnvironment;
export const ReconcileEnvironment = RevokeCredentialEnvironment.extend(WorkflowEnvironment.shape).extend(
  ContainmentEnvironment.shape,
);

export const StartRevocationEnvironment = TableEnvironment.extend(IssuerEnvironment.shape)
  .extend(SessionSigningEnvironment.shape)
  .extend(GrantSigningEnvironment.shape)
  .extend(ContainmentEnvironment.shape);
export const ReadRevocationsEnvironment = TableEnvironment.extend(DerivationEnvironment.shape);
export const LiftFreezeEnvironment = TableEnvironment;
export const FreezeScopeEnvironment = TableEnvironment;
export const TraceScopeEnvironment = TableEnvironment;
export const EndRightsEnvironment = TableEnvironment;
export const RevokeGrantsEnvironment = RevokeCredentialEnvironment;
export const CloseSessionsEnvironment = TableEnvironment;
export const RotateExposedSecretsEnvironment = TableEnvironment.extend(RotationWorkflowEnvironment.shape);
export const ConfirmContainmentEnvironment = TableEnvironment;
export const ReleaseGrantsEnvironment = TableEnvironment.extend(TaskTokenEnvironment.shape);
export const SignalReceiversEnvironment = TableEnvironment.extend(IssuerEnvironment.shape).extend(
  SignalSigningEnvironment.shape,
);
export const ReportContainmentEnvironment = TableEnvironment;
export const HandOverContainmentEnvironment = ContainmentEnvironment;
