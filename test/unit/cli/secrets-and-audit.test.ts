import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoopbackServer, serveOnLoopback } from '../../../demo/loopback-server.ts';
import { appendEvent, emptyChain } from '../../../lambdas/audit/chain.ts';
import type { EventBody } from '../../../lambdas/audit/event.ts';
import { runInProcess } from '../../support/in-process-command.ts';

let server: LoopbackServer;
/** What is answered, by method and path, each answer in its turn and the last one again and again. */
let answers: Record<string, object[]>;
let asked: string[];

beforeEach(async () => {
  answers = {};
  asked = [];
  server = await serveOnLoopback(0, () => async (request, response) => {
    const what = `${request.method} ${request.url}`;
    asked.push(what);
    const turns = answers[what] ?? [];
    const answer = turns.length > 1 ? turns.shift() : turns[0];
    response
      .writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer ?? { detail: 'There is no such thing.' }));
  });
});
afterEach(() => server.stop());

const run = (...typed: string[]) => runInProcess(server.url, typed);

const secret = {
  id: 'orders-db',
  kind: 'postgres-user',
  status: 'ready',
  owner: 'owner',
  consumers: ['shop', 'reports'],
  current: { version: 'rotation-1', since: '2026-01-05T09:00:00.000Z' },
  next_rotation_at: '2026-02-05T09:00:00.000Z',
};
const rotation = {
  id: 'rotation-2',
  secret: 'orders-db',
  status: 'running',
  started_at: '2026-01-05T09:00:00.000Z',
};

describe('secrets', () => {
  it('lists them, page by page', async () => {
    answers = {
      'GET /v1/secrets?limit=100': [{ secrets: [secret], cursor: 'more' }],
      'GET /v1/secrets?limit=100&cursor=more': [{ secrets: [{ ...secret, id: 'api-key' }] }],
    };
    const { code, stdout } = await run('secrets');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^SECRET .*\norders-db +postgres-user .*\napi-key /);
  });

  it('shows what is known of one', async () => {
    answers = { 'GET /v1/secrets/orders-db': [{ secret }] };
    const { stdout } = await run('secrets', 'show', 'orders-db');
    expect(stdout).toContain('consumers         shop, reports\n');
    expect(stdout).toContain('current           rotation-1, 2026-01-05T09:00:00.000Z\n');
  });

  it('registers one, and waits for its first value', async () => {
    answers = {
      'POST /v1/secrets': [{ secret: { ...secret, status: 'initialising' }, rotation }],
      'GET /v1/secrets/orders-db': [{ secret }],
      'GET /v1/rotations/rotation-2': [{ rotation }, { rotation: { ...rotation, status: 'succeeded' } }],
    };
    const register = ['secrets', 'register', 'orders-db', '--owner', 'owner', '--every', '30d'];
    const { code, stdout } = await run(...register);
    expect(code).toBe(0);
    expect(stdout).toMatch(/status +ready\n[\s\S]*rotation-2 succeeded\n/);
    expect((await run('secrets', 'register', 'orders-db')).stderr).toBe('--owner <user> is missing.\n');
  });

  it('rotates one, and says why it failed', async () => {
    const failure = { state: 'TestPending', error: 'LoginRefused', why: 'The new password was refused' };
    answers = {
      'POST /v1/secrets/orders-db/rotations': [{ rotation }],
      'GET /v1/rotations/rotation-2': [{ rotation: { ...rotation, status: 'failed', failure } }],
    };
    const { code, stdout } = await run('secrets', 'rotate', 'orders-db');
    expect(code).toBe(1);
    expect(stdout).toContain('failed at  TestPending: LoginRefused\n');
    expect(stdout).toContain('What was current before still is, and the new value is gone.');
  });

  it('does not call done what may still work', async () => {
    answers = { 'GET /v1/rotations/rotation-2': [{ rotation: { ...rotation, status: 'unresolved' } }] };
    expect(await run('secrets', 'rotation', 'rotation-2')).toMatchObject({ code: 6 });
  });
});

describe('audit', () => {
  const body: EventBody = {
    type: 'request.submitted',
    at: '2026-01-05T09:00:00.000Z',
    txn: 'txn-1',
    who: { service: 'submit-access-request' },
    details: { target: 'ticketing-ops' },
  };
  const first = appendEvent('req-1', emptyChain, body);
  const second = appendEvent('req-1', first, { ...body, type: 'request.approved' });

  it('tells a chain that was changed from one that was not', async () => {
    answers = {
      'GET /v1/audit/req-1': [{ events: [first], cursor: '1' }],
      'GET /v1/audit/req-1?cursor=1': [{ events: [second] }],
    };
    expect(await run('audit', 'req-1', '--verify')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\nreq-1: 2 events, every one in its place\.\n$/),
    });

    answers['GET /v1/audit/req-1?cursor=1'] = [{ events: [{ ...second, type: 'request.denied' }] }];
    const changed = await run('--json', 'audit', 'req-1', '--verify');
    expect(changed.code).toBe(9);
    expect(JSON.parse(changed.stdout)).toMatchObject({
      verdicts: [{ chain: 'req-1', verified: false, sequence: 2 }],
    });
  });

  it('reads each chain of an undertaking whole', async () => {
    answers = {
      'GET /v1/audit?txn=txn-1': [{ events: [first], incomplete: ['req-1'] }],
      'GET /v1/audit/req-1': [{ events: [first, second] }],
    };
    const { stdout } = await run('--json', 'audit', '--txn', 'txn-1', '--verify');
    expect(JSON.parse(stdout)).toMatchObject({ events: [first, second], verdicts: [{ verified: true }] });
  });

  it.each([[[]], [['req-1', '--txn', 'txn-1']]])('asks for one thing: %j', async (typed) => {
    expect(await run('audit', ...typed)).toMatchObject({ code: 2 });
    expect(asked).toEqual([]);
  });
});
