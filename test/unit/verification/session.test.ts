import { beforeEach, describe, expect, test } from 'vitest';
import type { Caller } from '../../../lambdas/verification/caller.ts';
import { endSession } from '../../../lambdas/verification/end-session.step.ts';
import { type Principal, principalType } from '../../../lambdas/verification/principal.ts';
import { readSession } from '../../../lambdas/verification/read-session.step.ts';
import { recordSignal } from '../../../lambdas/verification/record-signal.step.ts';
import {
  type Presence,
  presenceOf,
  provenByActors,
  type Session,
  sessionType,
} from '../../../lambdas/verification/session.ts';
import { sessionDocument } from '../../../lambdas/verification/session-document.ts';
import {
  callerOf,
  clockAt,
  countedIds,
  dana,
  deployment,
  ledgerOfEverybody,
  machine,
  NOW,
  omar,
  person,
  sessionOf,
  triageBot,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';

const sam = person('sam', 'support');
const gateway = machine('service_account', 'call-centre', 'omar', 'channel-gateways');
const auditor = person('ada', 'auditors');
const SESSION = 'session-dana';
const presence = (channel: Presence['channel'], ...actors: Principal[]): Presence => ({
  channel,
  actors: actors.map(({ kind, id }) => ({ kind, id })),
  sinceEpochSeconds: NOW - 60,
});
const passed: Session = {
  ...sessionOf(dana),
  presences: [presence('web'), presence('voice', gateway), presence('desktop', sam)],
};
const samForDana: Caller = { ...callerOf(dana), actors: [sam], channel: 'desktop' };
const clock = clockAt();

let ledger: InMemoryLedger;
beforeEach(() => {
  ledger = ledgerOfEverybody();
  ledger.seed(principalType, sam);
  ledger.seed(sessionType, passed);
});
const stored = async () => (await ledger.read(sessionType, SESSION))?.entity as Session;

describe('a session is shown', () => {
  const read = (caller: Caller) => readSession({ deployment, ledger })(caller, SESSION);

  test.for<[string, Caller]>([
    ['its principal', callerOf(dana)],
    ['who has acted in it', callerOf(sam)],
    ['who acts in it', samForDana],
    ['an auditor', callerOf(auditor)],
  ])('to %s', async ([, caller]) => {
    expect(await read(caller)).toEqual(passed);
  });

  test.for<[string, Caller]>([
    ['a stranger', callerOf(omar)],
    ['an agent that has no part in it', callerOf(dana, [triageBot])],
    ['an auditor’s agent', callerOf(auditor, [triageBot])],
  ])('not to %s', async ([, caller]) => {
    await expect(read(caller)).rejects.toMatchObject({ status: 404 });
  });

  test('with what is proven now wherever it is, each place once', () => {
    const again: Session = { ...passed, presences: [...passed.presences, presence('desktop', sam)] };
    const { presences } = sessionDocument(again, NOW);
    expect(presences.map(({ channel, actors, assurance }) => [channel, actors, assurance.aal])).toEqual([
      ['web', [], 2],
      ['voice', [{ type: 'service_account', id: 'call-centre' }], 0],
      ['desktop', [{ type: 'user', id: 'sam' }], 0],
    ]);
    expect(sessionDocument(again, NOW + 24 * 3600).presences[0]?.assurance).toMatchObject({
      aal: 1,
      acr: 'nist-aal1',
    });
  });
});

describe('a session is ended', () => {
  const end = (caller: Caller, id = SESSION) => endSession({ ledger, clock })(caller, id);

  test.for<[string, Caller]>([
    ['its principal', callerOf(dana)],
    ['who acts in it', samForDana],
  ])('by %s, once', async ([, caller]) => {
    expect([await end(caller), await end(caller)]).toEqual(['ended', 'ended']);
    expect([(await stored()).status, ledger.commits]).toEqual(['ended', 1]);
  });

  test.for<[string, Caller]>([
    ['a stranger', callerOf(omar)],
    ['an auditor', callerOf(auditor)],
    ['an agent that has no part in it', callerOf(dana, [triageBot])],
  ])('not by %s', async ([, caller]) => {
    expect(await end(caller)).toBe('not_a_party');
    expect((await stored()).status).toBe('active');
  });

  test('where there is one', async () => {
    expect(await end(callerOf(dana), 'session-nobody')).toBe('unknown');
  });
});

describe('a risk is told of', () => {
  const tell = (caller: Caller) =>
    recordSignal({ deployment, ledger, clock, ids: countedIds() })(caller, SESSION, {
      kind: 'voiceprint-mismatch',
      level: 'high',
    });

  test.for<[string, Caller, string, string]>([
    ['by a gateway, of the channel that it serves', callerOf(gateway), 'voice', 'call-centre'],
    ['by staff, of the channel where they act', samForDana, 'desktop', 'sam'],
  ])('%s: it stays on the session and raises nothing', async ([, caller, channel, source]) => {
    const signal = await tell(caller);
    expect(signal).toMatchObject({ channel, source, kind: 'voiceprint-mismatch', level: 'high' });
    const { risks, evidence } = await stored();
    expect([risks, evidence]).toEqual([[signal], passed.evidence]);
    expect(ledger.chain(SESSION).at(-1)).toMatchObject({ type: 'risk.noticed', details: { signal } });
    expect(sessionDocument(await stored(), NOW).presences[0]?.assurance).toMatchObject({
      aal: 1,
      risk: 'high',
    });
  });

  test.for<[string, Caller, Partial<Session>]>([
    ['by its principal', callerOf(dana), {}],
    ['by staff from a session of their own', callerOf(sam), {}],
    ['by staff in another’s session', { ...samForDana, session: 'session-omar' }, {}],
    ['by an agent in it', callerOf(dana, [triageBot]), {}],
    ['by a machine that serves no channel', callerOf(triageBot), {}],
    ['by a gateway where its channel was never passed', callerOf(gateway), { presences: [presence('web')] }],
    ['once it is over', callerOf(gateway), { status: 'ended' }],
  ])('not %s', async ([, caller, over]) => {
    ledger.seed(sessionType, { ...passed, ...over });
    await expect(tell(caller)).rejects.toMatchObject({ status: 404 });
    expect(ledger.commits).toBe(0);
  });

  test('as often as one item holds', async () => {
    const signal = await tell(callerOf(gateway));
    ledger.seed(sessionType, { ...passed, risks: Array(200).fill(signal) });
    await expect(tell(callerOf(gateway))).rejects.toMatchObject({ status: 409 });
  });
});

describe('a token acts', () => {
  const token = { channel: 'desktop', actors: ['sam'], keyThumbprint: undefined, issuedAtEpochSeconds: NOW };

  test('where its session is with its actors', () => {
    expect(presenceOf(passed, token)).toEqual(presence('desktop', sam));
  });

  test.for<[string, Partial<typeof token>]>([
    ['in a channel where the session is not', { channel: 'in-person' }],
    ['in no channel that there is', { channel: 'fax' }],
    ['there without who acts there', { actors: [] }],
    ['there with somebody else', { actors: ['sue'] }],
    ['there with somebody more', { actors: ['sam', 'sue'] }],
    ['since before the session came there anew', { issuedAtEpochSeconds: NOW - 61 }],
  ])('not %s', ([, over]) => {
    expect(presenceOf(passed, { ...token, ...over })).toBeUndefined();
  });

  test('not where the session is bound to another key now', () => {
    const bound = { ...passed, presences: [{ ...presence('desktop', sam), keyThumbprint: 'key-2' }] };
    expect(presenceOf(bound, token)).toBeUndefined();
    expect(presenceOf(bound, { ...token, keyThumbprint: 'key-2' } as never)).toBeDefined();
  });
});

test('a person who acts has what they proved there themself; a machine has nothing of its own', () => {
  const [proof] = sessionOf(dana).evidence as [Session['evidence'][number]];
  const session: Session = {
    ...passed,
    evidence: [
      proof,
      { ...proof, id: 'sam-desktop', of: 'sam', channel: 'desktop', amr: ['pwd'] },
      { ...proof, id: 'sam-web', of: 'sam' },
    ],
    risks: [
      {
        id: 'r',
        channel: 'web',
        kind: 'new-device',
        level: 'high',
        source: 'x',
        observedAtEpochSeconds: NOW,
      },
    ],
  };
  expect(provenByActors(session, presence('desktop', sam), NOW)).toMatchObject({
    sam: { aal: 1, risk: 'low' },
  });
  expect(provenByActors(session, presence('voice', gateway), NOW)).toEqual({});
});
