import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { exitCodes } from '../../../cli/exit-codes.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { type CommandLine, commandLineOf } from '../../support/command-line.ts';

/** A rotation is a whole workflow, and each command a process. */
vi.setConfig({ testTimeout: 60_000 });

let world: EmbeddedWorld;
let administrator: CommandLine;

beforeAll(async () => {
  world = await startWorld();
  administrator = await commandLineOf(world, 'platform-engineer');
});
afterAll(() => world.stop());

describe('secrets', () => {
  it('registers one, rotates it, and shows everything but its value', async () => {
    const registered = await administrator.run([
      ...['secrets', 'register', 'parcels-client', '--owner', 'owner'],
      ...['--consumer', 'shop', '--consumer', 'reports', '--every', '30d'],
    ]);
    expect(registered).toMatchObject({ code: 0, stdout: expect.stringMatching(/rotation-\S+ succeeded\n/) });

    const rotated = await administrator.json(['secrets', 'rotate', 'parcels-client']);
    expect(rotated).toMatchObject({
      code: 0,
      document: { rotation: { secret: 'parcels-client', status: 'succeeded' } },
    });
    const { rotation } = rotated.document as { rotation: { id: string } };
    const shown = await administrator.run(['secrets', 'rotation', rotation.id]);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining(`${rotation.id} succeeded`) });

    const secret = await administrator.run(['secrets', 'show', 'parcels-client']);
    expect(secret.stdout).toMatch(/consumers +shop, reports\n/);
    const list = await administrator.run(['secrets']);
    expect(list.stdout).toMatch(/\nparcels-client +oauth-client +ready +owner /);
  });

  it('is refused to who may not, and says what is not valid', async () => {
    const engineer = await commandLineOf(world, 'engineer');
    const register = ['secrets', 'register', 'parcels-client', '--owner', 'owner', '--every'];
    expect(await engineer.run([...register, '30d'])).toMatchObject({ code: exitCodes.refused.code });
    expect(await engineer.run(['secrets', 'rotate', 'no-such-secret'])).toMatchObject({
      code: exitCodes.notFound.code,
    });
    expect(await administrator.run([...register, '1s'])).toMatchObject({ code: exitCodes.usage.code });
  });
});
