import { TableEnvironment } from './environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const DescribeServiceEnvironment = TableEnvironment;
