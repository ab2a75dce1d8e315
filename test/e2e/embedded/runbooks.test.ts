import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ApiClient } from '../../../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { ask, claimToken, readRequest } from '../../support/access-path.ts';
import {
  fillIn,
  missingLine,
  type Placeholders,
  type RunbookBlock,
  readRunbook,
  runScript,
} from '../../support/runbook.ts';

/** A containment is a whole workflow, and each command a process. */
vi.setConfig({ testTimeout: 60_000 });

let world: EmbeddedWorld;
let directory: string;

beforeAll(async () => {
  world = await startWorld();
  directory = mkdtempSync(join(tmpdir(), 'sallyport-runbooks-'));
});
afterAll(async () => {
  await world.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Somebody who has a live credential at a target. */
async function credentialOf(
  holder: Promise<ApiClient>,
  target: string = readRequest.target,
): Promise<string> {
  return claimToken(await ask(world, await holder, { ...readRequest, target, duration: 'PT20M' }));
}

/** What happened before somebody opens the runbook, and what stands for its placeholders. */
const situations: Readonly<Record<string, () => Promise<Record<string, string>>>> = {
  'token-exposed': async () => {
    const leaked = join(directory, 'leaked');
    writeFileSync(leaked, await credentialOf(world.as('engineer')));
    return { 'leaked-file': leaked };
  },
  'service-account-compromised': async () => {
    await credentialOf(world.as('deploy-bot'));
    return { principal: 'deploy-bot' };
  },
  'target-compromised': async () => {
    await credentialOf(world.as('engineer'), 'ticketing-web');
    return { target: 'ticketing-web' };
  },
  offboarding: async () => {
    await credentialOf(world.as('engineer'));
    return { owner: 'engineer' };
  },
};

describe.each(Object.entries(situations))('docs/runbooks/%s.md', (name, situation) => {
  const blocks = readRunbook(`docs/runbooks/${name}.md`);
  let placeholders: Placeholders;
  let revocation = '';
  let files = 0;

  const newFile = () => join(directory, `${name}-${++files}`);

  async function responderIdToken(): Promise<string> {
    const file = newFile();
    writeFileSync(file, await world.identityProvider.idTokenFor('responder'));
    return file;
  }

  beforeAll(async () => {
    const known = await situation();
    placeholders = {
      ...Object.fromEntries(Object.entries(known).map(([place, value]) => [place, () => value])),
      'id-token-file': responderIdToken,
      'answer-file': newFile,
      'report-file': newFile,
      revocation: () => revocation,
    };
  });

  async function follow({ script, output }: RunbookBlock): Promise<void> {
    const { code, stdout, stderr } = await runScript(await fillIn(script, placeholders), {
      SALLYPORT_API: world.sallyport.apiUrl,
      XDG_STATE_HOME: join(directory, name),
    });
    expect({ code, printed: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, printed: '' });
    revocation = /rev-[\w-]+/.exec(stdout)?.[0] ?? revocation;
    const expected = await Promise.all(output.map((line) => fillIn(line, placeholders)));
    expect(missingLine(stdout, expected), stdout).toBeUndefined();
  }

  it('tries, acts, verifies', () => {
    expect(blocks.length).toBeGreaterThan(4);
  });

  blocks.forEach((block, index) => {
    const title = `${index + 1}. ${block.section}: ${block.script.split('\n', 1)[0]}`;
    it(title, () => follow(block));
  });
});
