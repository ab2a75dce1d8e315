import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RoleUsage } from '../../local/iam/role.ts';
import { reportOf } from './role-report.ts';

const root = dirname(dirname(import.meta.dirname));

/** Runs the end-to-end suite; throws if it fails. */
async function exercise(usageDirectory: string): Promise<void> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const run = spawn(process.execPath, [vitest, 'run', 'test/e2e', '--reporter=verbose'], {
    cwd: root,
    env: { ...process.env, SALLYPORT_ROLE_USAGE: usageDirectory },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exitCode = await new Promise((resolve) => run.once('close', resolve));
  if (exitCode !== 0) throw new Error('The end-to-end suite failed: what it used of the roles says nothing');
}

const usageDirectory = mkdtempSync(join(tmpdir(), 'sallyport-role-usage-'));
try {
  await exercise(usageDirectory);
  const usages = readdirSync(usageDirectory).flatMap(
    (file) => JSON.parse(readFileSync(join(usageDirectory, file), 'utf8')) as RoleUsage[],
  );
  // Some tests deploy a template of their own.
  const ofSallyport = usages.filter(({ constructPath }) => constructPath.startsWith('Sallyport'));
  const { lines, isClean } = reportOf(ofSallyport);
  console.log(lines.join('\n'));
  if (!isClean) process.exitCode = 1;
} finally {
  rmSync(usageDirectory, { recursive: true });
}
