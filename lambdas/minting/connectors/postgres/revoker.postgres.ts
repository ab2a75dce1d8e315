import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';
import type { CredentialRevoker, Material, ProbeAnswer } from '../../connector.port.ts';
import { administration, Login, logIn, sqlState, stateOf } from './connection.postgres.ts';
import { endRole } from './end-role.postgres.ts';
import { roleNameOf, rolePrefix } from './grant-role.postgres.ts';

type Target = TargetOf<'postgres'>;

/** Ends the role of a grant, and tries to log in as it. */
export function postgresRevoker(secrets: AdministratorSecrets): CredentialRevoker<Target> {
  const asAdministrator = administration(secrets);
  return {
    revoke: (grant, target) => endRole(asAdministrator, target, roleNameOf(grant)),

    async probe(grant, target, kept) {
      const tried = kept === undefined ? undefined : await tryLogin(target, kept);
      if (tried !== undefined && tried.answer !== 'dead') return tried;
      // That this password is refused is not enough: its grantee may have set another one, or still be logged in.
      const asked = await askCatalogue(target, roleNameOf(grant));
      return { answer: asked.answer, how: tried === undefined ? asked.how : `${tried.how}; ${asked.how}` };
    },

    // A session is cut, and not only kept from being opened again.
    boundSeconds: () => 0,

    listHandles: (target) =>
      asAdministrator(target, async (client) => {
        // By its membership one is told from those of another target on the same server.
        const { rows } = await client.query<{ rolname: string }>(
          `SELECT rolname FROM pg_roles AS made
            WHERE starts_with(rolname, $1)
              AND EXISTS (SELECT FROM pg_auth_members JOIN pg_roles AS held ON held.oid = roleid
                           WHERE member = made.oid AND held.rolname = ANY ($2))`,
          [rolePrefix, Object.values(target.permissions).map(({ role }) => role)],
        );
        return rows.map(({ rolname }) => rolname);
      }),

    keeps: true,
  };

  async function askCatalogue(target: Target, name: string): Promise<ProbeAnswer> {
    try {
      return await asAdministrator(target, async (client) => {
        const { rows } = await client.query<{ admitted: boolean; sessions: number }>(
          `SELECT rolcanlogin AND coalesce(rolvaliduntil > now(), true) AS admitted,
                  (SELECT count(*)::int FROM pg_stat_activity WHERE usename = rolname) AS sessions
             FROM pg_roles WHERE rolname = $1`,
          [name],
        );
        const [role] = rows;
        if (role === undefined) return { answer: 'dead', how: 'the catalogue has no such role' };
        if (role.sessions > 0) return { answer: 'live', how: 'the role has open sessions' };
        return role.admitted
          ? { answer: 'live', how: 'the role may log in' }
          : { answer: 'dead', how: 'the role may not log in and has no session' };
      });
    } catch (error) {
      if (error instanceof DependencyUnavailable)
        return { answer: 'unknown', how: 'the catalogue could not be asked' };
      throw error;
    }
  }
}

async function tryLogin(target: Target, kept: Material): Promise<ProbeAnswer> {
  try {
    await logIn(target, Login.parse(kept));
    return { answer: 'live', how: 'logged in with the password' };
  } catch (error) {
    switch (stateOf(error)) {
      case sqlState.invalidPassword:
      case sqlState.invalidAuthorization:
        return { answer: 'dead', how: `a login with the password was refused (${stateOf(error)})` };
      case sqlState.tooManyConnections:
        // Said only to who has proven the password.
        return { answer: 'live', how: 'the password was accepted, but too many sessions are open' };
      default:
        return { answer: 'unknown', how: 'no answer to a login' };
    }
  }
}
