import { describe, expect, test } from 'vitest';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { dueAt, type ManagedSecret, managedSecretType } from '../../../lambdas/rotation/managed-secret.ts';
import { rotateDueSecrets } from '../../../lambdas/rotation/rotate-due-secrets.step.ts';
import { ROTATION_LEASE_SECONDS, type Rotation } from '../../../lambdas/rotation/rotation.ts';
import { startRotation } from '../../../lambdas/rotation/start-rotation.step.ts';
import { clockAt, countedIds, NOW } from '../../support/access-case.ts';
import { inMemoryLedger } from '../../support/in-memory-ledger.ts';
import { apiKeyConnection, managedSecret } from '../../support/rotation-case.ts';

const connection = apiKeyConnection('https://vendor.example');
const by = { service: 'test' };
const demand = { secretId: connection.id, reason: 'demand', txn: 'txn-1', by } as const;
const exposure = { ...demand, reason: 'revocation', revocation: 'rev-1' } as const;

function arrange(...secrets: ManagedSecret[]) {
  const ledger = inMemoryLedger();
  const { rotation: _, ...idle } = managedSecret(connection);
  for (const secret of secrets.length > 0 ? secrets : [idle]) ledger.seed(managedSecretType, secret);
  const clock = clockAt();
  const ids = countedIds();
  const started: string[] = [];
  const workflow = {
    start: async (id: string) => {
      started.push(id);
    },
  };
  const start = startRotation({ ledger, workflow, clock, ids });
  const rotationIn = (id = '') => ledger.entities()[`ROTATION#${id}`] as Rotation;
  return { ledger, clock, ids, workflow, started, start, rotationIn };
}

describe('starting a rotation', () => {
  test('joins the one that runs, and starts its workflow again: once is enough', async () => {
    const { start, started, ledger } = arrange();
    const [first, second] = [await start(demand), await start(demand)];
    expect(second).toEqual(first);
    expect([started, ledger.commits]).toEqual([[first?.id, first?.id], 1]);
  });

  test('for a revocation makes the one that runs end what was before', async () => {
    const { start, rotationIn, ledger } = arrange();
    const running = await start(demand);
    expect(running?.endsPrevious).toBe(false);
    const joined = await start(exposure);
    expect(joined).toMatchObject({ id: running?.id, endsPrevious: true, revocation: 'rev-1' });
    expect(rotationIn(running?.id).endsPrevious).toBe(true);
    await start(exposure);
    await start(demand);
    expect([rotationIn(running?.id).endsPrevious, ledger.commits]).toEqual([true, 2]);
  });

  test('takes the place of one whose execution can be running no more', async () => {
    const { start, clock, rotationIn } = arrange();
    const first = await start(demand);
    clock.atEpochSeconds += ROTATION_LEASE_SECONDS - 1;
    expect((await start(demand))?.id).toBe(first?.id);
    clock.atEpochSeconds += 1;
    const second = await start(demand);
    expect(second?.id).not.toBe(first?.id);
    expect([rotationIn(first?.id).status, rotationIn(second?.id).status]).toEqual(['unresolved', 'running']);
  });

  test('of a secret that there is not starts nothing', async () => {
    const { start, started } = arrange();
    expect(await start({ ...demand, secretId: 'nothing' })).toBeUndefined();
    expect(started).toEqual([]);
  });

  test('that was not confirmed is recorded, and due again soon', async () => {
    const { ledger, clock, ids } = arrange();
    const lost = { start: () => Promise.reject(new DependencyUnavailable('lost')) };
    await expect(startRotation({ ledger, workflow: lost, clock, ids })(demand)).rejects.toThrow('lost');
    const secret = ledger.entities()[`SECRET#${connection.id}`] as ManagedSecret;
    expect(dueAt(secret) - NOW).toBe(300);
  });
});

describe('the schedule', () => {
  const idle = (id: string, due: number): ManagedSecret => {
    const { rotation: _, ...secret } = managedSecret(connection);
    return { ...secret, id, nextRotationAtEpochSeconds: due };
  };

  test('starts what is due, once, and nothing else; one that fails keeps no other from it', async () => {
    const { ledger, clock, ids, started, workflow } = arrange(
      idle('due-long', NOW - 100),
      idle('broken', NOW - 50),
      idle('due-now', NOW),
      idle('due-later', NOW + 1),
    );
    const failed: string[] = [];
    const start = startRotation({ ledger, workflow, clock, ids });
    const look = rotateDueSecrets({
      ledger,
      start: (order) =>
        order.secretId === 'broken' ? Promise.reject(new DependencyUnavailable('lost')) : start(order),
      notStarted: (id) => failed.push(id),
      clock,
      ids,
    });
    expect(await look()).toEqual({ outcome: 'looked', started: 2 });
    expect(await look()).toEqual({ outcome: 'looked', started: 0 });
    expect([started.length, failed]).toEqual([2, ['broken', 'broken']]);
  });
});
