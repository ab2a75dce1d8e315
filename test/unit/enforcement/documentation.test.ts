import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { demoDeployment } from '../../../demo/deployment.ts';
import { ToolCallBody } from '../../../lambdas/enforcement/enforcement.routes.ts';
import { DeploymentSchema } from '../../../lambdas/platform/deployment.ts';

/** The documents of a language that a page shows. */
function shown(page: string, language: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../../../docs', page), 'utf8');
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(
    ([, document = '']) => document,
  );
}

const taken = (enforcement: unknown) =>
  DeploymentSchema.safeParse({ ...demoDeployment({}), enforcement }).error?.issues ?? [];

it('the rules that the pages show are taken', () => {
  const [everywhere, anything] = shown('enforcement-points.md', 'json');
  expect(taken(JSON.parse(`{${everywhere}}`).enforcement)).toEqual([]);
  expect(taken({ http: [JSON.parse(anything ?? '')] })).toEqual([]);
  const [cluster] = shown('kubernetes.md', 'json');
  expect(taken(JSON.parse(`{${cluster}}`).enforcement)).toEqual([]);
  const tool = shown('mcp-gateways.md', 'json').at(-1);
  expect(taken({ mcp: [JSON.parse(tool ?? '')] })).toEqual([]);
});

it('the call that a page shows is one', () => {
  const [request = ''] = shown('mcp-gateways.md', 'http');
  const [, body = ''] = request.split('\n\n');
  expect(ToolCallBody.safeParse(JSON.parse(body)).error).toBeUndefined();
});
