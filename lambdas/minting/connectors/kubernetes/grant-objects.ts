import type { TargetOf } from '../../../platform/deployment.ts';
import { credentialHandle, type Grant } from '../../grant.ts';
import { meaningsOf } from '../meanings.ts';

type Cluster = TargetOf<'kubernetes'>;

/** The shortest life of a token that an API server takes a request for (TokenRequest, `expirationSeconds`). */
const SHORTEST_TOKEN_SECONDS = 600;

/** Kubernetes' recommended labels: by these the objects are ours, and by which grant. */
const MANAGED_BY = 'app.kubernetes.io/managed-by';
const INSTANCE = 'app.kubernetes.io/instance';

/** Selects all that Sallyport has made. */
export const OURS = `${MANAGED_BY}=sallyport`;

/** Selects what Sallyport has made for one grant. */
export function madeFor(grant: Grant): string {
  return `${OURS},${INSTANCE}=${credentialHandle(grant.id)}`;
}

/** Where the objects of grants are in the API, without their names. */
export function pathsIn({ namespace, grantsNamespace }: Cluster) {
  return {
    serviceAccounts: `/api/v1/namespaces/${grantsNamespace}/serviceaccounts`,
    secrets: `/api/v1/namespaces/${grantsNamespace}/secrets`,
    roleBindings: `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
    tokenReviews: '/apis/authentication.k8s.io/v1/tokenreviews',
  };
}

/**
 * A service account that only this grant has, an empty Secret that its token is bound to, and a binding to the Role of
 * each permission and no other. A binding of an account that grants shared would widen the tokens of all of them.
 * @throws Problem where the target has lost a permission of the grant
 */
export function grantObjects(grant: Grant, target: Cluster) {
  const handle = credentialHandle(grant.id);
  const roles = new Set(meaningsOf(grant, target).map(({ role }) => role));
  const labels = { [MANAGED_BY]: 'sallyport', [INSTANCE]: handle };
  return {
    serviceAccount: {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: handle, labels },
      automountServiceAccountToken: false,
    },
    secret: { apiVersion: 'v1', kind: 'Secret', metadata: { name: handle, labels }, type: 'Opaque' },
    roleBindings: [...roles].map((role) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: `${handle}.${role}`, labels },
      subjects: [{ kind: 'ServiceAccount', name: handle, namespace: target.grantsNamespace }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
    })),
  };
}

/**
 * A token that lives until the grant's end, and ends with the Secret. Where less is left than an API server takes, the
 * Secret's end is the token's.
 */
export function tokenRequest(
  { audience }: Cluster,
  secret: { readonly name: string; readonly uid: string },
  remainingSeconds: number,
) {
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: audience === undefined ? [] : [audience],
      expirationSeconds: Math.max(SHORTEST_TOKEN_SECONDS, remainingSeconds),
      boundObjectRef: { apiVersion: 'v1', kind: 'Secret', ...secret },
    },
  };
}

/** Asks whether a token is accepted; it must name its audience, or the API server asks for its own. */
export function tokenReview({ audience }: Cluster, token: string) {
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, ...(audience === undefined ? {} : { audiences: [audience] }) },
  };
}
