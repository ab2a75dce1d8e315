import {
  RotationWorkflowEnvironment,
  SecretsEnvironment,
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
export const ReconcileEnvironment = RevokeCredentialEnvironment.extend(WorkflowEnvironment.shape);
