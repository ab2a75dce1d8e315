import {
  DerivationEnvironment,
  IssuerEnvironment,
  TableEnvironment,
  TaskTokenEnvironment,
} from '../platform/environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const DecideAccessEnvironment = TableEnvironment;
export const RequestStepUpEnvironment = TableEnvironment.extend(TaskTokenEnvironment.shape);
export const EvaluateAccessEnvironment = TableEnvironment.extend(IssuerEnvironment.shape).extend(
  DerivationEnvironment.shape,
);
export const ManagePolicySetsEnvironment = TableEnvironment.extend(DerivationEnvironment.shape);
export const SearchAccessEnvironment = TableEnvironment.extend(DerivationEnvironment.shape);
