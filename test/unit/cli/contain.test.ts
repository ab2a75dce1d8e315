import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoopbackServer, serveOnLoopback } from '../../../demo/loopback-server.ts';
import { runInProcess } from '../../support/in-process-command.ts';

const LEAKED = 'leaked-credential-of-somebody';
const grant = {
  kind: 'grant',
  id: 'grant-1',
  principal: { type: 'agent', id: 'triage-bot' },
  target: 'ticketing-ops',
};
const dead = { answer: 'dead', how: 'introspection said inactive', at: '2026-01-05T09:00:01.000Z' };
const revocation = {
  id: 'rev-1',
  status: 'submitted',
  scope: { principal: 'triage-bot' },
  reason: 'Found in a log',
  dry_run: false,
  started_at: '2026-01-05T09:00:00.000Z',
  counts: { grants: 0, sessions: 0, secrets: 0 },
  unresolved: { grants: 0, sessions: 0, secrets: 0, signals: 0 },
  freeze: 'held',
};

let server: LoopbackServer;
/** What was asked, and what is answered to each `GET` in its turn, the last one again and again. */
let asked: { method: string; url: string; body: string }[];
let states: object[];
let refusal: { status: number; document: object } | undefined;

beforeEach(async () => {
  asked = [];
  states = [];
  refusal = undefined;
  server = await serveOnLoopback(0, () => async (request, response) => {
    asked.push({ method: request.method ?? '', url: request.url ?? '', body: await text(request) });
    const answer = (status: number, document: object, contentType = 'application/json') =>
      response.writeHead(status, { 'content-type': contentType }).end(JSON.stringify(document));
    if (refusal !== undefined) answer(refusal.status, refusal.document, 'application/problem+json');
    else if (request.method === 'POST') answer(202, { revocation });
    else answer(200, { revocation: { ...revocation, ...(states.length > 1 ? states.shift() : states[0]) } });
  });
});
afterEach(() => server.stop());

const contain = (typed: readonly string[], options = {}) =>
  runInProcess(server.url, ['contain', ...typed], options);
const byPrincipal = ['--principal', 'triage-bot', '--reason', 'Found in a log'];

