import { DerivationEnvironment, TableEnvironment, TaskTokenEnvironment } from '../platform/environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const RequestApprovalEnvironment = TableEnvironment.extend(TaskTokenEnvironment.shape);
export const SettleApprovalEnvironment = TableEnvironment;
export const ReadApprovalsEnvironment = TableEnvironment.extend(DerivationEnvironment.shape);
export const DecideApprovalEnvironment = TableEnvironment.extend(TaskTokenEnvironment.shape);
