import * as z from 'zod';
import { DependencyUnavailable } from '../../platform/failures.ts';

const TIMEOUT_MILLISECONDS = 4000;

const Listed = z.object({ id: z.string().min(1).max(255), name: z.string().optional() });
const List = z.object({ secrets: z.array(Listed) });
const Made = Listed.extend({ secret: z.string().min(1).max(4096) });

/** A secret that a system has made. */
export type MadeSecret = z.infer<typeof Made>;

/** The secrets of one account at a system that names them and can have two at a time; `README.md` has its calls. */
export interface NamedSecrets {
  /** Makes one. What has its name by a try before goes. */
  make(name: string): Promise<MadeSecret>;
  /** Deletes all of a name. */
  removeNamed(name: string): Promise<void>;
  /** Deletes one. Deleting what is gone is success. */
  remove(id: string): Promise<void>;
}

/** @throws DependencyUnavailable where the system did not confirm; the message names no more than the connection */
export function namedSecrets(connectionId: string, url: string, administratorToken: string): NamedSecrets {
  const authorization = `Bearer ${administratorToken}`;

  async function call<Answer>(
    method: 'GET' | 'POST' | 'DELETE',
    at: string,
    schema: z.ZodType<Answer>,
    body?: object,
  ): Promise<Answer> {
    const unconfirmed = () =>
      new DependencyUnavailable(`The system of ${connectionId} did not confirm the call`);
    const response = await answerOf(at, {
      method,
      headers: {
        authorization,
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response === undefined) throw unconfirmed();
    if (method === 'DELETE' && response.status === 404) return schema.parse(undefined);
    // Without a cause: what does not parse may be shown in it.
    const parsed = schema.safeParse(response.body);
    if (!response.ok || !parsed.success) throw unconfirmed();
    return parsed.data;
  }

  const self: NamedSecrets = {
    async make(name) {
      await self.removeNamed(name);
      return call('POST', url, Made, { name });
    },
    async removeNamed(name) {
      const { secrets } = await call('GET', url, List);
      for (const secret of secrets.filter((one) => one.name === name)) await self.remove(secret.id);
    },
    async remove(id) {
      await call('DELETE', `${url}/${encodeURIComponent(id)}`, z.unknown());
    },
  };
  return self;
}

/** What a system answered, in time. */
interface HttpAnswer {
  readonly ok: boolean;
  readonly status: number;
  /** Parsed; undefined where it is not JSON. */
  readonly body: unknown;
}

/** @returns undefined where no answer came. Nobody is followed anywhere else: a secret goes where the deployment says. */
export async function answerOf(url: string, request: RequestInit): Promise<HttpAnswer | undefined> {
  try {
    const response = await fetch(url, {
      ...request,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, body: jsonIn(text) };
  } catch {
    return undefined;
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
