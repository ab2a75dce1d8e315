import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';
import type { CredentialMinter } from '../../connector.port.ts';

const notBuilt = (): never => {
  throw new DependencyUnavailable('not built');
};

export function postgresMinter(_secrets: AdministratorSecrets): CredentialMinter<TargetOf<'postgres'>> {
  return {
    mint: notBuilt,
    lifetimeSeconds: (_, remainingSeconds) => remainingSeconds,
    keeps: true,
    delivers: 'secret',
  };
}
