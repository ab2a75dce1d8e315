import { describe, expect, test } from 'vitest';
import { approvalType } from '../../../lambdas/approval/approval.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import type { CredentialRevoker } from '../../../lambdas/minting/connector.port.ts';
import {
  beginEnding,
  type Credential,
  type Grant,
  type GrantIn,
  grantType,
} from '../../../lambdas/minting/grant.ts';
import type { ExecutionStatus, Executions } from '../../../lambdas/platform/executions.port.ts';
import { BrokenInvariant, DependencyUnavailable, StateConflict } from '../../../lambdas/platform/failures.ts';
import type { Metrics } from '../../../lambdas/platform/metrics.port.ts';
import { type AccessRequest, accessRequestType } from '../../../lambdas/requests/access-request.ts';
import { orphanInspections } from '../../../lambdas/revocation/end-orphans.step.ts';
import type { Finding, Inspection } from '../../../lambdas/revocation/inspection.ts';
import { orphanId, orphanType } from '../../../lambdas/revocation/orphan.ts';
import { reconcile } from '../../../lambdas/revocation/reconcile.step.ts';
import { grantInspections, OVERDUE_SECONDS } from '../../../lambdas/revocation/reconcile-grants.step.ts';
import { requestInspection } from '../../../lambdas/revocation/reconcile-requests.step.ts';
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
  pendingApproval,
  REQUEST_ID,
  requestIn,
  revokersWith,
  submitted,
  ticketing,
} from '../../support/access-case.ts';
import { inMemoryBookmarks } from '../../support/in-memory-bookmarks.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, type Interruptions, interruptions } from '../../support/interruptions.ts';

const handle = `sallyport-${GRANT_ID}`;
const live: Credential = {
  status: 'live',
  handle,
  fingerprints: ['f'.repeat(64)],
  issuedAtEpochSeconds: NOW,
  expiresAtEpochSeconds: NOW + HOUR,
};
const revoked: Credential = {
  status: 'revoked',
  handle,
  receipt: { probedAtEpochSeconds: NOW, answer: 'dead', how: 'a test asked' },
};
const claimed: GrantIn<'active'> = { ...active(), credential: live };
const EXPIRED = NOW + HOUR;

/** A target that can be asked what is live there, as a test says. */
interface StandInTarget extends CredentialRevoker {
  readonly live: Set<string>;
}

function targetWith(...handles: string[]): StandInTarget {
  const there = new Set(handles);
  return {
    live: there,
    revoke: async ({ id }) => void there.delete(`sallyport-${id}`),
    probe: async ({ id }) => ({
      answer: there.has(`sallyport-${id}`) ? 'live' : 'dead',
      how: 'a test asked',
    }),
    boundSeconds: () => 0,
    listHandles: async () => [...there],
    keeps: false,
  };
}

function unavailable(): never {
  throw new DependencyUnavailable('The target is down');
}

interface Situation {
  readonly grant?: Grant;
  readonly request?: AccessRequest;
  readonly status?: ExecutionStatus | undefined;
  readonly at?: number;
  readonly target?: CredentialRevoker;
  readonly ledger?: InMemoryLedger;
}

function ledgerWith({ grant, request }: Situation): InMemoryLedger {
  const ledger = ledgerOfEverybody();
  if (grant !== undefined) ledger.seed(grantType, grant);
  ledger.seed(
    accessRequestType,
    request ?? requestIn(grant?.status === 'pending' ? 'permitted' : 'approved'),
  );
  if (request?.status === 'awaiting_approval') ledger.seed(approvalType, pendingApproval());
  return ledger;
}

