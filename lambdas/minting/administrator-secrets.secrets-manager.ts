import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { DependencyUnavailable } from '../platform/failures.ts';
import { administratorSecretName } from '../platform/target.ts';
import type { AdministratorSecrets } from './administrator-secrets.port.ts';

const Held = z.record(z.string(), z.string());

/** One secret a target, `sallyport/targets/<id>`: a JSON object of strings. It is read at each use, so that it can be rotated. */
export function secretsManagerAdministratorSecrets(client: SecretsManagerClient): AdministratorSecrets {
  return {
    async read(targetId) {
      try {
        const { SecretString } = await client.send(
          new GetSecretValueCommand({ SecretId: administratorSecretName(targetId) }),
        );
        return Held.parse(JSON.parse(SecretString ?? ''));
      } catch {
        // Without its cause: what does not parse may be shown in it.
        throw new DependencyUnavailable(`The administrator's secret of ${targetId} could not be read`);
      }
    },
  };
}
