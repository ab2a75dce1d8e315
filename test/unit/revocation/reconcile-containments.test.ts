import { describe, expect, test } from 'vitest';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import type { ExecutionStatus } from '../../../lambdas/platform/executions.port.ts';
import { freezeScope } from '../../../lambdas/revocation/freeze-scope.step.ts';
import { containmentInspection } from '../../../lambdas/revocation/reconcile-containments.step.ts';
import { type Revocation, revocationType } from '../../../lambdas/revocation/revocation.ts';
import { clockAt, ledgerOfEverybody } from '../../support/access-case.ts';
import { REVOCATION_ID, revocationOf, seedRevocation } from '../../support/containment-case.ts';
import { inMemoryBookmarks } from '../../support/in-memory-bookmarks.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, interruptions } from '../../support/interruptions.ts';

const clock = clockAt();

/** A run that has been found to be `revoking`, and the executions that Step Functions remembers. */
function caseWith(statuses: Record<string, ExecutionStatus>, more: Partial<Revocation> = {}) {
  const ledger = ledgerOfEverybody();
  seedRevocation(ledger, revocationOf({ kind: 'principal', id: 'dana' }, { status: 'revoking', ...more }));
  const executions = new Map(Object.entries(statuses));
  const started: { name: string; resumes: boolean }[] = [];
  const workflow = {
    start: async ({
      revocationId,
      leg,
      resumes,
    }: {
      revocationId: string;
      leg: number;
      resumes: boolean;
    }) => {
      const name = leg === 1 ? revocationId : `${revocationId}.${leg}`;
      if (executions.has(name)) return;
      executions.set(name, 'RUNNING');
      started.push({ name, resumes });
    },
  };
  const look = async (watched: Pick<ReturnType<typeof interruptions>, 'watch'> = interruptions()) => {
    const inspection = containmentInspection({
      ledger: watched.watch(ledger),
      workflow: watched.watch(workflow),
      executions: watched.watch({ statusOf: async (name: string) => executions.get(name) }),
      bookmarks: inMemoryBookmarks(),
      clock,
    });
    const findings = [];
    for await (const page of inspection.pages())
      for (const run of page) findings.push(await inspection.inspect(run));
    return findings;
  };
  return { ledger, executions, started, look };
}

const runIn = async (ledger: InMemoryLedger) => (await ledger.read(revocationType, REVOCATION_ID))?.entity;
const eventsIn = (ledger: InMemoryLedger) =>
  ledger.chain(REVOCATION_ID).map(({ type, details }) => [type, details['leg']]);

describe('the reconciler', () => {
  test.each<[string, Record<string, ExecutionStatus>, Partial<Revocation>]>([
    ['runs', { 'rev-1': 'RUNNING' }, {}],
    ['runs in its next leg', { 'rev-1': 'SUCCEEDED', 'rev-1.2': 'RUNNING' }, { leg: 2 }],
    ['has handed over a moment ago', { 'rev-1': 'SUCCEEDED', 'rev-1.2': 'RUNNING' }, {}],
  ])('leaves a containment alone that %s', async (_, statuses, more) => {
    const { ledger, started, look } = caseWith(statuses, more);
    expect(await look()).toEqual(['fine']);
    expect(started).toEqual([]);
    expect(ledger.commits).toBe(0);
  });

  test('does not look at what is over', async () => {
    const { look } = caseWith({}, { status: 'contained' });
    expect(await look()).toEqual([]);
  });

  test('starts what was recorded and never began', async () => {
    const { ledger, started, look } = caseWith({}, { status: 'submitted' });
    expect(await look()).toEqual(['repaired']);
    expect(started).toEqual([{ name: 'rev-1', resumes: true }]);
    expect(ledger.commits).toBe(0);
    expect(await look()).toEqual(['fine']);
  });

  test.each<[ExecutionStatus, Record<string, ExecutionStatus>, string, number]>([
    ['ABORTED', { 'rev-1': 'ABORTED' }, 'rev-1.2', 2],
    ['FAILED', { 'rev-1': 'SUCCEEDED', 'rev-1.2': 'FAILED' }, 'rev-1.3', 3],
    ['TIMED_OUT', { 'rev-1': 'SUCCEEDED', 'rev-1.2': 'SUCCEEDED', 'rev-1.3': 'TIMED_OUT' }, 'rev-1.4', 4],
  ])('lets one whose newest execution is %s go on in a new one', async (error, statuses, name, leg) => {
    const { ledger, started, look } = caseWith(statuses);
    expect(await look()).toEqual(['repaired']);
    expect(started).toEqual([{ name, resumes: true }]);
    expect(await runIn(ledger)).toMatchObject({ leg });
    expect(ledger.chain(REVOCATION_ID).at(-1)).toMatchObject({
      type: 'revocation.resumed',
      who: { service: 'reconcile' },
      details: { leg, failure: { state: 'Execution', error } },
    });
    expect(await look()).toEqual(['fine']);
    expect(started.length).toBe(1);
  });

  test('stopped at any call, before or after it, starts one execution in all', async () => {
    const whole = interruptions();
    await caseWith({ 'rev-1': 'ABORTED' }).look(whole);
    for (let nth = 1; nth <= whole.calls; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        const { ledger, started, look } = caseWith({ 'rev-1': 'ABORTED' });
        await expect(look(interruptions(nth, when))).rejects.toThrow(Interrupted);
        await look();
        expect(started, `${nth} ${when}`).toEqual([{ name: 'rev-1.2', resumes: true }]);
        expect(eventsIn(ledger), `${nth} ${when}`).toEqual([['revocation.resumed', 2]]);
        expect(verifyChain(REVOCATION_ID, ledger.chain(REVOCATION_ID))).toMatchObject({ verified: true });
      }
    }
  });
});

describe('a leg', () => {
  test('that was handed over records itself, once', async () => {
    const { ledger } = caseWith({});
    for (const leg of [1, 2, 2, 1])
      await freezeScope({ ledger, clock })({ revocationId: REVOCATION_ID, leg });
    expect(await runIn(ledger)).toMatchObject({ leg: 2 });
    expect(eventsIn(ledger)).toEqual([['revocation.handed-over', 2]]);
  });
});
