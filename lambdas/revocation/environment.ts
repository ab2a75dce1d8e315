import { GrantSigningEnvironment, IssuerEnvironment, TableEnvironment } from '../platform/environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const RevokeCredentialEnvironment = TableEnvironment.extend(IssuerEnvironment.shape).extend(
  GrantSigningEnvironment.shape,
);
export const CloseGrantEnvironment = TableEnvironment;
export const RecordUnrevokedEnvironment = TableEnvironment;
