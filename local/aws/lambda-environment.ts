import { Console } from 'node:console';
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import type { FunctionCode } from './lambda-messages.ts';
import type { Json } from './service.ts';

/** A function's exported handler. Node 24 has no callback handlers any more. */
type Handler = (event: Json, context: object) => unknown;

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
 * What a function runs in. Its module is its own, and so are the `process`, with nothing of this machine's environment
 * in it, and the console.
 */
export class ExecutionEnvironment {
  /** True once it has ended as a process ends; it is not to be used any more. */
  hasEnded = false;
  readonly #code: FunctionCode;
  readonly #write: (text: string) => void;
  readonly #endInvocations = new Set<(reason: unknown) => void>();
  #handler: Handler | undefined;

  /** @param write takes what the function writes to its standard output and error. */
  constructor(code: FunctionCode, write: (text: string) => void) {
    this.#code = code;
    this.#write = write;
  }

  /** Initialises the module, the first time, and lets its handler answer. */
  async run(event: Json, context: object): Promise<unknown> {
    const { promise: end, reject } = Promise.withResolvers<never>();
    this.#endInvocations.add(reject);
    try {
      this.#handler ??= this.#load();
      return await Promise.race([this.#handler(event, context), end]);
    } finally {
      this.#endInvocations.delete(reject);
    }
  }

  /** Fails what is at work, as Lambda does when nobody in the function has caught an error. */
  crash(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
    this.#write(`${origin}: ${inspect(error)}\n`);
    this.#end(
      origin === 'unhandledRejection'
        ? Object.assign(new Error(String(error)), { name: 'Runtime.UnhandledPromiseRejection' })
        : error,
    );
  }

  #end(reason: unknown): void {
    this.hasEnded = true;
    for (const end of this.#endInvocations) end(reason);
  }

  /** Its bundle is CommonJS, as the template's `Handler`, `<file>.<export>`, names it. */
  #load(): Handler {
    const { directory, handler } = this.#code;
    const dot = handler.lastIndexOf('.');
    const filename = join(directory, `${handler.slice(0, dot)}.js`);
    const functionProcess = this.#isolatedProcess();
    const functionConsole = new Console(functionProcess.stdout, functionProcess.stderr);
    const requireFromMachine = createRequire(filename);
    const requireInFunction = (name: string): unknown => {
      const builtIn = name.replace(/^node:/, '');
      if (builtIn === 'process') return functionProcess;
      if (builtIn === 'console') return Object.assign(functionConsole, { Console });
      return requireFromMachine(name);
    };
    const module = { exports: {} as Record<string, unknown> };
    compile(readFileSync(filename, 'utf8'), filename)(
      module.exports,
      Object.assign(requireInFunction, requireFromMachine),
      module,
      filename,
      dirname(filename),
      functionProcess,
      functionConsole,
    );
    const exported = module.exports[handler.slice(dot + 1)];
    if (typeof exported === 'function') return exported as Handler;
    throw Object.assign(new Error(`${handler} is undefined or not exported`), {
      name: 'Runtime.HandlerNotFound',
    });
  }

  #isolatedProcess(): NodeJS.Process & { stdout: Writable; stderr: Writable } {
    const output = new Writable({
      decodeStrings: false,
      write: (chunk: string | Buffer, _encoding, done) => {
        this.#write(chunk.toString());
        done();
      },
    });
    return Object.create(process, {
      env: { value: { ...this.#code.environment }, writable: true },
      stdout: { value: output },
      stderr: { value: output },
      emitWarning: { value: (warning: string | Error) => this.#write(`${String(warning)}\n`) },
      exit: {
        value: (code?: number) => {
          const error = new Error(`Runtime exited with exit status ${code ?? 0}`);
          this.#end(Object.assign(error, { name: 'Runtime.ExitError' }));
          // Nothing that follows the call is to run.
          throw error;
        },
      },
    });
  }
}

/** By Node's own loader: what `node:vm` compiles cannot `import()`, which the AWS SDK does. */
function compile(code: string, filename: string): Run {
  const loader = new Module(filename) as Module & { _compile(code: string, filename: string): void };
  const parameters = 'exports, require, module, __filename, __dirname, process, console';
  loader._compile(`module.exports = function (${parameters}) {${code}\n}`, filename);
  return loader.exports as Run;
}
