import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Actor } from './access-tokens.ts';
import type { Attempt } from './cluster-access.ts';
import { createOwnSession, type OwnSessionOptions } from './own-session.ts';

/** A user of a cluster, as its authenticators know them. */
export interface ClusterUser {
  readonly name: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a webhook authorizer makes of an attempt: without an opinion, the next authorizer is asked. */
export interface Review {
  readonly opinion: 'allowed' | 'denied' | 'none';
  readonly reason: string;
}

const Answer = z.object({
  status: z.object({ allowed: z.boolean(), denied: z.boolean().optional(), reason: z.string().default('') }),
});

/** The users whom `docs/kubernetes.md` has the API server ask about. */
const PREFIX = 'sallyport:';

/** An API server that takes Sallyport's tokens and asks it, configured as `docs/kubernetes.md` has it. */
export function createClusterWebhook(options: OwnSessionOptions) {
  const { issuer } = options;
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  const ask = createOwnSession(options);

  return { authenticate, review };

  /** Structured authentication: the claims become the user's name and extra. */
  async function authenticate(token: string): Promise<ClusterUser | undefined> {
    const verified = await jwtVerify(token, keys, { issuer, audience: issuer, typ: 'at+jwt' }).catch(
      () => undefined,
    );
    if (verified === undefined || verified.payload['cnf'] !== undefined) return undefined;
    const { sub, sid, channel, act } = verified.payload as {
      sub: string;
      sid: string;
      channel: string;
      act?: Actor;
    };
    return {
      name: PREFIX + sub,
      extra: {
        'sallyport.example/session': [sid],
        'sallyport.example/channel': [channel],
        'sallyport.example/parties': [sub, ...actorsIn(act)],
      },
    };
  }

  /** Whatever goes wrong denies (`failurePolicy: Deny`). Nothing is remembered: what was revoked ends now. */
  async function review(user: ClusterUser, attempt: Attempt): Promise<Review> {
    if (!user.name.startsWith(PREFIX)) return { opinion: 'none', reason: '' };
    const { verb, group, namespace = '', name = '' } = attempt;
    const [resource, subresource = ''] = attempt.resource.split('/');
    const response = await ask('/kubernetes/authorize?timeout=3s', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: user.name,
          extra: user.extra,
          resourceAttributes: { verb, group, version: 'v1', resource, subresource, namespace, name },
        },
      }),
    }).catch(() => undefined);
    const answer = response?.ok ? Answer.safeParse(await response.json()).data : undefined;
    if (answer === undefined) return { opinion: 'denied', reason: 'the authorizer did not answer' };
    const { allowed, denied = false, reason } = answer.status;
    return { opinion: allowed ? 'allowed' : denied ? 'denied' : 'none', reason };
  }
}

/** Nearest first (RFC 8693 §4.1). */
function actorsIn(act: Actor | undefined): string[] {
  return act === undefined ? [] : [act.sub, ...actorsIn(act.act)];
}