/** One run, over a situation, with the world to be stopped at any call of a port. */
function world(situation: Situation, stopped: Interruptions = interruptions()) {
  const ledger = situation.ledger ?? ledgerWith(situation);
  const clock = clockAt(situation.at ?? NOW + 60);
  const told: string[] = [];
  const metrics: Metrics = {
    unrevokedCredential: () => void told.push('unrevoked'),
    uncontainedIncident: () => undefined,
    unloadablePolicySet: () => undefined,
    orphanedCredential: () => void told.push('orphaned'),
    reconciled: () => {},
  };
  const executions: Executions = { statusOf: async () => situation.status };
  const dependencies = {
    ...endingInVain,
    deployment,
    ledger: stopped.watch(ledger),
    revokers: revokersWith(stopped.watch(situation.target ?? targetWith(), ['boundSeconds', 'listHandles'])),
    executions: stopped.watch(executions),
    bookmarks: inMemoryBookmarks(),
    metrics,
    clock,
  };
  const inspections = [
    requestInspection(dependencies),
    ...orphanInspections(dependencies),
    ...grantInspections(dependencies),
  ];
  return { ledger, clock, told, run: reconcile({ inspections, metrics, clock }) };
}

const grantIn = async (ledger: InMemoryLedger) => (await ledger.read(grantType, GRANT_ID))?.entity;
const requestOf = async (ledger: InMemoryLedger) =>
  (await ledger.read(accessRequestType, REQUEST_ID))?.entity;
const typesIn = (ledger: InMemoryLedger, chain = REQUEST_ID) => ledger.chain(chain).map(({ type }) => type);

describe('a grant', () => {
  test('that expired is ended whatever became of its workflow, and by whom is recorded', async () => {
    for (const status of ['RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT', undefined] as const) {
      const { ledger, run } = world({ grant: claimed, status, at: EXPIRED + OVERDUE_SECONDS + 1 });
      expect(await run()).toMatchObject({ outcome: 'repaired', findings: { repaired: 1 } });
      expect(await grantIn(ledger)).toMatchObject({ status: 'ended', reason: 'expired' });
      expect(typesIn(ledger)).toEqual(['grant.ending', 'credential.revoked', 'grant.ended']);
      expect(ledger.chain(REQUEST_ID)[0]?.who).toEqual({ service: 'reconcile' });
    }
  });

  test('that has just expired is its workflow’s', async () => {
    const { ledger, run } = world({ grant: claimed, status: 'RUNNING', at: EXPIRED + OVERDUE_SECONDS });
    expect(await run()).toMatchObject({ outcome: 'in-order' });
    expect(ledger.commits).toBe(0);
  });

  test('that is held is left alone, and so is one whose workflow ends it', async () => {
    for (const grant of [claimed, beginEnding(claimed, 'returned', NOW)]) {
      const { ledger, run } = world({ grant, status: 'RUNNING' });
      expect(await run()).toMatchObject({ outcome: 'in-order' });
      expect(ledger.commits).toBe(0);
    }
  });

  test.for(['SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT', undefined] as const)(
    'whose execution is %s is ended now, and says why',
    async (status) => {
      const { ledger, run } = world({ grant: claimed, status });
      await run();
      expect(await grantIn(ledger)).toMatchObject({
        status: 'ended',
        reason: 'failed',
        failure: { state: 'Execution', error: status ?? 'NEVER_STARTED' },
      });
    },
  );

  test('whose end nobody has finished is finished, with the reason that it had', async () => {
    for (const credential of [live, revoked]) {
      const grant = beginEnding({ ...claimed, credential }, 'returned', NOW);
      const { ledger, run } = world({ grant, status: 'FAILED' });
      await run();
      expect(await grantIn(ledger)).toMatchObject({ status: 'ended', reason: 'returned' });
      expect(typesIn(ledger)).not.toContain('grant.ending');
    }
  });

  test('that waits to become active for more than an hour is abandoned', async () => {
    const { ledger, run } = world({
      grant: pending(),
      status: 'RUNNING',
      at: NOW + HOUR + OVERDUE_SECONDS + 1,
    });
    await run();
    expect(await grantIn(ledger)).toMatchObject({ status: 'abandoned' });
    expect(await requestOf(ledger)).toMatchObject({ status: 'failed', failure: { state: 'MintCredential' } });
  });

  test('that waits to become active is left alone', async () => {
    const { ledger, run } = world({ grant: pending(), status: undefined });
    await run();
    expect(ledger.commits).toBe(0);
  });

  test('whose target is down is unresolved, told once, alarmed on at each run, and closes by itself', async () => {
    const target = targetWith(handle);
    const down = { ...target, revoke: unavailable };
    const ledger = ledgerWith({ grant: claimed });
    for (const _ of [1, 2, 3]) {
      const { run, told } = world({ ledger, status: 'FAILED', target: down });
      expect(await run()).toMatchObject({ outcome: 'unresolved' });
      expect(told).toContain('unrevoked');
      expect(await grantIn(ledger)).toMatchObject({ status: 'unresolved' });
    }
    expect(typesIn(ledger)).toEqual(['grant.ending', 'credential.unresolved']);

    const { run, told } = world({ ledger, status: 'FAILED', target });
    expect(await run()).toMatchObject({ outcome: 'repaired' });
    expect(told).toEqual([]);
    expect(await grantIn(ledger)).toMatchObject({ status: 'ended', credential: { status: 'revoked' } });
    expect(typesIn(ledger).slice(2)).toEqual(['credential.revoked', 'grant.ended']);
  });

  test('that is unresolved is not tried in a run that has found its target silent, but in the next', async () => {
    const ledger = ledgerWith({});
    for (let index = 0; index < 20; index += 1)
      ledger.seed(grantType, {
        ...beginEnding(claimed, 'expired', NOW),
        id: `grant-${index}`,
        requestId: `req-${index}`,
        status: 'unresolved',
      });
    let tried = 0;
    const target = targetWith();
    const down = {
      ...target,
      revoke: async () => {
        tried += 1;
        return unavailable();
      },
    };
    const at = EXPIRED + OVERDUE_SECONDS + 1;
    expect(await world({ ledger, target: down, at }).run()).toMatchObject({ findings: { unresolved: 20 } });
    // Those that were tried side by side.
    expect(tried).toBe(5);
    const { run } = world({ ledger, target, at });
    expect(await run()).toMatchObject({ findings: { repaired: 20 } });
  });

  test('that a target says is live is never shown as ended', async () => {
    const stubborn = { ...targetWith(handle), revoke: async () => {} };
    const { ledger, run } = world({ grant: claimed, status: 'ABORTED', target: stubborn });
    await run();
    expect(await grantIn(ledger)).toMatchObject({ status: 'unresolved', credential: { status: 'live' } });
  });
});

