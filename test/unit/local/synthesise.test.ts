import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startRuntime } from '../../../local/runtime.ts';
import { withDeployment } from '../../../local/synthesise.ts';
import { functionResource, temporaryDirectory, writeAssembly } from './fixture-assembly.ts';

it('gives the functions of an assembly another deployment document, and leaves the assembly as it is', async () => {
  const code = `exports.handler = async () => require('./deployment.json');`;
  const template = { Resources: { Reader: functionResource('Reader') } };
  const assembly = writeAssembly({ Fixture: { template } }, { Reader: code });
  const original = join(assembly, 'asset.Reader', 'deployment.json');
  writeFileSync(original, '{"issuer":"original"}');

  const directory = temporaryDirectory();
  withDeployment(assembly, { issuer: 'other' }, directory);
  const runtime = await startRuntime({ assemblyDirectory: directory });
  onTestFinished(() => runtime.stop());

  expect(await runtime.invoke('Reader', {})).toEqual({ succeeded: true, payload: { issuer: 'other' } });
  expect(readFileSync(original, 'utf8')).toBe('{"issuer":"original"}');
});
