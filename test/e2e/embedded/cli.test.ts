import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodes } from '../../../cli/exit-codes.ts';
import type { IdentityProvider } from '../../../demo/identity-provider.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { approvedForAgent, ask, commentRequest, deleteRequest, isActive } from '../../support/access-path.ts';
import { CommandLine, commandLineOf } from '../../support/command-line.ts';
import { runScript } from '../../support/runbook.ts';

const codeOf = (outcome: keyof typeof exitCodes) => exitCodes[outcome].code;
const RFC_7519 = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const readTickets = [
  ...['request', '--target', 'ticketing-ops', '--permission', 'tickets:read'],
  ...['--duration', '20m', '--justification', 'Read what is open'],
];

let world: EmbeddedWorld;
let engineer: CommandLine;
let owner: CommandLine;
let responder: CommandLine;

beforeAll(async () => {
  world = await startWorld();
  [engineer, owner, responder] = await Promise.all([
    commandLineOf(world, 'engineer'),
    commandLineOf(world, 'owner'),
    commandLineOf(world, 'responder'),
  ]);
});
afterAll(() => world.stop());

/** A grant of the engineer's, by the command line. */
async function granted(commandLine = engineer): Promise<{ task: string; grant: string }> {
  const { document } = await commandLine.json([...readTickets, '--wait']);
  const { task } = document as { task: { id: string; grant: { id: string } } };
  return { task: task.id, grant: task.grant.id };
}

describe('login', () => {
  it('keeps the session where nobody else reads it, and shows it to nobody', async () => {
    const commandLine = new CommandLine(world.sallyport.apiUrl);
    const input = await world.identityProvider.idTokenFor('engineer');
    const { code, stdout, stderr } = await commandLine.run(['login', '--subject-token', '-'], { input });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Logged in to .*\nas +engineer\n/);
    expect(statSync(commandLine.sessionFile).mode & 0o777).toBe(0o600);
    const { token } = JSON.parse(readFileSync(commandLine.sessionFile, 'utf8'));
    expect(token).toMatch(RFC_7519);
    expect(stdout).not.toContain(token);
  });

  it('takes the tokens of a machine and of its person from a file and the environment', async () => {
    const commandLine = new CommandLine(world.sallyport.apiUrl);
    const file = join(commandLine.stateHome, 'token');
    writeFileSync(file, await world.identityProvider.idTokenFor('triage-bot'));
    const { document } = await commandLine.json(
      ['login', '--subject-token', 'env:ID_TOKEN', '--actor-token', file],
      { environment: { ID_TOKEN: await world.identityProvider.idTokenFor('engineer') } },
    );
    expect(document).toMatchObject({ principal: 'engineer', actor: 'triage-bot', bound_to_key: false });
  });

  it('prints the access token, and keeps nothing, where that is asked for', async () => {
    const commandLine = new CommandLine(world.sallyport.apiUrl);
    const input = await world.identityProvider.idTokenFor('engineer');
    const { stdout } = await commandLine.run(['login', '--subject-token', '-', '--print'], { input });
    expect(existsSync(commandLine.sessionFile)).toBe(false);
    const environment = { SALLYPORT_TOKEN: stdout.trim() };
    expect(await commandLine.run(['grants'], { environment })).toMatchObject({ code: 0 });
  });

  it('binds the session to a key, and proves it in every call', async () => {
    const commandLine = new CommandLine(world.sallyport.apiUrl);
    const input = await world.identityProvider.idTokenFor('engineer');
    const { document } = await commandLine.json(['login', '--subject-token', '-', '--bind-key'], { input });
    expect(document).toMatchObject({ bound_to_key: true });
    const { grant } = await granted(commandLine);
    const { document: claimed } = await commandLine.json(['claim', grant]);
    expect(claimed).toMatchObject({ token_type: 'DPoP' });

    const { token } = JSON.parse(readFileSync(commandLine.sessionFile, 'utf8'));
    const stolen = await commandLine.run(['grants'], { environment: { SALLYPORT_TOKEN: token } });
    expect(stolen.code).toBe(codeOf('notAuthenticated'));
  });

  it('says what to do about a token that is refused', async () => {
    const commandLine = new CommandLine(world.sallyport.apiUrl);
    const refused = await commandLine.run(['login', '--subject-token', '-'], { input: 'none.of.theirs' });
    expect(refused).toMatchObject({ code: codeOf('notAuthenticated'), stdout: '' });
    expect(existsSync(commandLine.sessionFile)).toBe(false);
  });

  it('takes no secret from the command line, and does not repeat it', async () => {
    const typed = 'eyJhbGciOiJFUzI1NiJ9.e30.c2VjcmV0';
    const { code, stdout, stderr } = await engineer.run(['login', '--subject-token', typed]);
    expect({ code, stdout }).toEqual({ code: codeOf('usage'), stdout: '' });
    expect(stderr).toContain('never the secret itself');
    expect(stderr).not.toContain(typed);
  });

  it('uses no session that others could have read', async () => {
    const commandLine = await commandLineOf(world, 'engineer');
    const { chmodSync } = await import('node:fs');
    chmodSync(commandLine.sessionFile, 0o640);
    const { code, stderr } = await commandLine.run(['grants']);
    expect(code).toBe(codeOf('notAuthenticated'));
    expect(stderr).toContain('open to others');
  });

  it('shows a session to no other Sallyport than its own', async () => {
    const elsewhere = ['--api', 'https://sallyport.invalid', 'grants'];
    expect(await engineer.run(elsewhere)).toMatchObject({
      code: codeOf('notAuthenticated'),
      stderr: expect.stringContaining('You are not logged in to https://sallyport.invalid.'),
    });
  });

  it('is over after logout, there and here', async () => {
    const commandLine = await commandLineOf(world, 'engineer');
    const { token } = JSON.parse(readFileSync(commandLine.sessionFile, 'utf8'));
    expect(await commandLine.run(['logout'])).toMatchObject({ code: 0 });
    expect(await commandLine.run(['grants'])).toMatchObject({ code: codeOf('notAuthenticated') });
    expect(await commandLine.run(['grants'], { environment: { SALLYPORT_TOKEN: token } })).toMatchObject({
      code: codeOf('notAuthenticated'),
      stderr: expect.stringContaining('Log in: npx sallyport login'),
    });
  });
});