describe('a request', () => {
  const LATER = NOW + 601;

  test.for(['submitted', 'verified', 'awaiting_step_up', 'awaiting_approval'] as const)(
    'that is %s and has no execution any more has failed, with its approval',
    async (at) => {
      const request = at === 'submitted' ? submitted() : requestIn(at, ['tickets:comment']);
      const { ledger, run } = world({ request, status: 'ABORTED', at: LATER });
      expect(await run()).toMatchObject({ outcome: 'repaired' });
      expect(await requestOf(ledger)).toMatchObject({
        status: 'failed',
        failure: { state: 'Execution', error: 'ABORTED' },
      });
      if (at === 'awaiting_approval')
        expect((await ledger.read(approvalType, pendingApproval().id))?.entity.status).toBe('expired');
      expect(
        (await ledger.list(accessRequestType, { kind: 'DUE', name: 'requests' }, { limit: 1 })).items,
      ).toEqual([]);
    },
  );

  test('that never had an execution failed at its start', async () => {
    const { ledger, run } = world({ request: submitted(), status: undefined, at: LATER });
    await run();
    expect(await requestOf(ledger)).toMatchObject({ failure: { state: 'StartExecution' } });
  });

  test('that somebody decides is left alone, and so is one that has just come', async () => {
    for (const situation of [{ status: 'RUNNING' as const, at: LATER }, { at: NOW + 600 }]) {
      const { ledger, run } = world({ request: submitted(), ...situation });
      expect(await run()).toMatchObject({ outcome: 'in-order' });
      expect(ledger.commits).toBe(0);
    }
  });
});

