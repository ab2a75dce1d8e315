import { describe, expect, test } from 'vitest';
import { beginEnding, type Grant, grantType } from '../../../lambdas/minting/grant.ts';
import { holdGrant } from '../../../lambdas/minting/hold-grant.step.ts';
import { mintCredential } from '../../../lambdas/minting/mint-credential.step.ts';
import { listGrants, readGrant } from '../../../lambdas/minting/read-grants.step.ts';
import { returnGrant } from '../../../lambdas/minting/return-grant.step.ts';
import { BrokenInvariant, DependencyUnavailable, GrantNotHeld } from '../../../lambdas/platform/failures.ts';
import type { Ledger } from '../../../lambdas/platform/ledger.port.ts';
import { accessRequestType } from '../../../lambdas/requests/access-request.ts';
import {
  active,
  callerOf,
  clockAt,
  dana,
  deployBot,
  GRANT_ID,
  HOUR,
  ledgerOfEverybody,
  NOW,
  omar,
  pending,
  plainSealer,
  REQUEST_ID,
  requestIn,
  triageBot,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, interruptions } from '../../support/interruptions.ts';

const clock = clockAt();

function ledgerWith(grant: Grant): InMemoryLedger {
  const ledger = ledgerOfEverybody();
  ledger.seed(grantType, grant);
  ledger.seed(accessRequestType, requestIn(grant.status === 'pending' ? 'permitted' : 'approved'));
  return ledger;
}

/** The workflow that waits, and which tokens it was answered with. */
function waitingWorkflow() {
  const resumed: string[] = [];
  return {
    resumed,
    resume: async (token: string, boundTo: string, { outcome }: { outcome: string }) => {
      resumed.push(`${token} as ${boundTo}: ${outcome}`);
    },
  };
}

const hold = (ledger: Ledger, at = clock) =>
  holdGrant({ ledger, taskTokens: plainSealer, clock: at })({ requestId: REQUEST_ID, taskToken: 'token-1' });
const giveBack = (ledger: Ledger, workflow = waitingWorkflow(), caller = callerOf(dana)) =>
  returnGrant({ ledger, workflow, clock })(caller, GRANT_ID);

const SEALED = `sealed(token-1 for ${GRANT_ID})`;

describe('between a hold and a return', () => {
  test('the hold first: the return finds its token and answers the wait', async () => {
    const ledger = ledgerWith(active());
    const workflow = waitingWorkflow();
    await hold(ledger);
    await giveBack(ledger, workflow);
    expect(workflow.resumed).toEqual([`${SEALED} as ${GRANT_ID}: returned`]);
  });

  test('the return first: the hold finds the grant ending and does not wait', async () => {
    const ledger = ledgerWith(active());
    const workflow = waitingWorkflow();
    await giveBack(ledger, workflow);
    await expect(hold(ledger)).rejects.toThrow(GrantNotHeld);
    expect(workflow.resumed).toEqual([]);
  });

  test.for([0, 1, 2, 3, 4])('at once, %i turns apart: one of them sees the other', async (turns) => {
    const ledger = ledgerWith(active());
    const workflow = waitingWorkflow();
    const holding = hold(ledger).then(
      () => 'holds',
      (error: Error) => error.name,
    );
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    await giveBack(ledger, workflow);
    // A conflict is retried by the workflow.
    const held = await holding;
    const last = held === 'StateConflict' ? await hold(ledger).catch((error: Error) => error.name) : held;
    expect([last, workflow.resumed.length]).toEqual(last === 'holds' ? ['holds', 1] : ['GrantNotHeld', 0]);
  });
});

describe('a hold', () => {
  test.for<[string, Grant, number]>([
    ['of a grant whose time is over', active(), NOW + HOUR],
    ['of a grant that is ending', beginEnding(active(), 'failed', NOW), NOW],
    ['of a grant that never became active', pending(), NOW],
  ])('%s is not held', async ([, grant, now]) => {
    await expect(hold(ledgerWith(grant), clockAt(now))).rejects.toThrow(GrantNotHeld);
  });

  test('done again with the same task token, as after an answer that was lost, changes nothing', async () => {
    const ledger = ledgerWith(active());
    await hold(ledger);
    expect(await hold(ledger)).toEqual({ outcome: 'held' });
    expect(ledger.chain(REQUEST_ID).map(({ type }) => type)).toEqual(['grant.held']);
  });

  test('of nothing is a broken invariant', async () => {
    await expect(hold(ledgerOfEverybody())).rejects.toThrow(BrokenInvariant);
  });
});

