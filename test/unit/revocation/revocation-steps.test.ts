import { describe, expect, test } from 'vitest';
import type { Revokers } from '../../../lambdas/minting/connector.port.ts';
import {
  beginEnding,
  CLAIM_LEASE_SECONDS,
  type Credential,
  type Grant,
  type GrantIn,
  grantType,
} from '../../../lambdas/minting/grant.ts';
import { BrokenInvariant, RevocationUnconfirmed } from '../../../lambdas/platform/failures.ts';
import { accessRequestType } from '../../../lambdas/requests/access-request.ts';
import { closeGrant } from '../../../lambdas/revocation/close-grant.step.ts';
import { recordUnrevoked } from '../../../lambdas/revocation/record-unrevoked.step.ts';
import { revokeCredential } from '../../../lambdas/revocation/revoke-credential.step.ts';
import {
  active,
  clockAt,
  deployment,
  endingInVain,
  GRANT_ID,
  HOUR,
  inert,
  ledgerOfEverybody,
  NOW,
  pending,
  REQUEST_ID,
  requestIn,
  revokersThatFind,
  revokersWith,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';

const clock = clockAt();
const handle = `sallyport-${GRANT_ID}`;
const live: Credential = {
  status: 'live',
  handle,
  fingerprints: ['f'.repeat(64)],
  issuedAtEpochSeconds: NOW,
  expiresAtEpochSeconds: NOW + HOUR,
};
const claimed: GrantIn<'active'> = { ...active(), credential: live };

function ledgerWith(grant: Grant): InMemoryLedger {
  const ledger = ledgerOfEverybody();
  ledger.seed(grantType, grant);
  ledger.seed(accessRequestType, requestIn(grant.status === 'pending' ? 'permitted' : 'approved'));
  return ledger;
}

const grantOf = async (ledger: InMemoryLedger) => (await ledger.read(grantType, GRANT_ID))?.entity;
const typesIn = (ledger: InMemoryLedger) => ledger.chain(REQUEST_ID).map(({ type }) => type);
const revoke = (ledger: InMemoryLedger, revokers: Revokers = revokersThatFind('dead'), more = {}) =>
  revokeCredential({ ...endingInVain, deployment, revokers, ledger, clock })({
    requestId: REQUEST_ID,
    reason: 'expired',
    ...more,
  });

describe('a revocation', () => {
  test('ends the right, then the credential, then asks, and only then has its receipt', async () => {
    const ledger = ledgerWith(claimed);
    const seen: string[] = [];
    const note = async (call: string) => {
      const grant = await grantOf(ledger);
      seen.push(
        `${call}: ${grant?.status}, ${grant !== undefined && 'credential' in grant && grant.credential.status}`,
      );
    };
    await revoke(
      ledger,
      revokersWith({
        revoke: () => note('revoke'),
        probe: async () => {
          await note('probe');
          return { answer: 'dead', how: 'a test asked' };
        },
        boundSeconds: () => 600,
        keeps: false,
      }),
    );
    expect(seen).toEqual(['revoke: ending, live', 'probe: ending, live']);
    expect(await grantOf(ledger)).toMatchObject({
      status: 'ending',
      credential: {
        status: 'revoked',
        receipt: { probedAtEpochSeconds: NOW, answer: 'dead', how: 'a test asked' },
      },
    });
    expect(ledger.chain(REQUEST_ID).at(-1)?.details).toMatchObject({ receipt: { bound_seconds: 600 } });
  });

  test.for(['live', 'unknown'] as const)(
    'whose probe answers %s is not confirmed; the grant stays ending',
    async (answer) => {
      const ledger = ledgerWith(claimed);
      await expect(revoke(ledger, revokersThatFind(answer))).rejects.toThrow(RevocationUnconfirmed);
      expect(await grantOf(ledger)).toMatchObject({ status: 'ending', credential: { status: 'live' } });
    },
  );

  test('that was not confirmed can be done again and is told once as begun', async () => {
    const ledger = ledgerWith(claimed);
    await revoke(ledger, revokersThatFind('unknown')).catch(() => undefined);
    await revoke(ledger);
    expect(typesIn(ledger)).toEqual(['grant.ending', 'credential.revoked']);
  });

  describe('while a claim is at work', () => {
    const issuing: GrantIn<'active'> = {
      ...active(),
      credential: {
        status: 'issuing',
        handle,
        sinceEpochSeconds: NOW,
        expiresAtEpochSeconds: NOW + HOUR,
      },
    };

    /** A target that has what was made there until it is ended. */
    function target(keeps: boolean) {
      const made = new Set<string>();
      const revokers = revokersWith({
        revoke: async () => made.clear(),
        probe: async () => ({ answer: made.size > 0 ? 'live' : 'dead', how: 'a test looked' }),
        boundSeconds: () => 0,
        keeps,
      });
      const vault = { read: async () => undefined, destroy: async () => {} };
      const end = (ledger: InMemoryLedger, at: number) =>
        revokeCredential({ ...endingInVain, vault, deployment, revokers, ledger, clock: clockAt(at) })({
          requestId: REQUEST_ID,
          reason: 'revoked',
        });
      return { made, end };
    }

    test('is not confirmed before its lease is over, and ends what it makes late', async () => {
      const ledger = ledgerWith(issuing);
      const { made, end } = target(true);
      made.add('early');
      await expect(end(ledger, NOW + 1)).rejects.toThrow(RevocationUnconfirmed);
      expect([...made]).toEqual([]);
      made.add('late');
      await expect(end(ledger, NOW + CLAIM_LEASE_SECONDS - 1)).rejects.toThrow(RevocationUnconfirmed);
      made.add('last');
      expect(await grantOf(ledger)).toMatchObject({ status: 'ending', credential: { status: 'issuing' } });
      await end(ledger, NOW + CLAIM_LEASE_SECONDS);
      expect([...made]).toEqual([]);
      expect(await grantOf(ledger)).toMatchObject({ credential: { status: 'revoked' } });
    });

    test('is confirmed at once where nothing of it rests at the target', async () => {
      const ledger = ledgerWith(issuing);
      await target(false).end(ledger, NOW + 1);
      expect(await grantOf(ledger)).toMatchObject({ credential: { status: 'revoked' } });
    });

    test('and when it is over, is confirmed at once', async () => {
      const ledger = ledgerWith(claimed);
      await target(true).end(ledger, NOW + 1);
      expect(await grantOf(ledger)).toMatchObject({ credential: { status: 'revoked' } });
    });
  });

  test('keeps the reason of a grant that was given back', async () => {
    const ledger = ledgerWith(beginEnding(claimed, 'returned', NOW));
    await revoke(ledger);
    expect(await grantOf(ledger)).toMatchObject({ reason: 'returned' });
  });

  test('says what failed, where something did', async () => {
    const ledger = ledgerWith(claimed);
    const failure = { state: 'HoldGrant', error: 'Boom' };
    await revoke(ledger, undefined, { reason: 'failed', failure });
    expect(await grantOf(ledger)).toMatchObject({ reason: 'failed', failure });
  });

  test.for<[string, Grant]>([
    ['of a grant that never became active', pending()],
    ['of a grant that was abandoned', { ...pending(), status: 'abandoned', endedAtEpochSeconds: NOW }],
  ])('%s asks no target and changes nothing', async ([, grant]) => {
    const ledger = ledgerWith(grant);
    expect(await revoke(ledger, inert<Revokers>('Revokers'))).toEqual({ outcome: 'revoked' });
    expect(ledger.commits).toBe(0);
  });

  test('of a grant that is not recorded finds nothing to do', async () => {
    expect(await revoke(ledgerOfEverybody(), inert<Revokers>('Revokers'))).toEqual({ outcome: 'revoked' });
  });

  test('of a grant for a target that is gone is a broken invariant, after the right has ended', async () => {
    const ledger = ledgerWith({ ...claimed, target: 'gone' });
    await expect(revoke(ledger)).rejects.toThrow(BrokenInvariant);
    expect((await grantOf(ledger))?.status).toBe('ending');
  });
});

describe('a close', () => {
  const close = (ledger: InMemoryLedger, failure?: { state: string; error: string }) =>
    closeGrant({ ledger, clock })({ requestId: REQUEST_ID, failure });

  test('ends a grant whose credential is known to be dead', async () => {
    const ledger = ledgerWith(claimed);
    await revoke(ledger);
    await close(ledger);
    expect(await grantOf(ledger)).toMatchObject({ status: 'ended', endedAtEpochSeconds: NOW });
  });

  test.for<[string, Grant]>([
    ['active', claimed],
    ['ending with its credential alive', beginEnding(claimed, 'expired', NOW)],
    ['unresolved', { ...beginEnding(claimed, 'expired', NOW), status: 'unresolved' }],
    ['pending, though nothing failed', pending()],
  ])('never ends a grant that is %s', async ([, grant]) => {
    const ledger = ledgerWith(grant);
    await expect(close(ledger)).rejects.toThrow(BrokenInvariant);
    expect(ledger.commits).toBe(0);
  });

  test('abandons a grant that never became active, and fails its request, and says so however often it runs', async () => {
    const ledger = ledgerWith(pending());
    const failure = { state: 'MintCredential', error: 'Boom' };
    const answers = [await close(ledger, failure), await close(ledger, failure)];
    expect(answers).toEqual([{ outcome: 'failed' }, { outcome: 'failed' }]);
    expect((await grantOf(ledger))?.status).toBe('abandoned');
    expect((await ledger.read(accessRequestType, REQUEST_ID))?.entity.status).toBe('failed');
  });
});

describe('a credential that could not be confirmed dead', () => {
  const unrevoked = (ledger: InMemoryLedger, alarms: string[] = []) =>
    recordUnrevoked({ ledger, clock, metrics: { unrevokedCredential: () => void alarms.push('!') } })({
      requestId: REQUEST_ID,
      error: 'RevocationUnconfirmed',
      reason: 'expired',
    });

  test('is recorded as unresolved and alarmed on', async () => {
    const ledger = ledgerWith(beginEnding(claimed, 'expired', NOW));
    const alarms: string[] = [];
    await unrevoked(ledger, alarms);
    expect([(await grantOf(ledger))?.status, alarms]).toEqual(['unresolved', ['!']]);
  });

  test('is alarmed on even where recording it fails', async () => {
    const alarms: string[] = [];
    await expect(unrevoked(ledgerOfEverybody(), alarms)).rejects.toThrow(BrokenInvariant);
    expect(alarms).toEqual(['!']);
  });

  test('can be revoked later, and is done only then', async () => {
    const ledger = ledgerWith(beginEnding(claimed, 'expired', NOW));
    await unrevoked(ledger);
    await revoke(ledger);
    expect(await grantOf(ledger)).toMatchObject({ status: 'ending', credential: { status: 'revoked' } });
  });

  test('does not undo a revocation that was confirmed meanwhile', async () => {
    const ledger = ledgerWith({
      ...beginEnding(claimed, 'expired', NOW),
      status: 'ended',
      endedAtEpochSeconds: NOW,
    });
    await unrevoked(ledger);
    expect((await grantOf(ledger))?.status).toBe('ended');
  });
});
