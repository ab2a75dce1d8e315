import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimCredential } from '../../../lambdas/minting/claim-credential.step.ts';
import type { Material, Minters, Revokers } from '../../../lambdas/minting/connector.port.ts';
import { postgresMinter } from '../../../lambdas/minting/connectors/postgres/minter.postgres.ts';
import type { CredentialVault } from '../../../lambdas/minting/credential-vault.port.ts';
import { activate, CLAIM_LEASE_SECONDS, grantType } from '../../../lambdas/minting/grant.ts';
import { grantEnding } from '../../../lambdas/revocation/end-grant.step.ts';
import {
  callerOf,
  clockAt,
  dana,
  deployment,
  endingInVain,
  GRANT_ID,
  inert,
  ledgerOfEverybody,
  pending,
  policiesOf,
  scriptedEngine,
} from '../../support/access-case.ts';
import { Interrupted, type Interruptions, interruptions } from '../../support/interruptions.ts';
import { noPostgres, type OrdersDatabase, startOrdersDatabase } from '../../support/orders-database.ts';

/** The one that the database server goes by. */
const now = Math.floor(Date.now() / 1000);

function inMemoryVault(): CredentialVault & { readonly kept: Map<string, Material> } {
  const kept = new Map<string, Material>();
  return {
    kept,
    keep: async (grantId, material) => {
      kept.set(grantId, material);
      return { secret: grantId };
    },
    read: async (grantId) => kept.get(grantId),
    destroy: async (grantId) => {
      kept.delete(grantId);
    },
  };
}

describe.skipIf(noPostgres !== undefined)('the claim of a role', () => {
  let database: OrdersDatabase;
  beforeAll(async () => {
    database = await startOrdersDatabase();
  });
  afterAll(() => database?.stop());

  function arrange() {
    const ledger = ledgerOfEverybody();
    const grant = { ...pending(), target: database.target.id, permissions: ['orders:read'] };
    ledger.seed(grantType, activate(grant, now));
    return { ledger, vault: inMemoryVault() };
  }

  function claim({ ledger, vault }: ReturnType<typeof arrange>, at: number, stop: Interruptions) {
    const secrets = stop.watch({ read: async () => ({ ...database.server.administrator }) });
    return claimCredential({
      deployment: { ...deployment, targets: [database.target] },
      policies: policiesOf(scriptedEngine(() => ({ permitted: true, determining: [{ id: 'readers' }] }))),
      minters: inert<Minters>('Minters', {
        postgres: stop.watch(postgresMinter(secrets), ['lifetimeSeconds']),
      }),
      vault: stop.watch(vault),
      ledger: stop.watch(ledger),
      clock: clockAt(at),
    })(callerOf(dana), GRANT_ID);
  }

  async function end({ ledger, vault }: ReturnType<typeof arrange>): Promise<void> {
    const stored = await ledger.read(grantType, GRANT_ID);
    if (stored === undefined) throw new Error('There is no grant');
    await grantEnding({
      ...endingInVain,
      deployment: { ...deployment, targets: [database.target] },
      revokers: inert<Revokers>('Revokers', { postgres: database.revoker }),
      vault,
      ledger,
      clock: clockAt(now + CLAIM_LEASE_SECONDS),
    }).end(stored, { reason: 'revoked', by: { service: 'revoke-credential' } });
  }

  test('that stops anywhere can be made again, has one role then, and none when the grant ends', async () => {
    const undisturbed = interruptions();
    const first = arrange();
    await claim(first, now, undisturbed);
    await end(first);
    expect(undisturbed.calls).toBeGreaterThan(4);
    for (let nth = 1; nth <= undisturbed.calls; nth += 1)
      for (const when of ['before', 'after'] as const) {
        const where = `stopped ${when} call ${nth} of ${undisturbed.calls}`;
        const stopped = arrange();
        await expect(claim(stopped, now, interruptions(nth, when))).rejects.toThrow(Interrupted);
        const again = await claim(stopped, now + CLAIM_LEASE_SECONDS, interruptions()).catch(
          ({ type }: { type: string }) => type,
        );
        // Once its fingerprint is recorded it counts as delivered: whether it was, nobody knows.
        if (typeof again === 'string') expect(again, where).toMatch('already-claimed');
        else expect(await database.usable(again.material ?? {}), where).toEqual(['orders:read']);
        expect(await database.roles(), where).toEqual([`sallyport-${GRANT_ID}`]);
        await end(stopped);
        expect([await database.roles(), stopped.vault.kept.size], where).toEqual([[], 0]);
      }
  });

  test('that stops anywhere and is not made again leaves nothing when the grant ends', async () => {
    const undisturbed = interruptions();
    const first = arrange();
    await claim(first, now, undisturbed);
    await end(first);
    for (let nth = 1; nth <= undisturbed.calls; nth += 1)
      for (const when of ['before', 'after'] as const) {
        const stopped = arrange();
        await expect(claim(stopped, now, interruptions(nth, when))).rejects.toThrow(Interrupted);
        await end(stopped);
        const left = [await database.roles(), stopped.vault.kept.size];
        expect(left, `stopped ${when} call ${nth} of ${undisturbed.calls}`).toEqual([[], 0]);
      }
  });
});