describe('contain', () => {
  it('waits, telling how far it is, and shows every receipt', async () => {
    states = [
      { status: 'tracing' },
      {
        status: 'revoking',
        counts: { grants: 2, sessions: 0, secrets: 0 },
        unresolved: { grants: 2, sessions: 0 },
      },
      {
        status: 'contained',
        counts: { grants: 2, sessions: 1, secrets: 0 },
        time_to_contain_ms: 840,
        items: [{ ...grant, status: 'dead', receipt: dead }],
      },
    ];
    const { code, stdout, stderr } = await contain(byPrincipal);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'rev-1 contained in 0.84 s',
      'scope     principal triage-bot',
      'reason    Found in a log',
      'concerns  2 grants, 1 session',
      'freeze    held',
      '',
      'KIND   ID       STATUS  WHOSE       AT             RECEIPT',
      'grant  grant-1  dead    triage-bot  ticketing-ops  dead: introspection said inactive, 2026-01-05T09:00:01.000Z',
      '',
    ]);
    expect(stderr.split('\n')).toEqual([
      'rev-1 tracing',
      'rev-1 revoking; 2 grants; not confirmed: 2 grants',
      '',
    ]);
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      scope: { principal: 'triage-bot' },
      reason: 'Found in a log',
    });
  });

  it.each(['principal', 'session', 'grant', 'secret', 'target', 'owner'])(
    'starts from a %s',
    async (kind) => {
      states = [{ status: 'contained' }];
      expect(await contain([`--${kind}`, 'some-id', '--reason', 'Why'])).toMatchObject({ code: 0 });
      expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ scope: { [kind]: 'some-id' }, reason: 'Why' });
    },
  );

  it('starts from a leaked credential, which is shown nowhere', async () => {
    states = [{ status: 'contained', scope: { credential: 'c0ffee' } }];
    const typed = ['--credential', '-', '--reason', 'Seen in a public repository'];
    const { code, stdout, stderr } = await contain(typed, { input: `  ${LEAKED}\n` });
    expect(code).toBe(0);
    expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({ scope: { credential: LEAKED } });
    expect(stdout + stderr).not.toContain(LEAKED);
    expect(stdout).toContain('scope     credential c0ffee');
  });

  it('takes no credential from the command line, and does not repeat it', async () => {
    const { code, stderr } = await contain(['--credential', LEAKED, '--reason', 'Why']);
    expect(code).toBe(2);
    expect(stderr).not.toContain(LEAKED);
    expect(asked).toEqual([]);
  });

  it('shows the blast radius of a dry run, and that nothing was changed', async () => {
    states = [{ status: 'previewed', dry_run: true, freeze: 'none', items: [{ ...grant, status: 'live' }] }];
    const { code, stdout } = await contain([...byPrincipal, '--dry-run']);
    expect(code).toBe(0);
    expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({ dry_run: true });
    expect(stdout).toMatch(/^rev-1 previewed\n/);
    expect(stdout).toContain('Nothing was changed.');
  });

  it('never calls done what is unresolved, and shows that first', async () => {
    const settled = Array.from({ length: 60 }, (_, index) => ({
      ...grant,
      id: `grant-${index}`,
      status: 'dead',
      receipt: dead,
    }));
    states = [
      {
        status: 'unresolved',
        unresolved: { grants: 1, sessions: 0, secrets: 0, signals: 0 },
        items: [...settled, { ...grant, id: 'grant-down', status: 'unconfirmed' }],
      },
    ];
    const { code, stdout } = await contain(byPrincipal);
    expect(code).toBe(6);
    expect(stdout).toMatch(/^rev-1 unresolved\n/);
    expect(stdout).toContain('not confirmed  1 grant\n');
    expect(stdout).toMatch(/RECEIPT\ngrant +grant-down +unconfirmed/);
    expect(stdout).toContain('… and 11 more: --json has all.');
    expect(stdout).toContain('npx sallyport contain status rev-1 --until-contained');
  });

  it('waits for what is unresolved where that is asked for', async () => {
    states = [{ status: 'unresolved' }, { status: 'unresolved' }, { status: 'contained' }];
    expect(await contain(['status', 'rev-1', '--until-contained'])).toMatchObject({ code: 0 });
  });

  it('reads all pages of items', async () => {
    states = [
      { status: 'contained' },
      { status: 'contained', items: [{ ...grant, status: 'dead' }], cursor: 'next&one' },
      { status: 'contained', items: [{ ...grant, id: 'grant-2', status: 'dead' }] },
    ];
    const { stdout } = await contain(['--json', ...byPrincipal]);
    const { revocation: document } = JSON.parse(stdout);
    expect(document.items.map(({ id }: { id: string }) => id)).toEqual(['grant-1', 'grant-2']);
    expect(asked.at(-1)?.url).toBe('/v1/revocations/rev-1?cursor=next%26one');
  });

  it('can be left waiting', async () => {
    states = [{ status: 'revoking' }];
    const stopped = new AbortController();
    const running = contain(byPrincipal, { signal: stopped.signal });
    await expect.poll(() => asked.length).toBeGreaterThan(1);
    stopped.abort();
    expect(await running).toMatchObject({
      code: 130,
      stdout: '',
      stderr: expect.stringContaining(
        'Stopped waiting; what was started goes on. Look again: npx sallyport contain status rev-1',
      ),
    });
  });

  it.each([
    [[], 'Name exactly one scope'],
    [['--principal', 'a', '--target', 'b', '--reason', 'c'], 'Name exactly one scope'],
    [['--principal', 'a'], '--reason <text> is missing'],
    [['--planet', 'a', '--reason', 'c'], "unknown option '--planet'"],
    [['triage-bot', '--reason', 'c'], 'too many arguments'],
    [['--credential', '-', '--reason', 'c'], 'is empty'],
    [['--principal', 'a', '--reason', 'c', '--timeout', 'long'], 'is no duration'],
  ])('changes nothing and says why: %j', async (typed, why) => {
    const { code, stdout, stderr } = await contain(typed);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(why);
    expect(asked).toEqual([]);
  });

  it.each([
    [403, 'refused', 3],
    [404, 'notFound', 4],
    [401, 'notAuthenticated', 5],
    [503, 'unavailable', 7],
  ] as const)('says what %i says', async (status, outcome, code) => {
    const document = {
      type: 'urn:sallyport:problem:some',
      title: 'Refused',
      status,
      detail: 'It is so.',
      request_id: 'r',
    };
    refusal = { status, document };
    const ran = await contain(['--json', ...byPrincipal]);
    expect(ran).toMatchObject({ code, stderr: 'It is so. (request r)\n' });
    expect(JSON.parse(ran.stdout)).toEqual({
      error: { outcome, message: 'It is so. (request r)', problem: document },
    });
  });

  it('lifts a freeze', async () => {
    states = [{ status: 'contained', freeze: 'lifted' }];
    const { code, stdout } = await contain(['lift', 'rev-1']);
    expect(asked).toEqual([{ method: 'DELETE', url: '/v1/revocations/rev-1/freeze', body: '' }]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('the freeze is lifted') });
  });
});
