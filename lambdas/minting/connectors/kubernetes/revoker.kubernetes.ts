import * as z from 'zod';
import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';
import type { CredentialRevoker, ProbeAnswer } from '../../connector.port.ts';
import { credentialHandle } from '../../grant.ts';
import { connectToCluster, removeObjects } from './cluster.kubernetes.ts';
import { OURS, pathsIn, tokenReview } from './grant-objects.ts';

/**
 * An API server remembers for so long that it has accepted a token. It is a constant of Kubernetes, which no flag
 * changes (`TokenSuccessCacheTTL` in pkg/kubeapiserver/options/authentication.go).
 */
const AUTHENTICATION_CACHE_SECONDS = 10;

const Reviewed = z.object({ status: z.object({ authenticated: z.boolean().default(false) }) });

/** Deletes what the tokens of grants hang on. */
export function kubernetesRevoker(secrets: AdministratorSecrets): CredentialRevoker<TargetOf<'kubernetes'>> {
  return {
    async revoke(grant, target) {
      await removeObjects(await connectToCluster(secrets, target), grant, target);
    },

    async probe(grant, target, kept): Promise<ProbeAnswer> {
      try {
        const cluster = await connectToCluster(secrets, target);
        const { tokenReviews, serviceAccounts } = pathsIn(target);
        const token = kept?.['access_token'];
        if (token !== undefined) {
          const review = await cluster.create(tokenReviews, tokenReview(target, token), Reviewed);
          if (review?.status.authenticated !== false)
            return { answer: 'live', how: 'TokenReview: authenticated' };
        }
        // A TokenReview that could not look says no as well: what every token of the account hangs on must be gone.
        const tried = token === undefined ? '' : 'TokenReview: not authenticated; ';
        return (await cluster.exists(`${serviceAccounts}/${credentialHandle(grant.id)}`))
          ? { answer: 'unknown', how: `${tried}its service account is there` }
          : { answer: 'dead', how: `${tried}its service account is gone` };
      } catch (error) {
        if (!(error instanceof DependencyUnavailable)) throw error;
        return { answer: 'unknown', how: 'the API server did not confirm' };
      }
    },

    async listHandles(target) {
      const cluster = await connectToCluster(secrets, target);
      return cluster.names(pathsIn(target).serviceAccounts, OURS);
    },

    boundSeconds: () => AUTHENTICATION_CACHE_SECONDS,
    keeps: true,
  };
}
