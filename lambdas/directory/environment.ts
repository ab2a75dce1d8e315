import { ContainmentEnvironment, IssuerEnvironment, TableEnvironment } from '../platform/environment.ts';

/** What the function of this capability is told; the same schema types its construct in `cdk/`. */
export const ProvisionDirectoryEnvironment = TableEnvironment.extend(IssuerEnvironment.shape).extend(
  ContainmentEnvironment.shape,
);
