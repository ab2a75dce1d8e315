import * as z from 'zod';
import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';
import type { CredentialMinter } from '../../connector.port.ts';
import { credentialHandle } from '../../grant.ts';
import { connectToCluster, removeObjects } from './cluster.kubernetes.ts';
import { grantObjects, pathsIn, tokenRequest } from './grant-objects.ts';

const Made = z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) });

/** The API server tells what it has bound the token to. */
const Issued = z.object({
  spec: z.object({ boundObjectRef: z.object({ kind: z.literal('Secret'), uid: z.string() }) }),
  status: z.object({ token: z.string().min(1) }),
});

/** Makes tokens of service accounts, each of an account of its own. */
export function kubernetesMinter(secrets: AdministratorSecrets): CredentialMinter<TargetOf<'kubernetes'>> {
  return {
    async mint(grant, target, { nowEpochSeconds, expiresAtEpochSeconds }) {
      const cluster = await connectToCluster(secrets, target);
      const { serviceAccount, secret, roleBindings } = grantObjects(grant, target);
      const paths = pathsIn(target);
      const made = async (path: string, object: object) => {
        const created = await cluster.create(path, object, Made);
        if (created === undefined) throw new DependencyUnavailable('An object of the grant is there already');
        return created.metadata;
      };

      // There already: a try before has left it, with its token.
      if ((await cluster.create(paths.serviceAccounts, serviceAccount, Made)) === undefined) {
        await removeObjects(cluster, grant, target);
        await made(paths.serviceAccounts, serviceAccount);
      }
      const [{ name, uid }] = await Promise.all([
        made(paths.secrets, secret),
        ...roleBindings.map((binding) => made(paths.roleBindings, binding)),
      ]);

      const issued = await cluster.create(
        `${paths.serviceAccounts}/${credentialHandle(grant.id)}/token`,
        tokenRequest(target, { name, uid }, expiresAtEpochSeconds - nowEpochSeconds),
        Issued,
      );
      // One that did not end with the Secret would outlive the grant.
      if (issued?.spec.boundObjectRef.uid !== uid)
        throw new DependencyUnavailable('The API server did not bind the token to its Secret');
      const { token } = issued.status;
      return { material: { access_token: token }, recognisedBy: [token], tokenType: 'Bearer' };
    },

    lifetimeSeconds: (_target, remainingSeconds) => remainingSeconds,
    keeps: true,
    delivers: 'token',
  };
}
