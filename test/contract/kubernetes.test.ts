import { startKubernetesApi } from '../../demo/kubernetes-api.ts';
import { kubernetesMinter } from '../../lambdas/minting/connectors/kubernetes/minter.kubernetes.ts';
import { kubernetesRevoker } from '../../lambdas/minting/connectors/kubernetes/revoker.kubernetes.ts';
import { clusterTarget, secretsHolding, usableAtCluster, whileDown } from '../support/token-targets.ts';
import { connectorContract } from './connector-contract.ts';

connectorContract('kubernetes', async () => {
  const cluster = await startKubernetesApi({ port: 0 });
  const secrets = secretsHolding({ token: cluster.administratorToken });
  return {
    minter: kubernetesMinter(secrets),
    revoker: kubernetesRevoker(secrets),
    target: clusterTarget(cluster.url),
    permissions: [['pods:read'], ['deployments:restart']],
    usable: (material) => usableAtCluster(cluster, material),
    whileDown: (act) => whileDown(cluster, act),
    administratorSecrets: [cluster.administratorToken],
    stop: () => cluster.stop(),
  };
});
