import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient } from '../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../demo/world.ts';
import { quantile, rounded } from './quantiles.ts';

const WARM_UP_REQUESTS = 40;
const MEASURED_REQUESTS = 300;

export interface RequestFigures {
  readonly concurrency: number;
  readonly p50Milliseconds: number;
  readonly p95Milliseconds: number;
  readonly requestsPerSecond: number;
}

/**
 * The time from `POST /v1/access-requests`, permitted by policy alone, to the claimed token, on the embedded
 * runtime with the file store: client, runtime and database share the machine.
 */
export async function measureRequests(concurrencies: readonly number[]): Promise<RequestFigures[]> {
  return inWorld(async (world) => {
    const client = await world.as('engineer');
    await measure(client, 1, WARM_UP_REQUESTS);
    const figures: RequestFigures[] = [];
    for (const concurrency of concurrencies) {
      figures.push(await measure(client, concurrency, MEASURED_REQUESTS));
    }
    return figures;
  });
}

/** What one such request costs, from its submission to the hold of its grant and its claim: calls by operation. */
export async function countCalls(): Promise<Record<string, number>> {
  return inWorld(async (world) => {
    const client = await world.as('engineer');
    await requestToToken(client);
    await world.runtime.settled();
    const before = totals(world);
    await requestToToken(client);
    await world.runtime.settled();
    const after = totals(world);
    return Object.fromEntries(
      Object.entries(after)
        .map(([operation, count]) => [operation, count - (before[operation] ?? 0)] as const)
        .filter(([, count]) => count > 0),
    );
  });
}

async function inWorld<Result>(use: (world: EmbeddedWorld) => Promise<Result>): Promise<Result> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const world = await startWorld({ dataDirectory });
  try {
    return await use(world);
  } finally {
    await world.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

async function measure(client: ApiClient, concurrency: number, requests: number): Promise<RequestFigures> {
  const times: number[] = [];
  let remaining = requests;
  const startedAt = performance.now();
  const worker = async (): Promise<void> => {
    while (remaining > 0) {
      remaining -= 1;
      const begunAt = performance.now();
      await requestToToken(client);
      times.push(performance.now() - begunAt);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    concurrency,
    p50Milliseconds: rounded(quantile(times, 0.5)),
    p95Milliseconds: rounded(quantile(times, 0.95)),
    requestsPerSecond: rounded(requests / seconds, 1),
  };
}

async function requestToToken(client: ApiClient): Promise<void> {
  const { body } = await client.post('/v1/access-requests', {
    target: 'ticketing-ops',
    permissions: ['tickets:read'],
    duration: 'PT20M',
    justification: 'A measurement',
  });
  const task = await client.follow(body.task.id, ({ status }) => status !== 'pending');
  const { status } = await client.post(`/v1/grants/${task.grant.id}/credential`);
  if (status !== 200) throw new Error(`The claim was answered with ${status}`);
}

function totals(world: EmbeddedWorld): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { service, operation, count } of world.runtime.calls()) {
    counts[`${service} ${operation}`] = (counts[`${service} ${operation}`] ?? 0) + count;
  }
  return counts;
}