describe('what is live and recorded nowhere', () => {
  const stray = 'sallyport-grant-made-by-hand';
  const orphan = orphanId(ticketing, stray);

  test('is recorded in a chain of its own, ended, and has its receipt', async () => {
    const target = targetWith(stray);
    const { ledger, run, told } = world({ target });
    expect(await run()).toMatchObject({ outcome: 'repaired' });
    expect([...target.live]).toEqual([]);
    expect(told).toEqual(['orphaned']);
    expect(typesIn(ledger, orphan)).toEqual(['credential.orphan-found', 'credential.orphan-revoked']);
    expect(ledger.chain(orphan)[1]?.details).toMatchObject({
      target: ticketing.id,
      handle: stray,
      receipt: { answer: 'dead', bound_seconds: 0 },
    });
    expect(verifyChain(orphan, ledger.chain(orphan))).toMatchObject({ verified: true });
    expect((await ledger.read(orphanType, orphan))?.entity).toMatchObject({ status: 'revoked' });
  });

  test('is also what lives on after its grant has ended', async () => {
    const target = targetWith(handle);
    const grant = {
      ...beginEnding({ ...claimed, credential: revoked }, 'expired', NOW),
      status: 'ended' as const,
      endedAtEpochSeconds: NOW,
    };
    const { ledger, run } = world({ grant, target });
    expect(await run()).toMatchObject({ outcome: 'repaired' });
    expect([...target.live]).toEqual([]);
    expect(typesIn(ledger, orphanId(ticketing, handle))).toContain('credential.orphan-revoked');
  });

  test('is not what has a grant, whichever way that stands', async () => {
    for (const grant of [claimed, beginEnding(claimed, 'returned', NOW)]) {
      const target = targetWith(handle);
      const { ledger, run } = world({ grant, target, status: 'RUNNING' });
      expect(await run()).toMatchObject({ outcome: 'in-order' });
      expect([...target.live]).toEqual([handle]);
      expect(ledger.commits).toBe(0);
    }
  });

  test('is not what was ended between the asking and the reading', async () => {
    let asked = 0;
    const target = {
      ...targetWith(),
      listHandles: async () => {
        asked += 1;
        return asked === 1 ? [stray] : [];
      },
    };
    const { ledger, run } = world({ target });
    expect(await run()).toMatchObject({ outcome: 'in-order' });
    expect(ledger.commits).toBe(0);
  });

  test('and cannot be ended is told once, alarmed on at each run, and closes by itself', async () => {
    const target = targetWith(stray);
    const ledger = ledgerWith({});
    for (const revoke of [unavailable, async () => {}, unavailable]) {
      const { run, told } = world({ ledger, target: { ...target, revoke } });
      expect(await run()).toMatchObject({ outcome: 'unresolved' });
      expect(told).toContain('orphaned');
    }
    expect(typesIn(ledger, orphan)).toEqual(['credential.orphan-found']);
    expect(await world({ ledger, target }).run()).toMatchObject({ outcome: 'repaired' });
    expect(typesIn(ledger, orphan)).toEqual(['credential.orphan-found', 'credential.orphan-revoked']);
  });

  test('and comes back is found again', async () => {
    const target = targetWith(stray);
    const ledger = ledgerWith({});
    await world({ ledger, target }).run();
    target.live.add(stray);
    expect(await world({ ledger, target }).run()).toMatchObject({ outcome: 'repaired' });
    expect(typesIn(ledger, orphan)).toEqual([
      'credential.orphan-found',
      'credential.orphan-revoked',
      'credential.orphan-found',
      'credential.orphan-revoked',
    ]);
    expect(verifyChain(orphan, ledger.chain(orphan))).toMatchObject({ verified: true });
  });

  test('at a target that does not answer is not known, which fails nothing', async () => {
    const { ledger, run } = world({ target: { ...targetWith(), listHandles: async () => unavailable() } });
    expect(await run()).toMatchObject({ outcome: 'in-order', findings: { unknown: 1 } });
    expect(ledger.commits).toBe(0);
  });
});

