import * as z from 'zod';
import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';
import { credentialHandle, type Grant } from '../../grant.ts';
import { callApi } from '../api-call.https.ts';
import { madeFor, pathsIn } from './grant-objects.ts';

const List = z.object({
  metadata: z.object({ continue: z.string().optional() }).default({}),
  items: z.array(z.object({ metadata: z.object({ name: z.string() }) })),
});

/** How many objects an API server gives at a time. */
const PAGE = 250;

/** A cluster, as Sallyport's own service account may use it (`README.md`). */
export interface Cluster {
  /**
   * @returns what the API server answered; undefined where there is one of that name already
   * @throws DependencyUnavailable where it was not confirmed
   */
  create<Answer>(path: string, object: object, answer: z.ZodType<Answer>): Promise<Answer | undefined>;
  exists(path: string): Promise<boolean>;
  /** The names of the objects that a label selector selects. */
  names(path: string, labelSelector: string): Promise<readonly string[]>;
  /** Deletes an object. Deleting what is gone is success. */
  remove(path: string): Promise<void>;
}

/** @throws DependencyUnavailable where what Sallyport acts with there cannot be read */
export async function connectToCluster(
  secrets: AdministratorSecrets,
  target: TargetOf<'kubernetes'>,
): Promise<Cluster> {
  const { token } = await secrets.read(target.id);
  if (token === undefined)
    throw new DependencyUnavailable(`The administrator's secret of ${target.id} has no token`);

  async function call<Answer>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    confirmedBy: Readonly<Record<number, z.ZodType<Answer>>>,
    body?: object,
  ): Promise<Answer> {
    const { status, body: answered } = await callApi({
      method,
      url: target.apiServer + path,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      body,
      certificateAuthority: target.certificateAuthority,
    });
    const answer = confirmedBy[status]?.safeParse(answered);
    if (answer?.success) return answer.data;
    throw new DependencyUnavailable(`The API server of ${target.id} did not confirm a ${method}: ${status}`);
  }

  const nothing = z.unknown().transform(() => undefined);
  return {
    create: (path, object, answer) => call('POST', path, { 201: answer, 409: nothing }, object),
    exists: (path) =>
      call('GET', path, {
        200: z.unknown().transform(() => true),
        404: z.unknown().transform(() => false),
      }),
    names: async (path, labelSelector) => {
      const names: string[] = [];
      let next: string | undefined;
      do {
        const query = new URLSearchParams({ labelSelector, limit: String(PAGE) });
        if (next !== undefined) query.set('continue', next);
        const { metadata, items } = await call('GET', `${path}?${query}`, { 200: List });
        names.push(...items.map((item) => item.metadata.name));
        next = metadata.continue || undefined;
      } while (next !== undefined);
      return names;
    },
    remove: (path) => call('DELETE', path, { 200: nothing, 202: nothing, 404: nothing }),
  };
}

/**
 * Deletes all that a grant has at the cluster. The Secret goes first, and the grant's token with it; the service account
 * last, as it was made first: where it is not, nothing is.
 */
export async function removeObjects(
  cluster: Cluster,
  grant: Grant,
  target: TargetOf<'kubernetes'>,
): Promise<void> {
  const handle = credentialHandle(grant.id);
  const { secrets, roleBindings, serviceAccounts } = pathsIn(target);
  await cluster.remove(`${secrets}/${handle}`);
  const bindings = await cluster.names(roleBindings, madeFor(grant));
  await Promise.all(bindings.map((name) => cluster.remove(`${roleBindings}/${name}`)));
  await cluster.remove(`${serviceAccounts}/${handle}`);
}
