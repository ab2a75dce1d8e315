import { generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { type ClusterObject, type ClusterObjects, Refusal } from './cluster-objects.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** What an API server is asked to let somebody do. */
export interface Attempt {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Bound {
  readonly namespace: string;
  readonly serviceaccount: { readonly name: string; readonly uid: string };
  readonly secret?: { readonly name: string; readonly uid: string };
}

/** The tokens of a cluster's service accounts, and what RBAC lets them do. */
export type ClusterAccess = Awaited<ReturnType<typeof createClusterAccess>>;

/** @param cacheSeconds for how long a token that was accepted goes on being accepted; Kubernetes does so for 10 */
export async function createClusterAccess(objects: ClusterObjects, cacheSeconds: number) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const accepted = new Map<string, { user: string; untilMilliseconds: number }>();

  return { issueToken, authenticate, isAllowed };

  /** A token that ends with its account, and with the Secret that it is bound to. */
  async function issueToken(
    account: ClusterObject,
    {
      audiences = [ISSUER],
      seconds,
      secret,
    }: { audiences?: string[]; seconds: number; secret?: ClusterObject },
  ): Promise<{ token: string; expirationTimestamp: string }> {
    const { name, uid, namespace = '' } = account.metadata;
    const expiresAtEpochSeconds = Math.floor(Date.now() / 1000) + seconds;
    const bound: Bound = {
      namespace,
      serviceaccount: { name, uid },
      ...(secret && { secret: { name: secret.metadata.name, uid: secret.metadata.uid } }),
    };
    const token = await new SignJWT({ 'kubernetes.io': { ...bound } })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(ISSUER)
      .setAudience(audiences)
      .setSubject(`system:serviceaccount:${namespace}:${name}`)
      .setJti(crypto.randomUUID())
      .setIssuedAt()
      .setExpirationTime(expiresAtEpochSeconds)
      .sign(privateKey);
    return { token, expirationTimestamp: new Date(expiresAtEpochSeconds * 1000).toISOString() };
  }

  /** @returns whose token it is; undefined where it is not accepted for any of the audiences */
  async function authenticate(token: string, audiences: string[] = [ISSUER]): Promise<string | undefined> {
    const key = `${audiences.join()} ${token}`;
    const remembered = accepted.get(key);
    if (remembered !== undefined && Date.now() < remembered.untilMilliseconds) return remembered.user;
    const user = await verify(token, audiences).catch(() => undefined);
    if (user !== undefined) accepted.set(key, { user, untilMilliseconds: Date.now() + cacheSeconds * 1000 });
    return user;
  }

  async function verify(token: string, audiences: string[]): Promise<string | undefined> {
    const { payload } = await jwtVerify(token, publicKey, { issuer: ISSUER, audience: audiences });
    const { namespace, serviceaccount, secret } = payload['kubernetes.io'] as Bound;
    const isThere = (resource: 'serviceaccounts' | 'secrets', { name, uid }: { name: string; uid: string }) =>
      objects.find(resource, namespace, name)?.metadata.uid === uid;
    const stands =
      isThere('serviceaccounts', serviceaccount) && (secret === undefined || isThere('secrets', secret));
    return stands ? payload.sub : undefined;
  }

  /** https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
  function isAllowed(user: string, attempt: Attempt): boolean {
    const bindings = [
      ...objects.list('clusterrolebindings', undefined),
      ...(attempt.namespace === undefined ? [] : objects.list('rolebindings', attempt.namespace)),
    ];
    return bindings
      .filter(({ subjects }) => subjects?.some((subject: Subject) => nameOf(subject) === user))
      .flatMap(rulesOf)
      .some((rule) => covers(rule, attempt));
  }

  function rulesOf({ roleRef, metadata }: ClusterObject): readonly Rule[] {
    const role =
      roleRef.kind === 'ClusterRole'
        ? objects.find('clusterroles', undefined, roleRef.name)
        : objects.find('roles', metadata.namespace, roleRef.name);
    return role?.['rules'] ?? [];
  }
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

function nameOf({ kind, name, namespace }: Subject): string {
  if (kind !== 'ServiceAccount') throw new Refusal(422, 'Invalid', 'only service accounts live here');
  return `system:serviceaccount:${namespace}:${name}`;
}

function covers(rule: Rule, { verb, group, resource, name }: Attempt): boolean {
  return (
    rule.verbs.includes(verb) &&
    (rule.apiGroups ?? []).includes(group) &&
    (rule.resources ?? []).includes(resource) &&
    (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name)))
  );
}
