import type { CodeHost } from '../../demo/code-host.ts';
import { demoDeployment } from '../../demo/deployment.ts';
import type { KubernetesApi } from '../../demo/kubernetes-api.ts';
import type { UnreliableServer } from '../../demo/unreliable-server.ts';
import type { AdministratorSecrets } from '../../lambdas/minting/administrator-secrets.port.ts';
import type { Material } from '../../lambdas/minting/connector.port.ts';
import { type ConnectorKind, DeploymentSchema, type TargetOf } from '../../lambdas/platform/deployment.ts';

/** The demo's target of a kind, at these addresses. */
function targetOf<Kind extends ConnectorKind>(
  kind: Kind,
  addresses: Parameters<typeof demoDeployment>[0],
): TargetOf<Kind> {
  const { targets } = DeploymentSchema.parse(demoDeployment(addresses));
  const found = targets.find((target): target is TargetOf<Kind> => target.connector === kind);
  if (found === undefined) throw new Error(`The demo has no target of kind ${kind}`);
  return found;
}

export const clusterTarget = (url?: string): TargetOf<'kubernetes'> =>
  targetOf('kubernetes', url === undefined ? {} : { clusterUrl: url });
export const codeHostTarget = (url?: string): TargetOf<'github-app'> =>
  targetOf('github-app', url === undefined ? {} : { codeHostUrl: url });

/** What a connector acts with, without Secrets Manager. */
export const secretsHolding = (material: Material): AdministratorSecrets => ({ read: async () => material });

export async function whileDown<Given>(server: UnreliableServer, act: () => Promise<Given>): Promise<Given> {
  server.goDown();
  try {
    return await act();
  } finally {
    server.comeBack();
  }
}

interface Use {
  readonly permission: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

const clusterUses: readonly Use[] = [
  { permission: 'pods:read', method: 'GET', path: '/api/v1/namespaces/shop/pods' },
  {
    permission: 'deployments:restart',
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/shop/deployments/storefront',
    body: {},
  },
];

const codeHostUses: readonly Use[] = [
  { permission: 'contents:read', method: 'GET', path: '/repos/acme/shop/contents/README.md' },
  {
    permission: 'contents:write',
    method: 'PUT',
    path: '/repos/acme/shop/contents/CHANGES.md',
    body: { message: 'Say what changed', content: btoa('Nothing') },
  },
  {
    permission: 'deployments:record',
    method: 'POST',
    path: '/repos/acme/shop/deployments',
    body: { ref: 'main', environment: 'production' },
  },
];

/** Which permissions a token opens at the cluster. */
export const usableAtCluster = ({ url }: Pick<KubernetesApi, 'url'>, { access_token = '' }: Material) =>
  usable(url, access_token, clusterUses);

/** Which permissions a token opens at the code host. */
export const usableAtCodeHost = ({ url }: Pick<CodeHost, 'url'>, { access_token = '' }: Material) =>
  usable(url, access_token, codeHostUses);

async function usable(url: string, token: string, uses: readonly Use[]): Promise<string[]> {
  const opened = await Promise.all(
    uses.map(async ({ permission, method, path, body }) => {
      const status = await statusOf(url, token, method, path, body);
      return status < 300 ? [permission] : [];
    }),
  );
  return opened.flat();
}

/** The status that a call with this token is answered with. */
export async function statusOf(
  url: string,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<number> {
  const { status } = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return status;
}
