import { readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { bundleFunctions } from '../../cdk/bundle.ts';
import { declarations, functionNames } from '../../cdk/functions.ts';
import { bundledFunctions, readDeploymentDocument } from '../../cdk/synthesize.ts';
import { deploymentFixture, temporaryDirectory } from './templates.ts';

const KILOBYTE = 1000;
const MOST_BYTES = 1500 * KILOBYTE;
const MOST_BYTES_WITH_CEDAR = 6000 * KILOBYTE;

const directory = temporaryDirectory();
const functions = bundledFunctions(readDeploymentDocument(deploymentFixture));
beforeAll(async () => {
  await bundleFunctions(functions, directory);
});

test('each bundle stays below its size', () => {
  const table = functionNames.map((name) => {
    const carriesCedar = declarations[name].carries?.includes('cedar') ?? false;
    const bytes = readdirSync(join(directory, name)).reduce(
      (sum, file) => sum + statSync(join(directory, name, file)).size,
      0,
    );
    return {
      name,
      kilobytes: Math.round(bytes / KILOBYTE),
      fits: bytes < (carriesCedar ? MOST_BYTES_WITH_CEDAR : MOST_BYTES),
    };
  });
  process.stdout.write(
    `${table.map(({ name, kilobytes }) => `${name.padEnd(20)}${`${kilobytes}`.padStart(6)} KB`).join('\n')}\n`,
  );

  expect(table.filter(({ fits }) => !fits)).toEqual([]);
});

test('each function carries the files that it declares beside its code', () => {
  const filesOf = {
    deployment: ['deployment.json'],
    cedar: ['cedar_wasm_bg.wasm', 'policies.json'],
    'policy-sources': ['policy-sources.json'],
    openapi: ['openapi.json'],
  };
  for (const name of functionNames) {
    const declared = declarations[name].carries ?? [];
    expect(readdirSync(join(directory, name)).sort(), name).toEqual(
      ['index.js', ...declared.flatMap((file) => filesOf[file])].sort(),
    );
  }
});

test('no path of this machine is in a bundle', () => {
  for (const name of functionNames)
    expect(readFileSync(join(directory, name, 'index.js'), 'utf8')).not.toContain(process.cwd());
});

test('the name of a class survives, because `ErrorEquals` of a workflow sees it', async () => {
  const sources = temporaryDirectory();
  const entry = join(sources, 'name.ts');
  writeFileSync(
    entry,
    `class LongLivedName extends Error {}\nexport const handler = () => LongLivedName.name;\n`,
  );
  await bundleFunctions([{ name: 'Name', entry, files: {} }], sources);

  expect(createRequire(entry)('./Name/index.js').handler()).toBe('LongLivedName');
});

test('a module finds the files beside it as it does unbundled', async () => {
  const sources = temporaryDirectory();
  const entry = join(sources, 'directory.ts');
  writeFileSync(entry, 'export const handler = () => import.meta.dirname;\n');
  await bundleFunctions([{ name: 'Directory', entry, files: {} }], sources);

  expect(createRequire(entry)('./Directory/index.js').handler()).toBe(
    realpathSync(join(sources, 'Directory')),
  );
});
