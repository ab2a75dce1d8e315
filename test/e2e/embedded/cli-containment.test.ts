import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { exitCodes } from '../../../cli/exit-codes.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { claimToken, grantedToEngineer, isActive } from '../../support/access-path.ts';
import { type CommandLine, commandLineOf } from '../../support/command-line.ts';

const MINUTE = 60_000;

/** A containment is a whole workflow, and each command a process. */
vi.setConfig({ testTimeout: 60_000 });

let world: EmbeddedWorld;
let responder: CommandLine;

beforeAll(async () => {
  world = await startWorld();
  responder = await commandLineOf(world, 'responder');
});
afterAll(() => world.stop());

const start = (...scope: string[]) => ['contain', ...scope, '--reason', 'Found in a log'];

describe('contain', () => {
  it('ends a leaked credential, and shows the receipt but not the credential', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const { code, stdout, stderr } = await responder.run(start('--credential', '-'), { input: token });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^rev-\S+ contained in /);
    expect(stdout).toMatch(new RegExp(`\\ngrant +${access.grantId} +dead +engineer +ticketing-ops +dead: `));
    expect(stdout + stderr).not.toContain(token);
    expect(await isActive(world, token)).toBe(false);
  });

  it('says of a credential that it is nobody’s', async () => {
    const credential = 'nobody-has-seen-this-one';
    const { code, stdout, stderr } = await responder.run(start('--credential', '-'), { input: credential });
    expect({ code, stdout }).toEqual({ code: exitCodes.notFound.code, stdout: '' });
    expect(stderr).toContain('nobody’s');
    expect(stderr).not.toContain(credential);
  });

  it('is refused to who may not, and to who proves too little', async () => {
    const [engineer, weak] = await Promise.all([
      commandLineOf(world, 'engineer'),
      commandLineOf(world, 'responder', { amr: ['pwd'] }),
    ]);
    const scope = start('--principal', 'triage-bot');
    expect(await engineer.run(scope)).toMatchObject({ code: exitCodes.refused.code, stdout: '' });
    expect(await weak.run(scope)).toMatchObject({
      code: exitCodes.notAuthenticated.code,
      stderr: expect.stringContaining('Log in with nist-aal2 or more'),
    });
    expect(await responder.run(start('--principal', 'nobody'))).toMatchObject({
      code: exitCodes.notFound.code,
    });
  });

  it('calls nothing contained that was not confirmed, and finds it contained later', async () => {
    const access = await grantedToEngineer(world);
    await claimToken(access);
    const putRight = world.runtime.faults.fail({
      service: 'dynamodb',
      operation: 'TransactWriteItems',
      functionName: 'RevokeGrants',
      error: { code: 'AccessDeniedException', statusCode: 400 },
    });
    const { code, stdout } = await responder.json(start('--grant', access.grantId));
    putRight();
    expect(code, stdout).toBe(exitCodes.unresolved.code);
    const [revocation = ''] = /rev-[\w-]+/.exec(stdout) ?? [];
    await world.leap(30 * MINUTE);

    const later = await commandLineOf(world, 'responder');
    const settled = await later.run(['contain', 'status', revocation, '--until-contained']);
    expect(settled).toMatchObject({ code: 0, stdout: expect.stringContaining(`${revocation} contained in`) });
  });
});
