import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import prepared from '../lambdas/minting/connectors/kubernetes/cluster.json' with { type: 'json' };
import { type Attempt, createClusterAccess } from './cluster-access.ts';
import {
  ClusterObjects,
  isResource,
  Refusal,
  type Resource,
  resourceOf,
  validated,
} from './cluster-objects.ts';
import { type ClusterUser, createClusterWebhook } from './cluster-webhook.ts';
import type { OwnSessionOptions } from './own-session.ts';
import { serveUnreliably, type UnreliableServer } from './unreliable-server.ts';

/** A small Kubernetes cluster with a shop in it, prepared for Sallyport as `cluster.json` has it. */
export interface KubernetesApi extends UnreliableServer {
  /** The token of the service account that Sallyport acts as. */
  readonly administratorToken: string;
  /** Has it take the tokens of a Sallyport, and ask it before RBAC about the users who come with them. */
  trust(sallyport: OwnSessionOptions): void;
}

export interface KubernetesApiOptions {
  /** 8093 if not said; 0 takes any free one. */
  readonly port?: number;
  /** For how long it remembers that it has accepted a token; not at all if not said. */
  readonly authenticationCacheSeconds?: number;
}

/** The Roles of the shop that grants stand for. */
const shopRoles = [
  {
    name: 'pod-reader',
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
  },
  {
    name: 'deployment-restarter',
    rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
  },
];

const YEAR_SECONDS = 365 * 24 * 3600;

