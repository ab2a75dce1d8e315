import { TableEnvironment, WorkflowEnvironment } from '../platform/environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const SubmitAccessRequestEnvironment = TableEnvironment.extend(WorkflowEnvironment.shape);
export const ReadAccessRequestEnvironment = TableEnvironment;
export const RecordFailureEnvironment = TableEnvironment;
