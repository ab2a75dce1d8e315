#!/usr/bin/env node
// Plain JavaScript, for whatever Node started it: the command line itself is TypeScript, and runs on a Node that
// strips types, this one or the one that the npm package `node` has brought (docs/adr/0009).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const main = new URL('../cli/main.ts', import.meta.url);
// Three quarters of the start are compiling, which is kept; beside the code, because it is run as that.
const compiled = fileURLToPath(new URL('../.cache/sallyport', import.meta.url));

if (process.features.typescript) {
  module.enableCompileCache(compiled);
  await import(main.href);
} else {
  const node = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (existsSync(node)) runOn(node);
  else {
    process.stderr.write('Run npm ci first: it brings the Node that this runs on.\n');
    process.exitCode = 1;
  }
}

/** What the terminal sends goes to both; what is sent to this process alone is handed on. */
function runOn(node) {
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
