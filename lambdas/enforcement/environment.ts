import { DerivationEnvironment, IssuerEnvironment, TableEnvironment } from '../platform/environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const EnforceAccessEnvironment = TableEnvironment.extend(IssuerEnvironment.shape).extend(
  DerivationEnvironment.shape,
);
