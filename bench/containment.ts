import { setTimeout as wait } from 'node:timers/promises';
import type { ApiClient } from '../demo/api-client.ts';
import { awsSession } from '../demo/aws-session.ts';
import { lacksPostgres, ordersServer, tryLogin } from '../demo/orders-database.ts';
import { type EmbeddedWorld, startWorld } from '../demo/world.ts';
import { statusOf } from '../test/support/token-targets.ts';

const CLAIMS_AT_ONCE = 8;
const TRIES_AT_ONCE = 16;
const POLL_MILLISECONDS = 20;
const MOST_MILLISECONDS = 300_000;
/** A role of AWS has room to refuse some 60 sessions one by one (ADR 0022); the demo has one role. */
const MOST_AWS_SESSIONS = 50;

/** The answer of a claim, as far as one tries what it delivered. */
interface Delivered {
  readonly access_token: string;
  readonly credential: { readonly username: string; readonly password: string } & Record<string, string>;
}

interface Kind {
  readonly target: string;
  readonly permission: string;
  /** Whether what was delivered still opens anything there. */
  isUsable(world: EmbeddedWorld, delivered: Delivered): Promise<boolean>;
}

const kinds: Readonly<Record<string, Kind>> = {
  'oauth-jwt': {
    target: 'ticketing-ops',
    permission: 'tickets:read',
    isUsable: async ({ ticketingUrl }, { access_token }) =>
      (await statusOf(ticketingUrl, access_token, 'GET', '/projects/OPS/tickets')) === 200,
  },
  postgres: {
    target: 'orders-db',
    permission: 'orders:read',
    isUsable: async (world, { credential }) =>
      (await tryLogin(ordersServer(world), credential)) === 'accepted',
  },
  'aws-sts': {
    target: 'deploy-artifacts',
    permission: 'artifacts:read',
    isUsable: async ({ runtime }, { credential }) =>
      !(await awsSession(runtime.client, credential).read('demo/artifacts/web')).startsWith('AccessDenied'),
  },
  kubernetes: {
    target: 'shop-cluster',
    permission: 'pods:read',
    isUsable: async ({ backends }, { access_token }) =>
      (await statusOf(backends.cluster.url, access_token, 'GET', '/api/v1/namespaces/shop/pods')) === 200,
  },
  'github-app': {
    target: 'shop-repositories',
    permission: 'contents:read',
    isUsable: async ({ backends }, { access_token }) =>
      (await statusOf(backends.codeHost.url, access_token, 'GET', '/repos/acme/shop/contents/README.md')) ===
      200,
  },
};

export interface ContainmentFigures {
  readonly kinds: readonly string[];
  readonly live: number;
  /** From the responder's call until nothing under it was usable, as the report says it. */
  readonly secondsToContain: number;
  /** Until the run was over, with its signals sent and its grants closed. */
  readonly secondsUntilOver: number;
  /** Of all that was delivered, what its target still accepted after. */
  readonly usable: number;
}

/** Has a principal claim that many credentials, of every kind that this machine has, and contains the principal. */
export async function measureContainment(live: number): Promise<ContainmentFigures> {
  const world = await startWorld({ database: true });
  try {
    const names = Object.keys(kinds).filter((kind) => kind !== 'postgres' || lacksPostgres() === undefined);
    const job = await world.as('deploy-bot');
    const delivered = await atOnce(CLAIMS_AT_ONCE, live, async (index) => {
      const name = names[index % names.length] ?? '';
      const isFull = name === 'aws-sts' && index >= MOST_AWS_SESSIONS * names.length;
      const kind = kinds[isFull ? 'oauth-jwt' : name] as Kind;
      return { kind, delivered: await claim(job, kind) };
    });
    const responder = await world.as('responder');
    const startedAt = performance.now();
    const { body } = await responder.post('/v1/revocations', {
      scope: { principal: 'deploy-bot' },
      reason: 'A measurement',
    });
    const run = await over(world, body.revocation.id);
    const secondsUntilOver = (performance.now() - startedAt) / 1000;
    const usable = await atOnce(TRIES_AT_ONCE, delivered.length, (index) => {
      const one = delivered[index] as (typeof delivered)[number];
      return one.kind.isUsable(world, one.delivered);
    });
    return {
      kinds: names,
      live,
      secondsToContain: run.time_to_contain_ms / 1000,
      secondsUntilOver,
      usable: usable.filter(Boolean).length,
    };
  } finally {
    await world.stop();
  }
}

async function claim(client: ApiClient, { target, permission }: Kind): Promise<Delivered> {
  const { body } = await client.post('/v1/access-requests', {
    target,
    permissions: [permission],
    duration: 'PT1H',
    justification: 'A measurement',
  });
  const task = await client.follow(body.task.id, ({ status }) => status !== 'pending');
  const claimed = await client.post(`/v1/grants/${task.grant?.id}/credential`);
  if (claimed.status !== 200) throw new Error(`A claim at ${target} was answered with ${claimed.status}`);
  return claimed.body;
}

/** It may pause between its rounds: what waits for nothing else is let wait no longer. */
async function over(world: EmbeddedWorld, id: string): Promise<{ readonly time_to_contain_ms: number }> {
  const givesUpAt = performance.now() + MOST_MILLISECONDS;
  const responder = await world.as('responder');
  for (;;) {
    const { revocation } = (await responder.get(`/v1/revocations/${id}?limit=1`)).body;
    if (revocation.status === 'contained') return revocation;
    if (performance.now() > givesUpAt)
      throw new Error(`The containment is not over: ${JSON.stringify(revocation)}`);
    await wait(POLL_MILLISECONDS);
  }
}

/** Does it so many times, so many at a time, in order. */
async function atOnce<Done>(
  most: number,
  times: number,
  act: (index: number) => Promise<Done>,
): Promise<Done[]> {
  const done: Done[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < times) {
      const index = next;
      next += 1;
      done[index] = await act(index);
    }
  };
  await Promise.all(Array.from({ length: most }, worker));
  return done;
}
