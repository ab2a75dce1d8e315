import { randomUUID } from 'node:crypto';
import { validate as isTokenRequest } from 'kubernetes-models/_schemas/IoK8sApiAuthenticationV1TokenRequest';
import { validate as isTokenReview } from 'kubernetes-models/_schemas/IoK8sApiAuthenticationV1TokenReview';
import { validate as isNamespace } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Namespace';
import { validate as isSecret } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Secret';
import { validate as isServiceAccount } from 'kubernetes-models/_schemas/IoK8sApiCoreV1ServiceAccount';
import { validate as isClusterRole } from 'kubernetes-models/_schemas/IoK8sApiRbacV1ClusterRole';
import { validate as isClusterRoleBinding } from 'kubernetes-models/_schemas/IoK8sApiRbacV1ClusterRoleBinding';
import { validate as isRole } from 'kubernetes-models/_schemas/IoK8sApiRbacV1Role';
import { validate as isRoleBinding } from 'kubernetes-models/_schemas/IoK8sApiRbacV1RoleBinding';

/** An object of a cluster. Its members beyond these are as its schema has them. */
export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has members of its own
  readonly [member: string]: any;
}

/** Refuses a request, as an API server does: with a `Status` of this reason. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** What Kubernetes publishes of each kind (its OpenAPI document, by way of the package `kubernetes-models`). */
const published = {
  namespaces: { kind: 'Namespace', apiVersion: 'v1', isValid: isNamespace },
  secrets: { kind: 'Secret', apiVersion: 'v1', isValid: isSecret },
  serviceaccounts: { kind: 'ServiceAccount', apiVersion: 'v1', isValid: isServiceAccount },
  roles: { kind: 'Role', apiVersion: 'rbac.authorization.k8s.io/v1', isValid: isRole },
  rolebindings: { kind: 'RoleBinding', apiVersion: 'rbac.authorization.k8s.io/v1', isValid: isRoleBinding },
  clusterroles: { kind: 'ClusterRole', apiVersion: 'rbac.authorization.k8s.io/v1', isValid: isClusterRole },
  clusterrolebindings: {
    kind: 'ClusterRoleBinding',
    apiVersion: 'rbac.authorization.k8s.io/v1',
    isValid: isClusterRoleBinding,
  },
  'serviceaccounts/token': {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    isValid: isTokenRequest,
  },
  tokenreviews: { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', isValid: isTokenReview },
} as const;

export type Resource = keyof typeof published;

export function isResource(name: string): name is Resource {
  return Object.hasOwn(published, name);
}

/** The resource that objects of a kind are in. */
export function resourceOf(kind: string): Resource {
  const found = Object.entries(published).find(([, { kind: known }]) => known === kind);
  if (found === undefined) throw new Refusal(404, 'NotFound', `no resource of kind ${kind}`);
  return found[0] as Resource;
}

/** RFC 1123 subdomain; a Role's or binding's name may have more, which ours have not. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/;

/** Holds what was sent to what is published of its kind, and to the rules that no schema tells. */
// biome-ignore lint/suspicious/noExplicitAny: it is what its schema says
export function validated(resource: Resource, sent: unknown): any {
  const { kind, apiVersion, isValid } = published[resource];
  // biome-ignore lint/suspicious/noExplicitAny: it is what its schema says
  const object = sent as any;
  if (!isValid(sent) || object.kind !== kind || object.apiVersion !== apiVersion)
    throw new Refusal(400, 'BadRequest', `not a ${kind} as Kubernetes publishes it`);
  const labels: string[] = Object.values(object.metadata?.labels ?? {});
  if (!labels.every((value) => LABEL_VALUE.test(value)))
    throw new Refusal(422, 'Invalid', 'metadata.labels: a value has at most 63 characters');
  return object;
}

/** What a cluster remembers. */
export class ClusterObjects {
  readonly #objects = new Map<string, ClusterObject>();

  create(resource: Resource, namespace: string | undefined, sent: unknown): ClusterObject {
    const object = validated(resource, sent);
    const name = object.metadata?.name ?? '';
    if (!NAME.test(name)) throw new Refusal(422, 'Invalid', `metadata.name: ${name}`);
    if ((object.metadata.namespace ?? namespace) !== namespace)
      throw new Refusal(400, 'BadRequest', 'the namespace of the object does not match that of the request');
    if (namespace !== undefined && this.find('namespaces', undefined, namespace) === undefined)
      throw new Refusal(404, 'NotFound', `namespaces "${namespace}" not found`);
    if (this.find(resource, namespace, name) !== undefined)
      throw new Refusal(409, 'AlreadyExists', `${resource} "${name}" already exists`);
    const made = {
      ...object,
      metadata: {
        ...object.metadata,
        ...(namespace === undefined ? {} : { namespace }),
        uid: randomUUID(),
        creationTimestamp: new Date().toISOString(),
      },
    };
    this.#objects.set(keyOf(resource, namespace, name), made);
    return made;
  }

  find(resource: Resource, namespace: string | undefined, name: string): ClusterObject | undefined {
    return this.#objects.get(keyOf(resource, namespace, name));
  }

  get(resource: Resource, namespace: string | undefined, name: string): ClusterObject {
    const found = this.find(resource, namespace, name);
    if (found === undefined) throw new Refusal(404, 'NotFound', `${resource} "${name}" not found`);
    return found;
  }

  /** @param labelSelector equalities, all of which hold: `a=b,c=d` */
  list(resource: Resource, namespace: string | undefined, labelSelector = ''): ClusterObject[] {
    const wanted = labelSelector
      .split(',')
      .filter((term) => term !== '')
      .map((term) => term.split('=') as [string, string]);
    const prefix = keyOf(resource, namespace, '');
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .map(([, object]) => object)
      .filter(({ metadata }) => wanted.every(([name, value]) => metadata.labels?.[name] === value));
  }

  remove(resource: Resource, namespace: string | undefined, name: string): void {
    this.get(resource, namespace, name);
    this.#objects.delete(keyOf(resource, namespace, name));
  }
}

function keyOf(resource: Resource, namespace: string | undefined, name: string): string {
  return `${resource}/${namespace ?? ''}/${name}`;
}
