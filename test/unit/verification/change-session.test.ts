import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, test } from 'vitest';
import { replacement } from '../../../lambdas/platform/entity.ts';
import { BrokenInvariant, StateConflict } from '../../../lambdas/platform/failures.ts';
import { dynamoDbLedger } from '../../../lambdas/platform/ledger.dynamodb.ts';
import type { Ledger } from '../../../lambdas/platform/ledger.port.ts';
import { changeSession } from '../../../lambdas/verification/change-session.ts';
import type { Evidence, RiskSignal } from '../../../lambdas/verification/evidence.ts';
import { type Presence, type Session, sessionType } from '../../../lambdas/verification/session.ts';
import { clockAt, dana, HOUR, NOW, sessionOf } from '../../support/access-case.ts';
import { type InMemoryLedger, inMemoryLedger } from '../../support/in-memory-ledger.ts';
import { evidence } from '../../support/proven-session.ts';

const ID = 'session-dana';
const signal: RiskSignal = {
  id: 'signal-1',
  channel: 'voice',
  kind: 'voiceprint-mismatch',
  level: 'high',
  source: 'contact-centre',
  observedAtEpochSeconds: NOW - 30,
};
const desktop: Presence = { channel: 'desktop', actors: [], sinceEpochSeconds: NOW };
const passed: Session = {
  ...sessionOf(dana),
  presences: [...sessionOf(dana).presences, desktop],
  risks: [signal],
};
const [firstEvidence] = passed.evidence as [Evidence];
const [firstPresence] = passed.presences as [Presence];

let ledger: InMemoryLedger;
beforeEach(() => {
  ledger = inMemoryLedger();
  ledger.seed(sessionType, passed);
});

const change = (over: Partial<Session> | ((session: Session) => Partial<Session>), on: Ledger = ledger) =>
  changeSession({ ledger: on, clock: clockAt() }, ID, (session) => ({
    session: { ...session, ...(typeof over === 'function' ? over(session) : over) },
    event: { type: 'evidence.added', who: { service: 'a-test' }, details: {} },
  }));
const stored = async () => (await ledger.read(sessionType, ID))?.entity;

describe('a session is added to', () => {
  test('with one event in its chain, and gets the time when what is new was added', async () => {
    const told = evidence({ id: 'told', observedAtEpochSeconds: NOW - 90 });
    await change((session) => ({ evidence: [...session.evidence, told] }));
    expect((await stored())?.evidence).toEqual([firstEvidence, { ...told, recordedAtEpochSeconds: NOW }]);
    expect(ledger.chain(ID).map(({ type }) => type)).toEqual(['evidence.added']);
  });

  test('beside what somebody else adds meanwhile', async () => {
    let isFirst = true;
    const contended: Ledger = {
      ...ledger,
      commit: async (transition) => {
        if (isFirst) {
          isFirst = false;
          await change((session) => ({ evidence: [...session.evidence, evidence({ id: 'theirs' })] }));
          throw new StateConflict('They were first');
        }
        return ledger.commit(transition);
      },
    };
    await change((session) => ({ evidence: [...session.evidence, evidence({ id: 'ours' })] }), contended);
    expect((await stored())?.evidence.map(({ id }) => id)).toEqual([firstEvidence.id, 'theirs', 'ours']);
  });

  test('and ended', async () => {
    await change({ status: 'ended' });
    expect((await stored())?.status).toBe('ended');
  });
});

const forbidden: readonly (readonly [string, Partial<Session>])[] = [
  ['evidence is dropped', { evidence: [] }],
  ['evidence is made stronger', { evidence: [{ ...firstEvidence, phishingResistant: true }] }],
  ['evidence is made younger', { evidence: [{ ...firstEvidence, observedAtEpochSeconds: NOW }] }],
  ['evidence becomes somebody else’s', { evidence: [{ ...firstEvidence, of: 'omar' }] }],
  ['evidence is put before what there was', { evidence: [evidence(), firstEvidence] }],
  ['a presence is dropped', { presences: [firstPresence] }],
  ['a presence gets other actors', { presences: [firstPresence, { ...desktop, actors: [dana] }] }],
  ['a signal is dropped', { risks: [] }],
  ['a signal is made milder', { risks: [{ ...signal, level: 'low' }] }],
  ['a signal is made older', { risks: [{ ...signal, observedAtEpochSeconds: NOW - 60 }] }],
  ['the session becomes somebody else’s', { principal: { kind: 'user', id: 'omar' } }],
  ['the session becomes older', { createdAtEpochSeconds: NOW - HOUR }],
  ['the session becomes part of another undertaking', { txn: 'txn-2' }],
];

describe('nothing is written where', () => {
  test.for(forbidden)('%s', async ([, over]) => {
    await expect(change(over)).rejects.toThrow(BrokenInvariant);
    expect(await stored()).toEqual(passed);
    expect(ledger.commits).toBe(0);
  });

  test('evidence is of the future, since it would count more as time goes by', async () => {
    const future = evidence({ observedAtEpochSeconds: NOW + 1 });
    await expect(change({ evidence: [firstEvidence, future] })).rejects.toThrow(BrokenInvariant);
    expect(ledger.commits).toBe(0);
  });
});

test.for(forbidden)('no transition at all can be made where %s', async ([, over]) => {
  const found = await ledger.read(sessionType, ID);
  if (found === undefined) throw new Error('There is a session');
  expect(() => replacement(sessionType, found, { ...found.entity, ...over })).toThrow(BrokenInvariant);
});

test('an ended session stays ended', async () => {
  ledger.seed(sessionType, { ...passed, status: 'ended' });
  const found = await ledger.read(sessionType, ID);
  if (found === undefined) throw new Error('There is a session');
  expect(() => replacement(sessionType, found, { ...found.entity, status: 'active' })).toThrow(
    BrokenInvariant,
  );
});

test('reading a session, with all its evidence, presences and signals, asks the table once', async () => {
  const item = {
    pk: { S: `SESSION#${ID}` },
    sk: { S: 'SESSION' },
    version: { N: '1' },
    entity: { S: JSON.stringify(passed) },
    toldBy: { S: JSON.stringify({ chain: ID, sequence: 1, hash: 'h' }) },
  };
  const asked: string[] = [];
  const client = {
    send: async (command: object) => {
      asked.push(command.constructor.name);
      return { Responses: { sallyport: [item] } };
    },
  };
  const found = await dynamoDbLedger(client as unknown as DynamoDBClient, 'sallyport').read(sessionType, ID);
  expect(found?.entity).toEqual(passed);
  expect(asked).toEqual(['BatchGetItemCommand']);
});
