import {
  DataKeyEnvironment,
  DerivationEnvironment,
  RotationWorkflowEnvironment,
  TableEnvironment,
} from '../platform/environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const RegisterSecretEnvironment = TableEnvironment.extend(RotationWorkflowEnvironment.shape);
export const StartRotationEnvironment = TableEnvironment.extend(RotationWorkflowEnvironment.shape);
export const RotateDueSecretsEnvironment = TableEnvironment.extend(RotationWorkflowEnvironment.shape);
export const ReadSecretsEnvironment = TableEnvironment.extend(DerivationEnvironment.shape);
export const PublishSecretKeysEnvironment = TableEnvironment;
export const CreatePendingEnvironment = TableEnvironment.extend(DataKeyEnvironment.shape);
export const SetPendingEnvironment = TableEnvironment;
export const TestPendingEnvironment = TableEnvironment;
export const FinishRotationEnvironment = TableEnvironment;
export const RetirePreviousEnvironment = TableEnvironment;
export const RollBackRotationEnvironment = TableEnvironment.extend(DataKeyEnvironment.shape);
export const RecordRotationFailureEnvironment = TableEnvironment;
