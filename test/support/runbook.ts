import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { PROGRAM, type Ran } from './command-line.ts';

/** Commands of a runbook as they are typed, and what it says that they print. */
export interface RunbookBlock {
  readonly section: string;
  readonly script: string;
  /** Lines that come in this order; `…` is anything. None where the runbook shows no output. */
  readonly output: readonly string[];
}

/** What stands for what in angle brackets; asked for anew for each block. */
export type Placeholders = Readonly<Record<string, () => string | Promise<string>>>;

const FENCED = /^```(?<language>\w*)\n(?<content>[\s\S]*?)^```$/gm;

/** The blocks of a runbook in their order. What is in a `text` block is printed by the `sh` block before it. */
export function readRunbook(file: string): RunbookBlock[] {
  const runbook = readFileSync(file, 'utf8');
  const blocks: RunbookBlock[] = [];
  for (const { index, groups } of runbook.matchAll(FENCED)) {
    const content = groups?.['content'] ?? '';
    const before = blocks.at(-1);
    if (groups?.['language'] === 'sh') {
      const section = [...runbook.slice(0, index).matchAll(/^## (.*)$/gm)].at(-1)?.[1] ?? '';
      blocks.push({ section, script: content, output: [] });
    } else if (groups?.['language'] === 'text' && before !== undefined) {
      blocks[blocks.length - 1] = { ...before, output: content.trimEnd().split('\n') };
    } else throw new Error(`${file}: a block is neither commands (sh) nor their output (text)`);
  }
  return blocks;
}

/** @throws where something in angle brackets is not known */
export async function fillIn(content: string, placeholders: Placeholders): Promise<string> {
  const names = new Set([...content.matchAll(/<([a-z][a-z-]*)>/g)].map(([, name = '']) => name));
  let filled = content;
  for (const name of names) {
    const value = placeholders[name];
    if (value === undefined) throw new Error(`Nothing is said to stand for <${name}>`);
    filled = filled.replaceAll(`<${name}>`, await value());
  }
  return filled;
}

/** Runs commands as a responder's shell does, where the first one that fails ends them. `npx` starts our program. */
export async function runScript(script: string, environment: Readonly<Record<string, string>>): Promise<Ran> {
  const npx = 'npx() { [ "$1" = sallyport ] && shift && "$NODE" "$PROGRAM" "$@"; }';
  const child = spawn('bash', ['-euo', 'pipefail', '-c', `${npx}\n${script}`], {
    env: { PATH: process.env['PATH'], NODE: process.execPath, PROGRAM, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number>((resolve) => child.once('exit', (exitCode) => resolve(exitCode ?? -1))),
  ]);
  return { code, stdout, stderr };
}

/** Which of the lines was not printed behind those before it; undefined where all were. */
export function missingLine(printed: string, expected: readonly string[]): string | undefined {
  const lines = printed.split('\n');
  for (const line of expected) {
    const at = lines.findIndex((candidate) => patternOf(line).test(candidate));
    if (at === -1) return line;
    lines.splice(0, at + 1);
  }
  return undefined;
}

/** As wide as columns happen to be. */
function patternOf(line: string): RegExp {
  const pattern = line
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\s*…\s*/g, '.*')
    .replace(/\s+/g, '\\s+');
  return new RegExp(`^${pattern}$`);
}
