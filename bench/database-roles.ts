import { randomUUID } from 'node:crypto';
import { escapeIdentifier } from 'pg';
import { demoDeployment } from '../demo/deployment.ts';
import { type PostgresServer, startPostgres } from '../demo/postgres-server.ts';
import { postgresMinter } from '../lambdas/minting/connectors/postgres/minter.postgres.ts';
import { activate, type GrantIn } from '../lambdas/minting/grant.ts';
import { DeploymentSchema, type TargetOf } from '../lambdas/platform/deployment.ts';
import { quantile, rounded } from './quantiles.ts';

/** Two ways to make a role on one server, each call a role of its own. */
interface DatabaseRoles {
  /** As the connector does it: with its password, its end, and what it may do. */
  mint(): Promise<void>;
  /** `CREATE ROLE` with a password, and nothing else, over a connection that is open already. */
  create(): Promise<void>;
  stop(): Promise<void>;
}

const GRANT_SECONDS = 1200;
const WARM_UP_ROLES = 20;
const MEASURED_ROLES = 200;

export interface DatabaseRoleFigures {
  readonly mintP95Milliseconds: number;
  readonly createP95Milliseconds: number;
  /** Of the two, which share the machine and its moment. */
  readonly ratio: number;
}

/** What a grant of a role costs beside a bare `CREATE ROLE`; undefined where this machine has no PostgreSQL. */
export async function measureDatabaseRoles(): Promise<DatabaseRoleFigures | undefined> {
  const server = await startPostgres({ port: 0 });
  if (server === undefined) return undefined;
  const roles = await databaseRoles(server);
  try {
    await timed(roles, WARM_UP_ROLES);
    const { mint, create } = await timed(roles, MEASURED_ROLES);
    const [mintP95, createP95] = [quantile(mint, 0.95), quantile(create, 0.95)];
    return {
      mintP95Milliseconds: rounded(mintP95),
      createP95Milliseconds: rounded(createP95),
      ratio: rounded(mintP95 / createP95),
    };
  } finally {
    await roles.stop();
    await server.stop();
  }
}

/** One of each in turn, in milliseconds. */
async function timed(roles: DatabaseRoles, times: number): Promise<{ mint: number[]; create: number[] }> {
  const took = async (act: () => Promise<void>): Promise<number> => {
    const startedAt = performance.now();
    await act();
    return performance.now() - startedAt;
  };
  const [mint, create]: [number[], number[]] = [[], []];
  for (let time = 0; time < times; time += 1) {
    mint.push(await took(roles.mint));
    create.push(await took(roles.create));
  }
  return { mint, create };
}

async function databaseRoles(server: PostgresServer): Promise<DatabaseRoles> {
  const target = targetAt(server);
  const minter = postgresMinter({ read: async () => ({ ...server.administrator }) });
  const administrator = await server.logIn(server.administrator);
  return {
    mint: async () => {
      const nowEpochSeconds = Math.floor(Date.now() / 1000);
      const grant = grantTo(target, nowEpochSeconds);
      const { expiresAtEpochSeconds } = grant;
      const terms = { nowEpochSeconds, expiresAtEpochSeconds, keyThumbprint: undefined, claimedFrom: {} };
      await minter.mint(grant, target, terms);
    },
    create: async () => {
      const name = escapeIdentifier(`bare-${randomUUID()}`);
      await administrator.query(
        `CREATE ROLE ${name} LOGIN PASSWORD 'as long as one that a connector makes, nearly'`,
      );
    },
    stop: () => administrator.end(),
  };
}

function targetAt(server: PostgresServer): TargetOf<'postgres'> {
  const { targets } = DeploymentSchema.parse(demoDeployment({ postgresPort: server.port }));
  const target = targets.find(({ connector }) => connector === 'postgres');
  if (target?.connector !== 'postgres') throw new Error('The demo has no database');
  return target;
}

function grantTo(target: TargetOf<'postgres'>, nowEpochSeconds: number): GrantIn<'active'> {
  const id = `grant-${randomUUID()}`;
  const grant = {
    id,
    status: 'pending' as const,
    requestId: `req-${id}`,
    txn: id,
    principal: { kind: 'workload' as const, id: 'deploy-bot' },
    actors: [],
    session: 'bench',
    ancestors: [],
    target: target.id,
    permissions: ['orders:read', 'orders:write'],
    durationSeconds: GRANT_SECONDS,
    createdAtEpochSeconds: nowEpochSeconds,
  };
  return activate(grant, nowEpochSeconds);
}
