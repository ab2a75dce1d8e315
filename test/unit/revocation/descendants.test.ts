import { describe, expect, test } from 'vitest';
import { activate, type Grant, type GrantIn, grantType } from '../../../lambdas/minting/grant.ts';
import { mintCredential } from '../../../lambdas/minting/mint-credential.step.ts';
import { GrantNotHeld } from '../../../lambdas/platform/failures.ts';
import type { WaitingWorkflow } from '../../../lambdas/platform/task-tokens.port.ts';
import { accessRequestType } from '../../../lambdas/requests/access-request.ts';
import { revokeCredential } from '../../../lambdas/revocation/revoke-credential.step.ts';
import {
  active,
  clockAt,
  deployment,
  endingInVain,
  GRANT_ID,
  HOUR,
  ledgerOfEverybody,
  NOW,
  pending,
  REQUEST_ID,
  requestIn,
  revokersThatFind,
  revokersWith,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, interruptions } from '../../support/interruptions.ts';

const clock = clockAt();

/** A grant under others, with a workflow that holds it. */
function part(number: number, ...ancestors: string[]): GrantIn<'active'> {
  const requestId = `req-part-${number}`;
  const grant = { ...pending(), id: `grant-part-${number}`, requestId, ancestors };
  return { ...activate(grant, NOW), encryptedHoldToken: `sealed(${number})` };
}

const family = [active(), part(1, GRANT_ID), part(2, 'grant-part-1', GRANT_ID), part(3, GRANT_ID)];

function ledgerWith(grants: readonly Grant[]): InMemoryLedger {
  const ledger = ledgerOfEverybody();
  for (const grant of grants) ledger.seed(grantType, grant);
  return ledger;
}

const statesIn = async (ledger: InMemoryLedger) =>
  Promise.all(
    family.map(async ({ id }) => {
      const grant = (await ledger.read(grantType, id))?.entity;
      return grant !== undefined && 'credential' in grant ? [grant.status, grant.credential.status] : [];
    }),
  );

function workflowThatNotes(woken: string[]): WaitingWorkflow {
  return {
    resume: async (_, id) => {
      woken.push(id);
    },
  };
}

describe('the end of a grant', () => {
  test('is that of all that is under it, each once, whose workflows are told', async () => {
    const ledger = ledgerWith(family);
    const woken: string[] = [];
    const revoke = revokeCredential({
      ...endingInVain,
      deployment,
      revokers: revokersThatFind('dead'),
      workflow: workflowThatNotes(woken),
      ledger,
      clock,
    });
    await revoke({ requestId: REQUEST_ID, reason: 'returned' });
    expect(await statesIn(ledger)).toEqual(Array(4).fill(['ending', 'revoked']));
    expect(woken.toSorted()).toEqual(['grant-part-1', 'grant-part-2', 'grant-part-3']);
    expect(ledger.chain('req-part-2').map(({ type, details }) => [type, details['reason']])).toEqual([
      ['grant.ending', 'parent_ended'],
      ['credential.revoked', 'parent_ended'],
    ]);
  });

  test('tries every one of them, and is not confirmed where one is not', async () => {
    const ledger = ledgerWith(family);
    const revoke = revokeCredential({
      ...endingInVain,
      deployment,
      revokers: revokersWith({
        ...revokersThatFind('dead')['oauth-jwt'],
        probe: async ({ id }) => ({ answer: id === 'grant-part-1' ? 'live' : 'dead', how: 'a test asked' }),
      }),
      workflow: workflowThatNotes([]),
      ledger,
      clock,
    });
    await expect(revoke({ requestId: REQUEST_ID, reason: 'returned' })).rejects.toThrow('grant-part-1');
    expect(await statesIn(ledger)).toEqual([
      ['ending', 'revoked'],
      ['ending', 'prepared'],
      ['ending', 'revoked'],
      ['ending', 'revoked'],
    ]);
  });

  test('that stops at any call of a port is finished when it is done again', async () => {
    const stopsAt = async (nth: number, when: 'before' | 'after') => {
      const ledger = ledgerWith(family);
      const stop = interruptions(nth, when);
      const dependencies = { ...endingInVain, deployment, revokers: revokersThatFind('dead'), clock };
      const workflow = workflowThatNotes([]);
      const stopped = await revokeCredential({
        ...dependencies,
        workflow: stop.watch(workflow),
        ledger: stop.watch(ledger),
      })({ requestId: REQUEST_ID, reason: 'returned' }).then(
        () => false,
        (error: unknown) => error instanceof Interrupted,
      );
      await revokeCredential({ ...dependencies, workflow, ledger })({
        requestId: REQUEST_ID,
        reason: 'returned',
      });
      expect(await statesIn(ledger)).toEqual(Array(4).fill(['ending', 'revoked']));
      return stopped;
    };
    let nth = 1;
    while (await stopsAt(nth, 'before')) {
      await stopsAt(nth, 'after');
      nth += 1;
    }
    expect(nth).toBeGreaterThan(10);
  });
});

describe('a part that becomes active', () => {
  const mint = (ledger: InMemoryLedger) => mintCredential({ ledger, clock })({ requestId: REQUEST_ID });
  const parent = { ...active(), id: 'grant-parent', requestId: 'req-parent' };

  function ledgerAround(above: Grant): InMemoryLedger {
    const ledger = ledgerWith([{ ...pending(), ancestors: [above.id] }, above]);
    ledger.seed(accessRequestType, requestIn('permitted'));
    return ledger;
  }

  test('ends no later than what it is a part of', async () => {
    const ledger = ledgerAround({ ...parent, expiresAtEpochSeconds: NOW + 60 });
    expect(Date.parse((await mint(ledger)).expiresAt) / 1000).toBe(NOW + 60);
  });

  test.for<[string, Grant]>([
    ['has ended', { ...parent, status: 'ending', reason: 'returned', endingSinceEpochSeconds: NOW }],
    ['has no time left', { ...parent, expiresAtEpochSeconds: NOW }],
    ['never became active', { ...pending(), id: 'grant-parent', requestId: 'req-parent' }],
  ])('does not, where what it is a part of %s', async ([, above]) => {
    const ledger = ledgerAround(above);
    await expect(mint(ledger)).rejects.toThrow(GrantNotHeld);
    expect((await ledger.read(grantType, GRANT_ID))?.entity.status).toBe('pending');
  });

  test('fails while what it is a part of ends at the same moment, and is revoked by its own workflow', async () => {
    const ledger = ledgerAround(parent);
    const racing: InMemoryLedger = {
      ...ledger,
      commit: async (transition) => {
        const told = await ledger.commit(transition);
        const stored = await ledger.read(grantType, parent.id);
        if (stored?.entity.status === 'active')
          await revokeCredential({
            ...endingInVain,
            deployment,
            revokers: revokersThatFind('dead'),
            ledger,
            workflow: workflowThatNotes([]),
            clock,
          })({ requestId: 'req-parent', reason: 'revoked' });
        return told;
      },
    };
    await expect(mint(racing)).rejects.toThrow(GrantNotHeld);
  });

  test('says that it is active when it is done again', async () => {
    const ledger = ledgerAround({ ...parent, expiresAtEpochSeconds: NOW + HOUR });
    expect(await mint(ledger)).toEqual(await mint(ledger));
  });
});