/** Starts an API server that keeps objects, and tokens that end with them; what is sent must fit Kubernetes' schemas. */
export async function startKubernetesApi({
  port = 8093,
  authenticationCacheSeconds = 0,
}: KubernetesApiOptions = {}): Promise<KubernetesApi> {
  const objects = new ClusterObjects();
  const access = await createClusterAccess(objects, authenticationCacheSeconds);
  objects.create('namespaces', undefined, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop' },
  });
  for (const { name, rules } of shopRoles)
    objects.create('roles', 'shop', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name },
      rules,
    });
  for (const item of prepared.items) {
    const { namespace } = item.metadata as { namespace?: string };
    objects.create(resourceOf(item.kind), namespace, item);
  }
  const sallyport = objects.get('serviceaccounts', 'sallyport-system', 'sallyport');
  const { token: administratorToken } = await access.issueToken(sallyport, { seconds: YEAR_SECONDS });
  const workloads = { storefront: 0 };
  let webhook: ReturnType<typeof createClusterWebhook> | undefined;

  const server = await serveUnreliably(port, (request, response) => {
    answer(request).then(
      ({ status, body }) => send(response, status, body),
      (error) => {
        const { code, reason, message } =
          error instanceof Refusal ? error : new Refusal(500, 'InternalError', 'it failed');
        send(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message });
      },
    );
  });
  return {
    ...server,
    administratorToken,
    trust: (sallyport) => {
      webhook = createClusterWebhook(sallyport);
    },
  };

  /** The authenticators that there are, in turn. */
  async function authenticate(token: string): Promise<ClusterUser | undefined> {
    const account = await access.authenticate(token);
    return account === undefined ? webhook?.authenticate(token) : { name: account };
  }

  async function answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
    const sent = await text(request);
    const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const user = await authenticate(token);
    if (user === undefined) throw new Refusal(401, 'Unauthorized', 'Unauthorized');
    const { attempt, parent, labelSelector } = read(request);
    await permit(user, attempt);
    const { verb, resource, namespace, name = '' } = attempt;
    if (resource === 'pods' && verb === 'list') return { status: 200, body: podsOf(namespace) };
    if (resource === 'deployments' && verb === 'patch') return { status: 200, body: restarted(name) };
    if (!isResource(resource)) throw new Refusal(404, 'NotFound', `no ${resource} here`);
    switch (verb) {
      case 'list':
        return {
          status: 200,
          body: { kind: 'List', metadata: {}, items: objects.list(resource, namespace, labelSelector) },
        };
      case 'get':
        return { status: 200, body: objects.get(resource, namespace, name) };
      case 'delete':
        objects.remove(resource, namespace, name);
        return { status: 200, body: { kind: 'Status', apiVersion: 'v1', status: 'Success' } };
      case 'create':
        return { status: 201, body: await create(user, resource, namespace, parent, parse(sent)) };
      default:
        throw new Refusal(405, 'MethodNotAllowed', verb);
    }
  }

  /** The webhook, then RBAC: the first that has an opinion decides. */
  async function permit(user: ClusterUser, attempt: Attempt): Promise<void> {
    const { opinion, reason } = (await webhook?.review(user, attempt)) ?? { opinion: 'none', reason: '' };
    if (opinion === 'allowed' || (opinion === 'none' && access.isAllowed(user.name, attempt))) return;
    const { verb, resource, group } = attempt;
    const told = `${user.name} cannot ${verb} ${resource} in API group "${group}"`;
    throw new Refusal(403, 'Forbidden', reason === '' ? told : `${told}: ${reason}`);
  }

  async function create(
    user: ClusterUser,
    resource: Resource,
    namespace: string | undefined,
    parent: string | undefined,
    sent: unknown,
  ): Promise<object> {
    switch (resource) {
      case 'serviceaccounts/token':
        return issue(namespace, parent ?? '', validated(resource, sent));
      case 'tokenreviews': {
        const review = validated(resource, sent);
        const reviewed = await access.authenticate(review.spec.token, review.spec.audiences);
        const status =
          reviewed === undefined
            ? { authenticated: false, error: 'invalid bearer token' }
            : { authenticated: true, user: { username: reviewed } };
        return { ...review, status };
      }
      case 'rolebindings': {
        // Nobody widens what they may do themselves: binding a Role needs its own permission (RBAC, "escalate").
        const { roleRef } = validated(resource, sent);
        await permit(user, {
          verb: 'bind',
          group: 'rbac.authorization.k8s.io',
          resource: 'roles',
          namespace,
          name: roleRef.name,
        });
        return objects.create(resource, namespace, sent);
      }
      default:
        return objects.create(resource, namespace, sent);
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: it is what its schema says
  async function issue(namespace: string | undefined, name: string, request: any): Promise<object> {
    const { audiences, expirationSeconds = 3600, boundObjectRef } = request.spec;
    if (expirationSeconds < 600)
      throw new Refusal(
        422,
        'Invalid',
        'spec.expirationSeconds: may not specify a duration less than 10 minutes',
      );
    const account = objects.get('serviceaccounts', namespace, name);
    const secret = boundObjectRef && objects.get('secrets', namespace, boundObjectRef.name);
    if (secret !== undefined && secret.metadata.uid !== boundObjectRef.uid)
      throw new Refusal(409, 'Conflict', 'the UID in the bound object reference does not match');
    const status = await access.issueToken(account, {
      seconds: expirationSeconds,
      ...(audiences.length > 0 && { audiences }),
      ...(secret && { secret }),
    });
    return { ...request, status };
  }

  function podsOf(namespace: string | undefined): object {
    const pod = (name: string) => ({ metadata: { name, namespace }, status: { phase: 'Running' } });
    return { kind: 'PodList', apiVersion: 'v1', items: [pod('storefront-7d9f'), pod('checkout-58c4')] };
  }

  function restarted(name: string): object {
    if (name !== 'storefront') throw new Refusal(404, 'NotFound', `deployments.apps "${name}" not found`);
    workloads.storefront += 1;
    return {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name, namespace: 'shop', generation: workloads.storefront },
    };
  }
}

const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/v1(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<kind>[a-z]+)(?:\/(?<name>[^/]+)(?:\/(?<part>[a-z]+))?)?$/;

/** What a request attempts (https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb). */
function read({ method, url }: IncomingMessage): {
  attempt: Attempt;
  parent: string | undefined;
  labelSelector: string;
} {
  const { pathname, searchParams } = new URL(url ?? '/', 'http://127.0.0.1');
  const found = PATH.exec(pathname)?.groups;
  if (found === undefined) throw new Refusal(404, 'NotFound', 'there is nothing here');
  const { group = '', namespace, kind = '', name, part } = found;
  const reading = name === undefined ? 'list' : 'get';
  const verb = { GET: reading, POST: 'create', PATCH: 'patch', DELETE: 'delete' }[method ?? ''] ?? 'unknown';
  return {
    attempt: { verb, group, resource: part === undefined ? kind : `${kind}/${part}`, namespace, name },
    parent: name,
    labelSelector: searchParams.get('labelSelector') ?? '',
  };
}

function parse(sent: string): unknown {
  try {
    return JSON.parse(sent);
  } catch {
    throw new Refusal(400, 'BadRequest', 'not JSON');
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
