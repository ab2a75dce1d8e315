import {
  DataKeyEnvironment,
  DerivationEnvironment,
  GrantSigningEnvironment,
  IssuerEnvironment,
  SecretsEnvironment,
  TableEnvironment,
  TaskTokenEnvironment,
  VaultEnvironment,
} from '../platform/environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const MintCredentialEnvironment = TableEnvironment;
export const HoldGrantEnvironment = TableEnvironment.extend(TaskTokenEnvironment.shape);
export const ReadGrantsEnvironment = TableEnvironment.extend(DerivationEnvironment.shape);
export const ReturnGrantEnvironment = TableEnvironment.extend(TaskTokenEnvironment.shape);
export const ClaimCredentialEnvironment = TableEnvironment.extend(IssuerEnvironment.shape)
  .extend(GrantSigningEnvironment.shape)
  .extend(DataKeyEnvironment.shape)
  .extend(SecretsEnvironment.shape)
  .extend(VaultEnvironment.shape);
