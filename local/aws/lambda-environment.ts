import { Console } from 'node:console';
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import type { FunctionLog } from './function-log.ts';
import type { Json } from './service.ts';

/** A function's exported handler. Node 24 has no callback handlers any more. */
export type Handler = (event: Json, context: object) => unknown;

/** A function's code, compiled once; each execution environment runs it anew. */
export type Bundle = (environment: Readonly<Record<string, string>>, log: FunctionLog) => Handler;

/** What a bundle is compiled to: the parameters are what Node gives a CommonJS module, and two more. */
type Run = (
  exports: object,
  require: (name: string) => unknown,
  module: { exports: Record<string, unknown> },
  filename: string,
  dirname: string,
  process: NodeJS.Process,
  console: Console,
) => void;

/**
 * Compiles a function's bundle (CommonJS, as the template's `Handler`, `<file>.<export>`, names it). What it
 * runs with is its own: the `process`, with nothing of this machine's environment in it, and the console.
 */
export function compileBundle(directory: string, handler: string): Bundle {
  const dot = handler.lastIndexOf('.');
  const filename = join(directory, `${handler.slice(0, dot)}.js`);
  const exportName = handler.slice(dot + 1);
  const run = compile(readFileSync(filename, 'utf8'), filename);

  return (environment, log) => {
    const functionProcess = isolatedProcess(environment, log);
    const functionConsole = new Console(functionProcess.stdout, functionProcess.stderr);
    const requireFromMachine = createRequire(filename);
    const requireInFunction = (name: string): unknown => {
      const builtIn = name.replace(/^node:/, '');
      if (builtIn === 'process') return functionProcess;
      if (builtIn === 'console') return Object.assign(functionConsole, { Console });
      return requireFromMachine(name);
    };
    const module = { exports: {} as Record<string, unknown> };
    run(
      module.exports,
      Object.assign(requireInFunction, requireFromMachine),
      module,
      filename,
      dirname(filename),
      functionProcess,
      functionConsole,
    );
    const exported = module.exports[exportName];
    if (typeof exported === 'function') return exported as Handler;
    throw Object.assign(new Error(`${handler} is undefined or not exported`), {
      name: 'Runtime.HandlerNotFound',
    });
  };
}

/** By Node's own loader: what `node:vm` compiles cannot `import()`, which the AWS SDK does. */
function compile(code: string, filename: string): Run {
  const loader = new Module(filename) as Module & { _compile(code: string, filename: string): void };
  const parameters = 'exports, require, module, __filename, __dirname, process, console';
  loader._compile(`module.exports = function (${parameters}) {${code}\n}`, filename);
  return loader.exports as Run;
}

function isolatedProcess(
  environment: Readonly<Record<string, string>>,
  log: FunctionLog,
): NodeJS.Process & { stdout: Writable; stderr: Writable } {
  const output = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      log.write(chunk.toString());
      done();
    },
  });
  return Object.create(process, {
    env: { value: { ...environment }, writable: true },
    stdout: { value: output },
    stderr: { value: output },
    emitWarning: { value: (warning: string | Error) => log.write(`${String(warning)}\n`) },
    exit: {
      value: (code?: number) => {
        throw Object.assign(new Error(`Runtime exited with exit status ${code ?? 0}`), {
          name: 'Runtime.ExitError',
        });
      },
    },
  });
}
