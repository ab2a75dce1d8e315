import { describe, expect, test } from 'vitest';
import { readChain, readUndertaking } from '../../../lambdas/audit/read-audit.step.ts';
import { whoCalls } from '../../../lambdas/verification/caller.ts';
import { callerOf, dana, deployment, olga, omar, person, triageBot } from '../../support/access-case.ts';
import { type InMemoryLedger, inMemoryLedger } from '../../support/in-memory-ledger.ts';

const auditor = callerOf(person('ada', 'auditors'));

async function ledgerOfCase(chain = 'req-1', ledger = inMemoryLedger()): Promise<InMemoryLedger> {
  const tell = (type: string, who: ReturnType<typeof whoCalls> | { service: string }, opens = false) =>
    ledger.commit({
      chain,
      ...(opens ? { opens: true } : {}),
      event: { type, at: '2026-01-05T09:00:00.000Z', txn: 'txn-1', who, details: {} },
      changes: [],
    });
  await tell('submitted', whoCalls(callerOf(dana, [triageBot])), true);
  await tell('decided', { service: 'decide-access' });
  await tell('approved', whoCalls(callerOf(omar)));
  return ledger;
}

describe('a chain', () => {
  test.for([
    ['an auditor', auditor],
    ['whom it concerns', callerOf(dana)],
    ['the agent that acted', callerOf(triageBot)],
    ['who approved', callerOf(omar)],
  ] as const)('is read by %s', async ([, caller]) => {
    const { events } = await readChain({ deployment, ledger: await ledgerOfCase() })(caller, 'req-1', {});
    expect(events).toHaveLength(3);
  });

  test('is read event by event by who did something in it late', async () => {
    const read = readChain({ deployment, ledger: await ledgerOfCase() });
    expect((await read(callerOf(omar), 'req-1', { limit: 1 })).events).toHaveLength(1);
  });

  test('is not there for anybody else', async () => {
    const read = readChain({ deployment, ledger: await ledgerOfCase() });
    await expect(read(callerOf(olga), 'req-1', {})).rejects.toMatchObject({ status: 404 });
    await expect(read(auditor, 'req-2', {})).rejects.toMatchObject({ status: 404 });
  });

  test('is read on from an event by who may read its beginning', async () => {
    const read = readChain({ deployment, ledger: await ledgerOfCase() });
    const first = await read(callerOf(dana), 'req-1', { limit: 2 });
    const rest = await read(callerOf(dana), 'req-1', { limit: 2, after: first.next ?? 0 });
    expect([...first.events, ...rest.events].map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(rest.next).toBeUndefined();
  });
});

test('an undertaking is all its chains that the caller may read', async () => {
  const ledger = await ledgerOfCase();
  await ledger.commit({
    chain: 'req-2',
    opens: true,
    event: {
      type: 'other',
      at: '2026-01-05T09:00:01.000Z',
      txn: 'txn-1',
      who: whoCalls(callerOf(olga)),
      details: {},
    },
    changes: [],
  });
  const read = readUndertaking({ deployment, ledger });
  const chainsOf = async (caller: typeof auditor) => [
    ...new Set((await read(caller, 'txn-1')).events.map(({ chain }) => chain)),
  ];
  expect([
    await chainsOf(auditor),
    await chainsOf(callerOf(dana)),
    await chainsOf(callerOf(person('eve'))),
  ]).toEqual([['req-1', 'req-2'], ['req-1'], []]);
});