describe('request', () => {
  it('waits until it is decided, and says what comes next', async () => {
    const { code, stdout } = await engineer.run([...readTickets, '--wait']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^req-\S+ approved\n/);
    expect(stdout).toMatch(/\nNext: npx sallyport claim grant-\S+\n$/);
  });

  it('tells for whom it waits, and how to look again', async () => {
    const request = [
      ...['request', '--target', 'ticketing-ops', '--permission', 'tickets:delete'],
      ...['--duration', 'PT20M', '--justification', 'Remove the test ticket', '--wait'],
    ];
    const { code, stdout, stderr } = await engineer.run([...request, '--timeout', '1s']);
    expect({ code, stdout }).toEqual({ code: codeOf('notOver'), stdout: '' });
    expect(stderr).toMatch(/waits for approval \S+ until/);
    const [, id = ''] = /npx sallyport request show (\S+)/.exec(stderr) ?? [];
    expect(await engineer.run(['request', 'show', id])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${id} pending`),
    });
  });

  it('can be left waiting', async () => {
    const request = [
      ...['request', '--target', 'ticketing-ops', '--permission', 'tickets:delete'],
      ...['--duration', '20m', '--justification', 'Remove the test ticket', '--wait'],
    ];
    const { code, stderr } = await engineer.run(request, { signal: 'SIGINT' });
    expect(code).toBe(codeOf('interrupted'));
    expect(stderr).toContain('what was started goes on. Look again: npx sallyport request show req-');
  });

  it('fails where it is denied', async () => {
    const customer = await commandLineOf(world, 'customer');
    const { code, document } = await customer.json([...readTickets, '--wait']);
    expect(code).toBe(codeOf('refused'));
    expect(document).toMatchObject({ task: { status: 'denied', reason: 'policy' } });
  });

  it.each([
    [['--target', 'nowhere'], 'target'],
    [['--duration', '20 minutes'], '20 minutes'],
    [['--permission', 'tickets:read', '--wait', '--timeout', 'soon'], 'soon'],
  ])('changes nothing and says why: %j', async (wrong, why) => {
    const before = await engineer.json(['grants']);
    const { code, stdout, stderr } = await engineer.run([...readTickets, ...wrong]);
    expect({ code, stdout }).toEqual({ code: codeOf('usage'), stdout: '' });
    expect(stderr).toContain(why);
    expect((await engineer.json(['grants'])).document).toEqual(before.document);
  });

  it('says which option is missing', async () => {
    const { code, stderr } = await engineer.run(['request', '--target', 'ticketing-ops']);
    expect({ code, stderr }).toEqual({
      code: codeOf('usage'),
      stderr: '--permission <name> is missing.\n',
    });
  });
});

describe('approve', () => {
  it('lists what waits, shows one, narrows it', async () => {
    const agent = await world.as('triage-bot', { for: 'engineer' });
    const access = await ask(world, agent, { ...commentRequest, justification: 'Look \u001b[2J here' });
    const list = await owner.run(['approve']);
    expect(list.code).toBe(0);
    expect(list.stdout).toContain(`${access.approvalId} pending`);
    expect(list.stdout).toContain('engineer, through triage-bot');
    // What a requester writes does not act on the approver's terminal.
    expect(list.stdout).not.toContain('\u001b');
    expect(list.stdout).toContain('Look \\u{1b}[2J here');

    const shown = await owner.json(['approve', 'show', access.approvalId]);
    expect(shown.document).toMatchObject({
      approval: { permissions: ['tickets:comment'], duration: 'PT20M' },
    });

    const decided = await owner.json([
      'approve',
      access.approvalId,
      '--duration',
      '5m',
      '--comment',
      'Briefly',
    ]);
    expect(decided).toMatchObject({
      code: 0,
      document: { approval: { status: 'approved', duration: 'PT5M', votes: [{ comment: 'Briefly' }] } },
    });
  });

  it('denies', async () => {
    const access = await ask(world, await world.as('engineer'), deleteRequest);
    const { code, stdout } = await owner.run([
      'approve',
      access.approvalId,
      '--deny',
      '--comment',
      'Not now',
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ denied\n[\s\S]*owner: deny, “Not now”/);
    const again = await owner.run(['approve', access.approvalId]);
    expect(again).toMatchObject({ code: codeOf('refused'), stdout: '' });
  });

  it('is refused to the requester, and finds nothing that is nobody’s', async () => {
    const access = await ask(world, await world.as('engineer'), deleteRequest);
    expect(await engineer.json(['approve', access.approvalId])).toMatchObject({
      code: codeOf('refused'),
      document: {
        error: { outcome: 'refused', problem: { type: 'urn:sallyport:problem:self-approval' } },
      },
    });
    expect(await owner.run(['approve', 'apr-none'])).toMatchObject({ code: codeOf('notFound') });
  });
});

describe('claim and grants', () => {
  it('prints the credential alone, and what belongs to it beside', async () => {
    const { grant } = await granted();
    const { code, stdout, stderr } = await engineer.run(['claim', grant]);
    expect(code).toBe(0);
    expect(stdout.trim()).toMatch(RFC_7519);
    expect(await isActive(world, stdout.trim())).toBe(true);
    expect(stderr).toContain(`npx sallyport grants return ${grant}`);
    expect(stderr).not.toContain(stdout.trim());

    expect(await engineer.run(['claim', grant])).toMatchObject({
      code: codeOf('refused'),
      stdout: '',
      stderr: expect.stringContaining('claimed before'),
    });
  });

  it('prints what a shell can evaluate', async () => {
    const { grant } = await granted();
    const { stdout } = await engineer.run(['claim', grant, '--format', 'env']);
    expect(stdout).toMatch(/^export SALLYPORT_ACCESS_TOKEN='[\w.-]+'\n$/);
  });

  it('writes it to a file of the user’s own, and claims nothing where it cannot', async () => {
    const { grant } = await granted();
    const file = join(engineer.stateHome, grant);
    writeFileSync(file, 'in the way');
    expect(await engineer.run(['claim', grant, '--out', file])).toMatchObject({
      code: codeOf('usage'),
      stderr: expect.stringContaining('Nothing was claimed'),
    });
    const { code, stdout } = await engineer.run(['claim', grant, '--out', `${file}.token`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(statSync(`${file}.token`).mode & 0o777).toBe(0o600);
    expect(readFileSync(`${file}.token`, 'utf8').trim()).toMatch(RFC_7519);
  });

  it('leaves no file behind a claim that is refused', async () => {
    const file = join(engineer.stateHome, 'none');
    expect(await engineer.run(['claim', 'grt-none', '--out', file])).toMatchObject({
      code: codeOf('notFound'),
    });
    expect(existsSync(file)).toBe(false);
  });

  it('returns a grant, and waits for the receipt', async () => {
    const { grant } = await granted();
    const { stdout: token } = await engineer.run(['claim', grant]);
    const { code, stdout } = await engineer.run(['grants', 'return', grant]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${grant} ended \\(returned\\)\\n[\\s\\S]*receipt +dead: `));
    expect(await isActive(world, token.trim())).toBe(false);
    const list = await engineer.run(['grants']);
    expect(list.stdout).toMatch(new RegExp(`\\n${grant} +ended \\(returned\\) .* dead\\n`));
    expect(await engineer.json(['grants', 'show', grant])).toMatchObject({
      document: { grant: { id: grant, credential: { receipt: { answer: 'dead' } } } },
    });
  });

  it('tells a return that could not be confirmed from one that was', async () => {
    const { grant } = await granted();
    await engineer.run(['claim', grant]);
    const putRight = world.runtime.faults.fail({
      service: 'dynamodb',
      operation: 'TransactWriteItems',
      functionName: 'RevokeCredential',
      error: { code: 'AccessDeniedException', statusCode: 400 },
    });
    const waited = await engineer.run(['grants', 'return', grant, '--timeout', '1s']);
    putRight();
    expect(waited).toMatchObject({ code: codeOf('notOver'), stdout: '' });
    expect(waited.stderr).toContain('the right has ended, its credential is being revoked');
  });
});

