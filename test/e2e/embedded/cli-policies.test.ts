import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { policiesDirectory, readPolicySources } from '../../../cdk/read-policies.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import type { CommandLine } from '../../support/command-line.ts';
import { commandLineOf } from '../../support/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-policies-'));
const changed = join(folder, 'changed');
const log = join(folder, 'evaluate-access.log');

let world: EmbeddedWorld;
let author: CommandLine;
let reviewer: CommandLine;

beforeAll(async () => {
  world = await startWorld();
  author = await commandLineOf(world, 'policy-author');
  reviewer = await commandLineOf(world, 'policy-reviewer');
  cpSync(policiesDirectory, changed, { recursive: true });
  rmSync(join(changed, 'ticketing.test.yaml'));
  const file = join(changed, 'ticketing.cedar');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('assurance.aal >= 1', 'assurance.aal >= 3'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await world.stop();
});

it('what was asked is in the log, and shows what a change would change, before two people make it', async () => {
  const engineer = await world.as('engineer');
  const question = {
    subject: { type: 'user', id: 'engineer' },
    action: { name: 'tickets:read' },
    resource: { type: 'target', id: 'ticketing-ops' },
  };
  expect((await engineer.post('/access/v1/evaluation', question)).body.decision).toBe(true);
  writeFileSync(log, world.runtime.functionLog('EvaluateAccess'));
  const same = await author.json(['policy', 'diff', log, '--policies', policiesDirectory]);
  expect(same).toMatchObject({ code: 0, document: { requests: 1, changes: [] } });
  const other = await author.json(['policy', 'diff', log, '--policies', changed]);
  expect(other).toMatchObject({
    code: 10,
    document: {
      changes: [
        {
          before: { decision: 'permitted', policies: ['engineers-read-tickets'] },
          after: { decision: 'obliged', obligations: { step_up: 'nist-aal3' } },
        },
      ],
    },
  });
});

it('two people put a set in force, and one takes it back', async () => {
  const proposed = await author.json(['policy', 'propose', changed, '--justification', 'AAL3 for tickets']);
  expect(proposed).toMatchObject({ code: 0, document: { active: 'deployed' } });
  const { policy_set: set } = proposed.document as { policy_set: { id: string } };
  expect((await author.run(['policy', 'activate', set.id])).code).toBe(3);

  const fetched = join(folder, 'fetched');
  expect((await reviewer.run(['policy', 'fetch', set.id, fetched])).code).toBe(0);
  expect(readPolicySources(fetched)).toEqual(readPolicySources(changed));
  const activated = await reviewer.json(['policy', 'activate', set.id]);
  expect(activated).toMatchObject({ code: 0, document: { active: set.id } });

  const back = await reviewer.json(['policy', 'rollback', '--reason', 'Nobody has a hardware key']);
  expect(back).toMatchObject({ code: 0, document: { active: 'deployed' } });
  expect((await reviewer.run(['policy', 'rollback', '--reason', 'Further back'])).code).toBe(3);
});