describe('a return', () => {
  test('done again changes nothing and tells the workflow again', async () => {
    const ledger = ledgerWith(active());
    const workflow = waitingWorkflow();
    await hold(ledger);
    await giveBack(ledger, workflow);
    const commits = ledger.commits;
    expect(await giveBack(ledger, workflow)).toMatchObject({ status: 'ending', reason: 'returned' });
    expect([ledger.commits - commits, workflow.resumed.length]).toEqual([0, 2]);
  });

  test('that stops at any call of a port can be finished by doing it again', async () => {
    for (let nth = 1; nth <= 3; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        const ledger = ledgerWith({ ...active(), encryptedHoldToken: SEALED });
        const workflow = waitingWorkflow();
        const stop = interruptions(nth, when);
        const disturbed = returnGrant({ ledger: stop.watch(ledger), workflow: stop.watch(workflow), clock });
        await expect(disturbed(callerOf(dana), GRANT_ID)).rejects.toThrow(Interrupted);
        await giveBack(ledger, workflow);
        expect(ledger.chain(REQUEST_ID).map(({ type }) => type)).toEqual(['grant.returned']);
        expect(workflow.resumed.length).toBeGreaterThan(0);
      }
    }
  });

  test('that cannot tell the workflow has ended the right all the same', async () => {
    const ledger = ledgerWith({ ...active(), encryptedHoldToken: SEALED });
    const workflow = { ...waitingWorkflow(), resume: () => Promise.reject(new DependencyUnavailable('SFN')) };
    await expect(giveBack(ledger, workflow)).rejects.toThrow(DependencyUnavailable);
    expect((await ledger.read(grantType, GRANT_ID))?.entity.status).toBe('ending');
  });

  test('may be made by whoever acts for the principal', async () => {
    const grant = { ...active(), actors: [{ kind: 'agent' as const, id: 'triage-bot' }] };
    expect((await giveBack(ledgerWith(grant), waitingWorkflow(), callerOf(triageBot))).status).toBe('ending');
  });

  test('by anybody else finds no grant', async () => {
    await expect(giveBack(ledgerWith(active()), waitingWorkflow(), callerOf(omar))).rejects.toMatchObject({
      status: 404,
    });
  });

  test('of a grant that is not active yet is refused', async () => {
    await expect(giveBack(ledgerWith(pending()))).rejects.toMatchObject({ status: 409 });
  });
});

describe('minting', () => {
  const mint = (ledger: Ledger) => mintCredential({ ledger, clock })({ requestId: REQUEST_ID });

  test('starts the grant’s clock and approves the request in one transition', async () => {
    const ledger = ledgerWith(pending());
    expect(await mint(ledger)).toEqual({
      outcome: 'active',
      expiresAt: new Date((NOW + HOUR) * 1000).toISOString(),
    });
    expect((await ledger.read(accessRequestType, REQUEST_ID))?.entity.status).toBe('approved');
    expect(ledger.commits).toBe(1);
  });

  test('does not start the clock of a grant again', async () => {
    const ledger = ledgerWith(pending());
    await mint(ledger);
    const later = mintCredential({ ledger, clock: clockAt(NOW + 900) });
    expect((await later({ requestId: REQUEST_ID })).expiresAt).toBe(
      new Date((NOW + HOUR) * 1000).toISOString(),
    );
  });

  test('brings no abandoned grant back to life', async () => {
    const ledger = ledgerWith({ ...pending(), status: 'abandoned', endedAtEpochSeconds: NOW });
    await expect(mint(ledger)).rejects.toThrow(BrokenInvariant);
  });

  test('gives nothing for a request that is not permitted', async () => {
    const ledger = ledgerWith(pending());
    ledger.seed(accessRequestType, requestIn('awaiting_approval'));
    await expect(mint(ledger)).rejects.toThrow(BrokenInvariant);
  });
});

describe('reading', () => {
  const cursors = {
    seal: async (place: string, list: string) => `${list}@${place}`,
    open: async (cursor: string) => cursor.split('@')[1] ?? '',
  };

  test('a grant is for its parties; to others there is none', async () => {
    const ledger = ledgerWith(active());
    expect((await readGrant({ ledger })(callerOf(dana), GRANT_ID)).id).toBe(GRANT_ID);
    await expect(readGrant({ ledger })(callerOf(deployBot), GRANT_ID)).rejects.toMatchObject({ status: 404 });
  });

  test('one’s grants come newest first, page by page, and only one’s own', async () => {
    const ledger = ledgerOfEverybody();
    for (const [index, kind] of (['user', 'user', 'user'] as const).entries()) {
      const grant = { ...active(), id: `grant-${index}`, createdAtEpochSeconds: NOW + index };
      ledger.seed(grantType, { ...grant, principal: { kind, id: index === 1 ? 'omar' : 'dana' } });
    }
    const list = listGrants({ ledger, cursors });
    const first = await list(callerOf(dana), { limit: '1' });
    const second = await list(callerOf(dana), { limit: '5', cursor: first.cursor ?? '' });
    expect([first, second].map(({ grants }) => grants.map(({ id }) => id))).toEqual([
      ['grant-2'],
      ['grant-0'],
    ]);
  });
});
