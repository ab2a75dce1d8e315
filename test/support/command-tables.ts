import type { Command } from 'commander';
import { exitCodes } from '../../cli/exit-codes.ts';

/** The rows of the tables of docs/cli.md, as the program has them. */
export function commandRows(program: Command): string[] {
  return leaves(program).map(
    ({ typed, command }) =>
      `| \`${typed}\` | ${command.description()} | ${command.options.map(({ flags }) => `\`${flags}\``).join(', ')} |`,
  );
}

export function optionRows(program: Command): string[] {
  return program.options.map(({ flags, description }) => `| \`${flags}\` | ${description} |`);
}

export function exitCodeRows(): string[] {
  return Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
}

/** Each command that does something, as it is typed. */
function leaves(command: Command, before = ''): { typed: string; command: Command }[] {
  const operands = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  );
  const typed = [before, command.name(), ...operands].filter(Boolean).join(' ');
  const own = before === '' ? [] : [{ typed, command }];
  const path = [before, command.name()].filter(Boolean).join(' ');
  return [...own, ...command.commands.flatMap((each) => leaves(each, path))];
}
