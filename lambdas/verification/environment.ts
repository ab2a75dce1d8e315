import {
  DerivationEnvironment,
  GrantSigningEnvironment,
  IssuerEnvironment,
  SessionSigningEnvironment,
  SignalSigningEnvironment,
  TableEnvironment,
  TaskTokenEnvironment,
  TotpSeedEnvironment,
} from '../platform/environment.ts';

/** What each function of this capability is told; the same schema types its construct in `cdk/`. */
export const AuthorizeCallerEnvironment = TableEnvironment.extend(IssuerEnvironment.shape)
  .extend(SessionSigningEnvironment.shape)
  .extend(DerivationEnvironment.shape);
export const ExchangeTokenEnvironment = TableEnvironment.extend(IssuerEnvironment.shape)
  .extend(SessionSigningEnvironment.shape)
  .extend(DerivationEnvironment.shape);
export const PublishMetadataEnvironment = IssuerEnvironment.extend(SessionSigningEnvironment.shape)
  .extend(GrantSigningEnvironment.shape)
  .extend(SignalSigningEnvironment.shape);
export const IntrospectTokenEnvironment = TableEnvironment.extend(IssuerEnvironment.shape)
  .extend(SessionSigningEnvironment.shape)
  .extend(GrantSigningEnvironment.shape);
export const RevokeTokenEnvironment = TableEnvironment.extend(IssuerEnvironment.shape)
  .extend(SessionSigningEnvironment.shape)
  .extend(GrantSigningEnvironment.shape)
  .extend(TaskTokenEnvironment.shape);
export const ReadSessionEnvironment = TableEnvironment;
export const EndSessionEnvironment = TableEnvironment;
export const MakeHandoffEnvironment = TableEnvironment;
export const RecordSignalEnvironment = TableEnvironment;
export const VerifyRequesterEnvironment = TableEnvironment;
export const StartBackchannelEnvironment = TableEnvironment;
export const AnswerPushEnvironment = TableEnvironment.extend(IssuerEnvironment.shape);
export const AttestProofingEnvironment = TableEnvironment.extend(IssuerEnvironment.shape).extend(
  SessionSigningEnvironment.shape,
);
export const EnrolAuthenticatorEnvironment = TableEnvironment.extend(TotpSeedEnvironment.shape);
export const StepUpSessionEnvironment = TableEnvironment.extend(IssuerEnvironment.shape)
  .extend(SessionSigningEnvironment.shape)
  .extend(TotpSeedEnvironment.shape)
  .extend(TaskTokenEnvironment.shape);
export const ManageAuthenticatorsEnvironment = TableEnvironment;