describe('audit', () => {
  it('verifies a case, and all of an undertaking', async () => {
    const { task, grant } = await granted();
    await world.sallyport.settled();
    const { code, stdout } = await responder.run(['audit', task, '--verify']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/events, every one in its place\.\n$/);
    expect(stdout).toContain(grant);

    const { document } = await responder.json(['audit', task]);
    const [{ txn }] = (document as { events: [{ txn: string }] }).events;
    const all = await responder.json(['audit', '--txn', txn, '--verify']);
    expect(all).toMatchObject({ code: 0 });
    const { verdicts } = all.document as { verdicts: { chain: string; verified: boolean }[] };
    expect(verdicts).toContainEqual(expect.objectContaining({ chain: task, verified: true }));
  });

  it('shows a case to nobody whom it does not concern', async () => {
    const access = await approvedForAgent(world);
    const customer = await commandLineOf(world, 'customer');
    expect(await customer.run(['audit', access.requestId])).toMatchObject({ code: codeOf('notFound') });
  });
});

describe('what the README says', () => {
  it('works as it stands there, at the addresses of this Sallyport', async () => {
    const readme = readFileSync('README.md', 'utf8');
    const [script = ''] = /^curl .*npx sallyport login(?:.|\n)*?(?=^```)/m.exec(readme) ?? [];
    const { issuer } = world.identityProvider as IdentityProvider;
    const { code, stdout } = await runScript(script.replace('127.0.0.1:8085', new URL(issuer).host), {
      SALLYPORT_API: world.sallyport.apiUrl,
      XDG_STATE_HOME: engineer.stateHome,
    });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/approved\n[\s\S]*GRANT +STATUS/),
    });
  });
});

describe('whatever is asked', () => {
  it('is one JSON document on standard output with --json, also where it fails', async () => {
    const failed = await engineer.json(['grants', 'show', 'grt-none']);
    expect(failed).toMatchObject({
      code: codeOf('notFound'),
      document: { error: { outcome: 'notFound', message: expect.stringMatching(/no such grant/) } },
    });
    const mistyped = await engineer.json(['contain', '--planet', 'x']);
    expect(mistyped).toMatchObject({ code: codeOf('usage'), document: { error: { outcome: 'usage' } } });
  });

  it('needs somebody who is logged in', async () => {
    const nobody = new CommandLine(world.sallyport.apiUrl);
    for (const typed of [
      ['grants'],
      ['approve'],
      readTickets,
      ['claim', 'grt-1'],
      ['secrets'],
      ['audit', 'x'],
      ['logout'],
    ])
      expect(await nobody.run(typed)).toMatchObject({
        code: codeOf('notAuthenticated'),
        stderr: expect.stringContaining('npx sallyport login'),
      });
  });

  it('says that nothing answers where nothing does', async () => {
    const lost = new CommandLine('http://127.0.0.1:9');
    const environment = { SALLYPORT_TOKEN: 'any' };
    expect(await lost.run(['grants'], { environment })).toMatchObject({
      code: codeOf('unavailable'),
      stderr: expect.stringContaining('does not answer at http://127.0.0.1:9'),
    });
  });

  it.each([['http://sallyport.example.com'], ['ftp://127.0.0.1'], ['nonsense'], ['https://a:b@example.com']])(
    'sends no token to %s',
    async (api) => {
      const environment = { SALLYPORT_TOKEN: 'any' };
      expect(await engineer.run(['--api', api, 'grants'], { environment })).toMatchObject({
        code: codeOf('usage'),
        stdout: '',
      });
    },
  );

  it('runs on a Node that cannot run it, by the one that npm has brought', async () => {
    const old = ['--no-strip-types'];
    expect(await engineer.run(['--help'], { nodeOptions: old })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: sallyport'),
    });
    expect(await engineer.run(['grants', 'show', 'grt-none'], { nodeOptions: old })).toMatchObject({
      code: codeOf('notFound'),
    });
  });
});
