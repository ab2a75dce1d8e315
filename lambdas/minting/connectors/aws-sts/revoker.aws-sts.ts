import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';
import type { CredentialRevoker } from '../../connector.port.ts';

const notBuilt = (): never => {
  throw new DependencyUnavailable('not built');
};

export function awsStsRevoker(_secrets: AdministratorSecrets): CredentialRevoker<TargetOf<'aws-sts'>> {
  return {
    revoke: notBuilt,
    probe: notBuilt,
    boundSeconds: () => 0,
    keeps: true,
  };
}
