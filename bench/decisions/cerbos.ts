import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../demo/loopback-server.ts';
import type { DecisionServer } from './decision-point.ts';
import { type KeepAliveClient, keepAliveClient } from './keep-alive-client.ts';
import type { Question, Rule } from './rules.ts';

const READY_WITHIN_MILLISECONDS = 60_000;

/** Where the package has put the server, or undefined: npm installs it on Linux on x64 only. */
function findCerbos(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('@cerbos/cerbos-linux-x64');
  } catch {
    return undefined;
  }
}

/**
 * A Cerbos server with the rules on its disk. It reports to nobody, and writes no line per request.
 * @returns undefined where it is not installed
 */
export async function startCerbos(
  rules: readonly Rule[],
  connections: number,
): Promise<DecisionServer | undefined> {
  const program = findCerbos();
  if (program === undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-cerbos-'));
  const policies = join(directory, 'policies');
  mkdirSync(policies);
  for (const policy of resourcePolicies(rules)) {
    writeFileSync(join(policies, `${policy.resourcePolicy.resource}.json`), JSON.stringify(policy));
  }
  const port = await freePort();
  const configuration = {
    server: {
      httpListenAddr: `127.0.0.1:${port}`,
      grpcListenAddr: `unix:${join(directory, 'grpc.sock')}`,
      metricsEnabled: false,
    },
    telemetry: { disabled: true },
    storage: { driver: 'disk', disk: { directory: policies, watchForChanges: false } },
  };
  writeFileSync(join(directory, 'cerbos.json'), JSON.stringify(configuration));
  const server = spawn(
    program,
    ['server', `--config=${join(directory, 'cerbos.json')}`, '--log-level=error'],
    { stdio: 'ignore', env: { ...process.env, CERBOS_NO_TELEMETRY: '1' } },
  );
  const end = () => server.kill('SIGKILL');
  process.once('exit', end);
  const exited = once(server, 'exit');
  const client = keepAliveClient(port, '/api/check/resources', connections);
  const stop = async () => {
    client.close();
    server.kill('SIGTERM');
    await exited;
    process.removeListener('exit', end);
    rmSync(directory, { recursive: true, force: true });
  };
  const deadline = performance.now() + READY_WITHIN_MILLISECONDS;
  while (!(await isServing(port))) {
    if (server.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`Cerbos (${program}) does not serve`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { answer: (question) => check(client, question), stop };
}

/**
 * A resource policy for each target, which is how Cerbos finds rules fastest; what holds for every target has to
 * stand in each of them.
 */
function resourcePolicies(rules: readonly Rule[]) {
  const everywhere = rules.filter(({ target }) => target === undefined);
  const byTarget = Map.groupBy(
    rules.filter(({ target }) => target !== undefined),
    ({ target }) => target,
  );
  return [...byTarget].map(([target, own]) => ({
    apiVersion: 'api.cerbos.dev/v1',
    resourcePolicy: {
      resource: String(target),
      version: 'default',
      rules: [...everywhere, ...own].map(policyRule),
    },
  }));
}

/** Cerbos judges role by role, and one that is allowed suffices: what forbids has to hold for all of them. */
function policyRule({ id, effect, group, action, leastAal, channel }: Rule) {
  const isForbidden = effect === 'forbid';
  const conditions = [
    ...(isForbidden && group !== undefined ? [`"${group}" in P.roles`] : []),
    ...(leastAal === undefined ? [] : [`P.attr.aal >= ${leastAal}`]),
    ...(channel === undefined ? [] : [`P.attr.channel == "${channel}"`]),
  ];
  return {
    name: id,
    actions: [action],
    effect: isForbidden ? 'EFFECT_DENY' : 'EFFECT_ALLOW',
    roles: [isForbidden || group === undefined ? '*' : group],
    ...(conditions.length === 0 ? {} : { condition: { match: { expr: conditions.join(' && ') } } }),
  };
}

async function check(
  client: KeepAliveClient,
  { principal, groups, action, target, aal, channel }: Question,
): Promise<boolean> {
  const { results } = (await client.post({
    principal: { id: principal, roles: groups, attr: { aal, channel } },
    resources: [{ resource: { kind: target, id: target }, actions: [action] }],
  })) as { results: { actions: Record<string, string> }[] };
  return results[0]?.actions[action] === 'EFFECT_ALLOW';
}

async function isServing(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/_cerbos/health`)).ok;
  } catch {
    return false;
  }
}
