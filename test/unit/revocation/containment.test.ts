import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import { grantType } from '../../../lambdas/minting/grant.ts';
import type { Ledger } from '../../../lambdas/platform/ledger.port.ts';
import { accessRequestType } from '../../../lambdas/requests/access-request.ts';
import { ITEMS_A_PAGE, revocationType, type Scope } from '../../../lambdas/revocation/revocation.ts';
import { sessionType } from '../../../lambdas/verification/session.ts';
import { ledgerOfEverybody, pending, requestIn, revokersThatFind } from '../../support/access-case.ts';
import {
  contain,
  grantStates,
  liveGrant,
  REVOCATION_ID,
  revocationOf,
  seedRevocation,
} from '../../support/containment-case.ts';
import { Interrupted, interruptions } from '../../support/interruptions.ts';

const principal = (id: string): Scope => ({ kind: 'principal', id });

const ids = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => `grant-${from + index}`);

/** So many grants of dana, and three of omar. */
function ledgerWith(count: number, scope = principal('dana')) {
  const ledger = ledgerOfEverybody();
  for (let number = 0; number < count; number += 1) ledger.seed(grantType, liveGrant(number, 'dana'));
  for (let number = 0; number < 3; number += 1) ledger.seed(grantType, liveGrant(count + number, 'omar'));
  seedRevocation(ledger, revocationOf(scope));
  return ledger;
}

const runIn = async (ledger: Ledger) => (await ledger.read(revocationType, REVOCATION_ID))?.entity;

