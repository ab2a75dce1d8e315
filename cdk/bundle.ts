import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { kebabCase } from '../workflows/manifest.ts';

const root = dirname(import.meta.dirname);

/** A function to bundle, and what lies beside its `index.js`: file name → content. */
export interface BundledFunction {
  readonly name: string;
  /** The module that exports its `handler`; see `handlerFile`. */
  readonly entry: string;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** Cedar reads this file from the directory of the module that was loaded, which is the bundle's. */
export const cedarWasm = {
  name: 'cedar_wasm_bg.wasm',
  path: join(
    dirname(fileURLToPath(import.meta.resolve('@cedar-policy/cedar-wasm/nodejs'))),
    'cedar_wasm_bg.wasm',
  ),
} as const;

/** The file that exports a function's `handler`, from the root of the repository. */
export function handlerFile(capability: string, name: string): string {
  return join('lambdas', capability, `${kebabCase(name)}.handler.ts`);
}

/**
 * Bundles every function into `<directory>/<name>/index.js` in one esbuild run, which parses a module once
 * however many functions import it. The same sources give the same bytes.
 */
export async function bundleFunctions(
  functions: readonly BundledFunction[],
  directory: string,
): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: functions.map(({ name, entry }) => ({ in: entry, out: join(name, 'index') })),
    outdir: directory,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // The ECMAScript form of a package, where it has one, loses what nobody imports.
    mainFields: ['module', 'main'],
    minify: true,
    // A failure's class name is what a workflow's `ErrorEquals` sees.
    keepNames: true,
    legalComments: 'none',
    sourcemap: false,
    // So that a module finds the files beside it when it is bundled and when Node runs it as it is.
    define: { 'import.meta.dirname': '__dirname' },
    // The SDK loads it only for SigV4a, which no service that is called here uses.
    external: ['@aws-sdk/signature-v4-crt'],
    logLevel: 'error',
  });
  await Promise.all(
    functions.map(async ({ name, files }) => {
      await mkdir(join(directory, name), { recursive: true });
      await Promise.all(
        Object.entries(files).map(([file, content]) => writeFile(join(directory, name, file), content)),
      );
    }),
  );
}
