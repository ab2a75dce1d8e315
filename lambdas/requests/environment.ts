import {
  DerivationEnvironment,
  IssuerEnvironment,
  TableEnvironment,
  TaskTokenEnvironment,
  WorkflowEnvironment,
} from '../platform/environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const SubmitAccessRequestEnvironment = TableEnvironment.extend(WorkflowEnvironment.shape)
  .extend(IssuerEnvironment.shape)
  .extend(DerivationEnvironment.shape);
export const ReadAccessRequestEnvironment = TableEnvironment.extend(IssuerEnvironment.shape);
export const CancelAccessRequestEnvironment = TableEnvironment.extend(IssuerEnvironment.shape).extend(
  TaskTokenEnvironment.shape,
);
export const RecordFailureEnvironment = TableEnvironment;
