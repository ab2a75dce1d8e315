import { startVendorApi } from '../../demo/vendor-api.ts';
import { secretMinter } from '../../lambdas/minting/connectors/secret/minter.secret.ts';
import { secretRevoker } from '../../lambdas/minting/connectors/secret/revoker.secret.ts';
import type { TargetOf } from '../../lambdas/platform/deployment.ts';
import { DependencyUnavailable } from '../../lambdas/platform/failures.ts';
import { randomIds } from '../../lambdas/platform/ids.random.ts';
import { startRotation } from '../../lambdas/rotation/start-rotation.step.ts';
import { inMemoryLedger } from '../support/in-memory-ledger.ts';
import {
  apiKeyConnection,
  inMemoryVersions,
  managedSecret,
  ROTATION_ID,
  rotationOf,
  rotatorsWith,
  runRotation,
  seedRotation,
} from '../support/rotation-case.ts';
import { type ConnectorWorld, connectorContract } from './connector-contract.ts';

/** An API key of a vendor that is really there, with rotations that run as soon as they are started. */
async function start(): Promise<ConnectorWorld> {
  const vendor = await startVendorApi({ port: 0 });
  const connection = apiKeyConnection(vendor.url);
  const target: TargetOf<'secret'> = {
    id: 'vendor',
    name: 'A vendor',
    system: 'vendor',
    environment: 'production',
    connector: 'secret',
    secret: connection.id,
    permissions: ['parcels:ship'],
    maximumDuration: 'PT1H',
  };
  let isDown = false;
  const kept = inMemoryVersions();
  const versions = {
    ...kept,
    read: async (id: string, token: string) => {
      if (isDown) throw new DependencyUnavailable('Secrets Manager did not confirm the call');
      return kept.read(id, token);
    },
  };
  const world = {
    ledger: inMemoryLedger(),
    versions,
    clock: { nowEpochMilliseconds: () => Date.now() },
    rotators: rotatorsWith({ vendor: { token: vendor.administratorToken } }),
    connections: [connection],
  };
  seedRotation(world.ledger, managedSecret(connection), rotationOf(connection.id));
  await runRotation(world, ROTATION_ID);
  return {
    minter: secretMinter(world.ledger, versions),
    revoker: secretRevoker({
      deployment: { connections: [connection] },
      ledger: world.ledger,
      rotators: world.rotators,
      rotate: startRotation({
        ledger: world.ledger,
        workflow: { start: (rotationId) => runRotation(world, rotationId) },
        clock: world.clock,
        ids: randomIds,
      }),
    }),
    target,
    permissions: [['parcels:ship'], ['parcels:ship']],
    usable: async (material) => {
      const headers = { authorization: `Bearer ${material['api_key']}` };
      return (await fetch(`${vendor.url}/parcels`, { headers })).ok ? ['parcels:ship'] : [];
    },
    whileDown: async (act) => {
      const comeBack = vendor.goDown();
      isDown = true;
      try {
        return await act();
      } finally {
        isDown = false;
        comeBack();
      }
    },
    administratorSecrets: [vendor.administratorToken],
    shared: true,
    exclusive: true,
    stop: () => vendor.stop(),
  };
}

connectorContract('secret', start);