describe('a run that stops at any call of a port', () => {
  const situations: Record<string, () => Situation> = {
    'over a grant that expired': () => ({
      grant: claimed,
      status: 'ABORTED',
      at: EXPIRED + OVERDUE_SECONDS + 1,
    }),
    'over a grant without a holder': () => ({ grant: claimed, status: 'FAILED', target: targetWith(handle) }),
    'over a grant that waits for nobody': () => ({ grant: pending(), at: NOW + 2 * HOUR }),
    'over a request that never started': () => ({ request: submitted(), at: NOW + 601 }),
    'over what is recorded nowhere': () => ({ target: targetWith('sallyport-grant-made-by-hand') }),
  };

  test.for(Object.keys(situations))('%s leaves nothing that the next does not finish', async (name) => {
    const arrange = situations[name] ?? (() => ({}));
    const whole = interruptions();
    const undisturbed = world(arrange(), whole);
    await undisturbed.run();
    for (let nth = 1; nth <= whole.calls; nth += 1)
      for (const when of ['before', 'after'] as const) {
        const situation = arrange();
        const ledger = ledgerWith(situation);
        await expect(world({ ...situation, ledger }, interruptions(nth, when)).run()).rejects.toThrow(
          Interrupted,
        );
        await world({ ...situation, ledger }).run();
        const stop = `stopped ${when} call ${nth} of ${whole.calls}`;
        expect(ledger.entities(), stop).toEqual(undisturbed.ledger.entities());
        expect(ledger.commits, stop).toBe(undisturbed.ledger.commits);
      }
  });

  test('and another at the same time end everything once', async () => {
    for (const [name, arrange] of Object.entries(situations)) {
      const situation = arrange();
      const ledger = ledgerWith(situation);
      await Promise.all([world({ ...situation, ledger }).run(), world({ ...situation, ledger }).run()]);
      await world({ ...situation, ledger }).run();
      const alone = world(arrange());
      await alone.run();
      expect(ledger.entities(), name).toEqual(alone.ledger.entities());
      expect(ledger.commits, name).toBe(alone.ledger.commits);
    }
  });
});

describe('a run', () => {
  const counting = (pages: number, inspect: () => Promise<Finding>, name = 'any'): Inspection => ({
    name,
    async *pages() {
      for (let page = 0; page < pages; page += 1) yield [1, 2, 3, 4, 5, 6];
    },
    inspect,
  });
  const runOf = (inspections: Inspection[], clock = clockAt()) =>
    reconcile({ inspections, metrics: { reconciled: () => {} }, clock })();

  test('gives each inspection its turn, whatever one before it takes', async () => {
    const clock = clockAt();
    const slow = counting(1000, async () => {
      clock.atEpochSeconds += 1;
      return 'fine';
    });
    let reached = 0;
    const next = counting(1, async () => {
      reached += 1;
      return 'fine';
    });
    await runOf([slow, next], clock);
    expect(reached).toBeGreaterThan(0);
    expect(clock.atEpochSeconds - NOW).toBeLessThan(15);
  });

  test('looks at the rest after a thing that fails, and fails then', async () => {
    let looked = 0;
    const failing = counting(2, async () => {
      looked += 1;
      throw new BrokenInvariant('A thing cannot be');
    });
    await expect(runOf([failing, counting(1, async () => 'fine')])).rejects.toThrow(BrokenInvariant);
    expect(looked).toBe(12);
  });

  test('goes on to the next inspection where one cannot be listed, and fails then', async () => {
    let looked = 0;
    const unlisted: Inspection = {
      name: 'unlisted',
      // biome-ignore lint/correctness/useYield: it fails before
      async *pages() {
        throw new DependencyUnavailable('The table does not answer');
      },
      inspect: async () => 'fine',
    };
    const next = counting(1, async () => {
      looked += 1;
      return 'fine';
    });
    await expect(runOf([unlisted, next])).rejects.toThrow(DependencyUnavailable);
    expect(looked).toBe(6);
  });

  test('leaves to the next what somebody else has changed meanwhile, or what does not answer', async () => {
    const conflict = counting(1, async () => {
      throw new StateConflict('Changed');
    });
    const silent = counting(1, async () => unavailable());
    expect(await runOf([conflict, silent])).toEqual({
      outcome: 'in-order',
      findings: { fine: 6, repaired: 0, unresolved: 0, unknown: 6 },
    });
  });
});