describe('a containment', () => {
  test('ends what is under its scope, however much that is, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 3 * ITEMS_A_PAGE }), async (count) => {
        const ledger = ledgerWith(count);
        await contain(ledger);
        expect(new Set(await grantStates(ledger, ids(0, count)))).toEqual(
          new Set(count === 0 ? [] : ['ended']),
        );
        expect(await grantStates(ledger, ids(count, 3))).toEqual(['active', 'active', 'active']);
        expect(await runIn(ledger)).toMatchObject({
          status: 'contained',
          counts: { grants: count, sessions: 1 },
        });
        expect((await ledger.read(sessionType, 'session-dana'))?.entity.status).toBe('ended');
        expect((await ledger.read(sessionType, 'session-omar'))?.entity.status).toBe('active');
      }),
      { numRuns: 12 },
    );
  });

  test('costs in proportion to what it concerns, not to what there is', async () => {
    const costOf = async (count: number, others: number) => {
      const ledger = ledgerWith(count);
      for (let number = 0; number < others; number += 1)
        ledger.seed(grantType, liveGrant(10_000 + number, 'omar'));
      const counted = interruptions();
      await contain(counted.watch(ledger));
      return counted.calls;
    };
    const [few, many, manyAmongOthers] = [await costOf(50, 0), await costOf(500, 0), await costOf(500, 1000)];
    expect(many).toBe(manyAmongOthers);
    expect(many / 500).toBeLessThan((1.1 * few) / 50);
    // Reads and transactions of the table for each grant.
    expect(many / 500).toBeLessThan(12);
  });

  test('never lets what waits to become active become so', async () => {
    const ledger = ledgerWith(0);
    ledger.seed(grantType, { ...pending(), status: 'pending', id: 'grant-1', requestId: 'req-1' });
    ledger.seed(accessRequestType, requestIn('permitted'));
    await contain(ledger);
    expect(await grantStates(ledger, ['grant-1'])).toEqual(['abandoned']);
    expect(await runIn(ledger)).toMatchObject({ status: 'contained' });
  });

  test('finds what others have a part of, wherever it was asked for', async () => {
    const ledger = ledgerWith(1, { kind: 'session', id: 'session-dana' });
    ledger.seed(grantType, liveGrant(7, 'dana', { session: 'session-elsewhere', ancestors: ['grant-0'] }));
    ledger.seed(grantType, liveGrant(8, 'dana', { session: 'session-elsewhere' }));
    await contain(ledger);
    expect(await grantStates(ledger, ['grant-0', 'grant-7', 'grant-8'])).toEqual([
      'ended',
      'ended',
      'active',
    ]);
  });

  test('of a leaked credential takes along what was asked for in its sessions, however much, and their parts', async () => {
    const scope: Scope = { kind: 'credential', id: 'fingerprint-0' };
    const sessions = ['session-dana', 'session-of-a-copy'];
    const ledger = ledgerWith(ITEMS_A_PAGE + 20);
    seedRevocation(ledger, revocationOf(scope, { sessions }));
    ledger.seed(grantType, liveGrant(100, 'dana', { session: 'session-of-a-copy' }));
    ledger.seed(grantType, liveGrant(101, 'dana', { session: 'session-elsewhere' }));
    ledger.seed(
      grantType,
      liveGrant(102, 'dana', { session: 'session-elsewhere', ancestors: ['grant-69', 'grant-100'] }),
    );
    await contain(ledger);
    const states = await grantStates(ledger, [...ids(0, 70), 'grant-100', 'grant-101', 'grant-102']);
    expect(states.filter((state) => state === 'ended').length).toBe(72);
    expect(states[71]).toBe('active');
    expect(await runIn(ledger)).toMatchObject({ status: 'contained', counts: { grants: 72, sessions: 1 } });
    expect((await ledger.read(sessionType, 'session-omar'))?.entity.status).toBe('active');
  });

  test('ends as many sessions as there are, page by page', async () => {
    const count = 2 * ITEMS_A_PAGE + 20;
    const ledger = ledgerOfEverybody();
    const dana = (await ledger.read(sessionType, 'session-dana'))?.entity;
    if (dana === undefined) throw new Error('The case has no session of dana');
    seedRevocation(ledger, revocationOf({ kind: 'session', id: 'session-dana' }));
    ledger.seed(grantType, liveGrant(0, 'dana'));
    for (let number = 1; number <= count; number += 1) {
      const session = `session-of-${number % 2 === 0 ? number : 'odd'}`;
      ledger.seed(sessionType, { ...dana, id: session });
      ledger.seed(grantType, liveGrant(number, 'dana', { session, ancestors: ['grant-0'] }));
    }
    await contain(ledger);
    expect(await runIn(ledger)).toMatchObject({
      status: 'contained',
      counts: { grants: count + 1, sessions: count / 2 + 2 },
    });
  });

  test('is not over while a target does not confirm, and is when it does', async () => {
    const ledger = ledgerWith(2);
    await contain(ledger, { revokers: revokersThatFind('unknown') });
    const unresolved = await runIn(ledger);
    expect(unresolved).toMatchObject({ status: 'unresolved', unresolved: { grants: 2 } });
    expect(unresolved?.containedAtEpochMilliseconds).toBeUndefined();
    expect(await grantStates(ledger, ids(0, 2))).toEqual(['ending', 'ending']);
    await contain(ledger);
    expect(await runIn(ledger)).toMatchObject({ status: 'contained', unresolved: { grants: 0 } });
    expect(await grantStates(ledger, ids(0, 2))).toEqual(['ended', 'ended']);
  });

  test('stopped at any call, before or after it, is finished by doing it again', async () => {
    const whole = interruptions();
    await contain(whole.watch(ledgerWith(3)));
    for (let nth = 1; nth <= whole.calls; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        const ledger = ledgerWith(3);
        await expect(contain(interruptions(nth, when).watch(ledger))).rejects.toThrow(Interrupted);
        await contain(ledger);
        expect(await grantStates(ledger, ids(0, 3)), `${nth} ${when}`).toEqual(['ended', 'ended', 'ended']);
        expect(await runIn(ledger), `${nth} ${when}`).toMatchObject({
          status: 'contained',
          counts: { grants: 3 },
        });
        for (const chain of [REVOCATION_ID, 'req-0', 'req-1', 'req-2'])
          expect(verifyChain(chain, ledger.chain(chain))).toMatchObject({ verified: true });
      }
    }
  });
});
