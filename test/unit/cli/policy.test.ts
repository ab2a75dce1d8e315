import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { policiesDirectory, readPolicySources } from '../../../cdk/read-policies.ts';
import { type LoopbackServer, serveOnLoopback } from '../../../demo/loopback-server.ts';
import { runInProcess } from '../../support/in-process-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-policies-'));
const stricter = join(folder, 'stricter');
const records = join(policiesDirectory, 'ticketing.test.yaml');

let server: LoopbackServer;
let answers: Record<string, object>;
let sent: [what: string, body: unknown][];

beforeAll(async () => {
  cpSync(policiesDirectory, stricter, { recursive: true });
  const file = join(stricter, 'ticketing.cedar');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('assurance.aal >= 1', 'assurance.aal >= 2'));
  server = await serveOnLoopback(0, () => async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const what = `${request.method} ${request.url}`;
    sent.push([what, chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())]);
    const answer = answers[what];
    response
      .writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer ?? { detail: 'There is no such thing.' }));
  });
});
beforeEach(() => {
  answers = {};
  sent = [];
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const run = (...typed: string[]) => runInProcess(server.url, typed);
const none = { count: 0, first: [] };
const set = {
  id: 'set-2',
  status: 'proposed',
  digest: 'd',
  policies: 34,
  tests: 55,
  justification: 'Stricter',
  based_on: 'deployed',
  changes: {
    policies: { added: none, changed: { count: 60, first: ['engineers-read-tickets'] }, removed: none },
    files: { added: none, changed: none, removed: { count: 1, first: ['ticketing.test.yaml'] } },
  },
  proposed_by: { type: 'user', id: 'policy-author' },
  actors: [],
  proposed_at: '2026-01-05T09:00:00.000Z',
};

describe('policy test', () => {
  it('counts the cases that hold', async () => {
    const { outcome, stdout } = await run('policy', 'test', policiesDirectory);
    expect(outcome).toBe('done');
    expect(stdout).toMatch(/^\d+ cases hold\.\n$/);
  });

  it('names the file and the line of each that does not', async () => {
    const { outcome, stdout } = await run('policy', 'test', stricter);
    expect(outcome).toBe('failed');
    expect(stdout).toContain(
      'policies/ticketing.test.yaml:2: engineers read tickets once they are authenticated: decision should be "permitted" and is "obliged"\n',
    );
  });

  it('names the file and the line of a policy that is not valid', async () => {
    const wrong = mkdtempSync(join(folder, 'wrong-'));
    cpSync(policiesDirectory, wrong, { recursive: true });
    writeFileSync(join(wrong, 'wrong.cedar'), 'permit (principal, action, resource);');
    const { outcome, stderr } = await run('policy', 'test', wrong);
    expect(outcome).toBe('failed');
    expect(stderr).toContain('policies/wrong.cedar:1: needs an @id\n');
  });

  it('wants a folder', async () => {
    expect((await run('policy', 'test', join(folder, 'nowhere'))).outcome).toBe('usage');
  });
});

describe('policy diff', () => {
  it('says of each recorded request how it would be decided otherwise, in its exit code, too', async () => {
    const { code, stdout } = await run(
      'policy',
      'diff',
      records,
      '--policies',
      stricter,
      '--against',
      policiesDirectory,
    );
    expect(code).toBe(10);
    expect(stdout).toContain(
      'engineers read tickets once they are authenticated\n' +
        '  permitted by engineers-read-tickets\n' +
        '  → obliged by engineers-read-tickets, wants {"step_up":"nist-aal2"}\n',
    );
    expect(stdout).toMatch(/\n3 of \d+ recorded requests would be decided otherwise\.\n$/);
  });

  it('is done where nothing would be', async () => {
    const same = await run(
      'policy',
      'diff',
      records,
      '--policies',
      policiesDirectory,
      '--against',
      policiesDirectory,
    );
    expect(same.outcome).toBe('done');
  });

  it('compares with the set in force, as Sallyport has it', async () => {
    answers = {
      'GET /v1/policy-sets/active/files': {
        policy_set: 'deployed',
        files: readPolicySources(policiesDirectory),
      },
    };
    const { outcome } = await run('policy', 'diff', records, '--policies', stricter);
    expect(outcome).toBe('decidesOtherwise');
    expect(sent.map(([what]) => what)).toEqual(['GET /v1/policy-sets/active/files']);
  });

  it('reads the lines of a log, and counts those that say no request', async () => {
    const log = join(folder, 'log.jsonl');
    const request = {
      subject: { type: 'user', id: 'erin', groups: ['engineering'] },
      action: { name: 'tickets:read' },
      resource: { type: 'target', id: 'ticketing-ops', system: 'ticketing' },
      context: { assurance: { aal: 1 } },
    };
    writeFileSync(
      log,
      `START RequestId: 1\n${JSON.stringify({ message: 'decided', request })}\n{"message":"other"}\n`,
    );
    const { stdout } = await run(
      '--json',
      'policy',
      'diff',
      log,
      '--policies',
      stricter,
      '--against',
      policiesDirectory,
    );
    expect(JSON.parse(stdout)).toMatchObject({ requests: 1, skipped: 2, changes: [{ name: `${log}:2` }] });
  });

  it('names the line of a request that cannot be asked', async () => {
    const log = join(folder, 'bad.jsonl');
    writeFileSync(log, '\n{"request":{"subject":"erin"}}\n');
    const { outcome, stderr } = await run(
      'policy',
      'diff',
      log,
      '--against',
      policiesDirectory,
      '--policies',
      stricter,
    );
    expect(outcome).toBe('usage');
    expect(stderr).toContain(`${log}:2: `);
  });
});

describe('a policy set', () => {
  it('is proposed with all files of a folder', async () => {
    answers = { 'POST /v1/policy-sets': { policy_set: set, active: 'deployed' } };
    const { stdout } = await run('policy', 'propose', policiesDirectory, '--justification', 'Stricter');
    expect(sent).toEqual([
      ['POST /v1/policy-sets', { justification: 'Stricter', files: readPolicySources(policiesDirectory) }],
    ]);
    expect(stdout).toMatch(
      /^changes +engineers-read-tickets and 59 more\nremoves files +ticketing.test.yaml$/m,
    );
  });

  it('is not proposed without a reason', async () => {
    expect((await run('policy', 'propose', policiesDirectory)).outcome).toBe('usage');
    expect(sent).toEqual([]);
  });

  it('is activated by its id', async () => {
    answers = {
      'POST /v1/policy-sets/set-2/activation': { policy_set: { ...set, status: 'active' }, active: 'set-2' },
    };
    expect((await run('policy', 'activate', 'set-2')).stdout).toMatch(/^set-2 active\nin force +set-2\n/);
  });

  it('that is in force is left by a rollback that names it', async () => {
    answers = {
      'GET /v1/policy-sets?limit=1': { policy_sets: [], active: 'set-2' },
      'POST /v1/policy-sets/rollback': { policy_set: { ...set, status: 'rolled_back' }, active: 'deployed' },
    };
    expect((await run('policy', 'rollback', '--reason', 'Nobody can work')).outcome).toBe('done');
    expect(sent.at(-1)?.[1]).toEqual({ policy_set: 'set-2', reason: 'Nobody can work' });
  });

  it('is not left where there is none before it', async () => {
    answers = { 'GET /v1/policy-sets?limit=1': { policy_sets: [], active: 'deployed' } };
    expect((await run('policy', 'rollback', '--reason', 'Nobody can work')).outcome).toBe('refused');
  });

  it('is listed and shown', async () => {
    answers = {
      'GET /v1/policy-sets?limit=100': { policy_sets: [set], active: 'deployed' },
      'GET /v1/policy-sets/set-2': { policy_set: set, active: 'deployed' },
    };
    expect((await run('policy', 'list')).stdout).toMatch(/^In force: deployed\nSET .*\nset-2 +proposed /);
    expect((await run('policy', 'show', 'set-2')).stdout).toMatch(/^why +Stricter$/m);
  });

  it('is fetched into a new folder, and into no other place', async () => {
    const files = { 'schema.cedarschema': '', 'examples/a.cedar': '// a\n' };
    answers = {
      'GET /v1/policy-sets/set-2/files': { policy_set: 'set-2', files },
      'GET /v1/policy-sets/evil/files': { policy_set: 'evil', files: { '../evil.cedar': '' } },
    };
    const fetched = join(folder, 'fetched');
    expect((await run('policy', 'fetch', 'set-2', fetched)).outcome).toBe('done');
    expect(readPolicySources(fetched)).toEqual(files);
    expect((await run('policy', 'fetch', 'set-2', fetched)).outcome).toBe('usage');
    const before = readdirSync(folder);
    expect((await run('policy', 'fetch', 'evil', join(folder, 'evil'))).outcome).toBe('failed');
    expect(readdirSync(folder)).toEqual(before);
  });
});
