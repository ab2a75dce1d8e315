import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { synthesize } from '../../cdk/synthesize.ts';
import { deploymentFixture, temporaryDirectory } from './templates.ts';

type Content = [file: string, content: Buffer][];

const assembled = () => synthesize({ outdir: temporaryDirectory(), deployment: deploymentFixture });

function contentOf(directory: string): Content {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry): [string, Buffer] => {
      const path = join(entry.parentPath, entry.name);
      return [relative(directory, path), readFileSync(path)];
    })
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

// Bundles everything twice.
test('the same sources give the same cloud assembly, byte for byte: of no machine and no account, its state protected', {
  timeout: 60_000,
}, async () => {
  const assemblies = [await assembled(), await assembled()];
  const [first, second] = assemblies.map(({ directory }) => contentOf(directory)) as [Content, Content];

  expect(second.map(([file]) => file)).toEqual(first.map(([file]) => file));
  const differing = second.filter(([, content], index) => !first[index]?.[1].equals(content));
  expect(differing.map(([file]) => file)).toEqual([]);
  expect(first.filter(([, content]) => content.includes(process.cwd())).map(([file]) => file)).toEqual([]);
  for (const assembly of assemblies) {
    expect(assembly.getStackByName('SallyportState').terminationProtection).toBe(true);
    expect(assembly.stacks.map(({ environment }) => environment.name)).toEqual([
      'aws://unknown-account/unknown-region',
      'aws://unknown-account/unknown-region',
    ]);
  }
});

test('without a deployment document nothing is trusted and nothing is made', async () => {
  await expect(synthesize({ outdir: temporaryDirectory() })).rejects.toThrow('No deployment document');
});

test('a deployment document that is not valid is refused with what is wrong in it', async () => {
  const outdir = temporaryDirectory();
  const deployment = join(outdir, 'deployment.json');
  writeFileSync(
    deployment,
    JSON.stringify({ ...JSON.parse(readFileSync(deploymentFixture, 'utf8')), targets: 3 }),
  );

  await expect(synthesize({ outdir, deployment })).rejects.toThrow(
    /is no deployment document:\n.*\n.*targets/,
  );
});
