import { randomBytes } from 'node:crypto';
import type { TargetOf } from '../../../platform/deployment.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';
import type { CredentialMinter } from '../../connector.port.ts';
import { administration, sqlState, stateOf } from './connection.postgres.ts';
import { endRole } from './end-role.postgres.ts';
import { creationOf, roleNameOf } from './grant-role.postgres.ts';
import { scramVerifier } from './scram-verifier.ts';

const PASSWORD_BYTES = 32;

/** Makes a login role of its own for each grant, a member of the roles that the grant's permissions are. */
export function postgresMinter(secrets: AdministratorSecrets): CredentialMinter<TargetOf<'postgres'>> {
  const asAdministrator = administration(secrets);
  return {
    async mint(grant, target, { expiresAtEpochSeconds }) {
      const password = randomBytes(PASSWORD_BYTES).toString('base64url');
      const verifier = await scramVerifier(password);
      const creation = creationOf(grant, target, { verifier, expiresAtEpochSeconds });
      const created = await create(target, creation);
      if (created === 'taken') {
        // A try before has left it, with a password that somebody may have been given, and perhaps sessions.
        await endRole(asAdministrator, target, roleNameOf(grant));
        await create(target, creation);
      }
      return {
        material: {
          username: roleNameOf(grant),
          password,
          host: target.host,
          port: String(target.port),
          database: target.database,
        },
        recognisedBy: [password],
      };
    },
    lifetimeSeconds: (_, remainingSeconds) => remainingSeconds,
    keeps: true,
    delivers: 'secret',
  };

  function create(target: TargetOf<'postgres'>, creation: string): Promise<'made' | 'taken'> {
    return asAdministrator(target, async (client) => {
      try {
        await client.query(creation);
        return 'made';
      } catch (error) {
        if (stateOf(error) === sqlState.duplicateObject) return 'taken';
        throw error;
      }
    });
  }
}
