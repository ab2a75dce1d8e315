import { newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import type { RotationDependencies } from './rotation-case.ts';
import { allRotators } from './rotators/rotators.aws.ts';
import { secretsManagerVersions } from './secret-versions.secrets-manager.ts';

/** What a step of a rotation is composed with. */
export function rotationDependencies(
  environment: { readonly TABLE_NAME: string; readonly DATA_KEY_ID?: string },
  directory: string,
): RotationDependencies {
  const secretsManager = newSecretsManager();
  return {
    deployment: readDeployment(directory),
    rotators: allRotators(secretsManager),
    versions: secretsManagerVersions(secretsManager, environment.DATA_KEY_ID),
    ledger: newLedger(environment.TABLE_NAME),
    clock: systemClock,
  };
}
