import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';
import type { CredentialMinter } from '../../connector.port.ts';

const notBuilt = (): never => {
  throw new DependencyUnavailable('not built');
};

export function githubAppMinter(_secrets: AdministratorSecrets): CredentialMinter<TargetOf<'github-app'>> {
  return {
    mint: notBuilt,
    lifetimeSeconds: (_, remainingSeconds) => remainingSeconds,
    keeps: true,
    delivers: 'secret',
  };
}
