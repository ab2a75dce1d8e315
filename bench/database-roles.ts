import { randomUUID } from 'node:crypto';
import { escapeIdentifier } from 'pg';
import { demoDeployment } from '../demo/deployment.ts';
import type { PostgresServer } from '../demo/postgres-server.ts';
import { postgresMinter } from '../lambdas/minting/connectors/postgres/minter.postgres.ts';
import { activate, type GrantIn } from '../lambdas/minting/grant.ts';
import { DeploymentSchema, type TargetOf } from '../lambdas/platform/deployment.ts';

/** Two ways to make a role on one server, each call a role of its own. */
export interface DatabaseRoles {
  /** As the connector does it: with its password, its end, and what it may do. */
  mint(): Promise<void>;
  /** `CREATE ROLE` with a password, and nothing else, over a connection that is open already. */
  create(): Promise<void>;
  stop(): Promise<void>;
}

const GRANT_SECONDS = 1200;

export async function databaseRoles(server: PostgresServer): Promise<DatabaseRoles> {
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
