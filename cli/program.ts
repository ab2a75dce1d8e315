import { Command, CommanderError, Option } from 'commander';
import { CommandFailure, usageError } from './command-failure.ts';
import { addApprove } from './commands/approve.ts';
import { addAudit } from './commands/audit.ts';
import { addClaim } from './commands/claim.ts';
import { addContain } from './commands/contain.ts';
import { addExplain } from './commands/explain.ts';
import { addGrants } from './commands/grants.ts';
import { addLogin } from './commands/login.ts';
import { addPolicy } from './commands/policy.ts';
import { addRequest } from './commands/request.ts';
import { addSecrets } from './commands/secrets.ts';
import type { Outcome } from './exit-codes.ts';
import { type Act, type GlobalOptions, Invocation, type Surroundings } from './invocation.ts';
import { Output } from './output.ts';

/** The program as it is typed: all its commands, each bound to what it does. */
export function createProgram(act: Act): Command {
  const program = new Command('sallyport')
    .description('Access that ends: ask for it, approve it, claim it, contain it.')
    .addOption(
      new Option(
        '--api <url>',
        'which Sallyport (SALLYPORT_API; else where you logged in; else the local one)',
      ),
    )
    .option('--json', 'print one JSON document on standard output, and nothing else there')
    .option('--quiet', 'show no progress and no notes')
    .option('--timeout <duration>', 'how long to wait at most: 90s, 20m, 1h (30m)')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError('Run it with --help to see what it takes.')
    .exitOverride();
  for (const add of [
    addLogin,
    addRequest,
    addApprove,
    addClaim,
    addGrants,
    addContain,
    addSecrets,
    addExplain,
    addPolicy,
    addAudit,
  ])
    add(program, act);
  return program;
}

/** Runs the program once, with what the user has typed behind its name. */
export async function run(typed: readonly string[], surroundings: Surroundings): Promise<Outcome> {
  let outcome: Outcome = 'done';
  const act: Act =
    (does) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      const invocation = new Invocation(surroundings, command.optsWithGlobals<GlobalOptions>());
      outcome = await does(invocation, given.slice(0, -2) as string[], given.at(-2) as never);
    };
  const program = createProgram(act);
  const complaints: string[] = [];
  quieten(program, surroundings, complaints);
  try {
    await program.parseAsync(typed, { from: 'user' });
    return outcome;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 'done';
    const failure = failureOf(error, complaints, surroundings);
    new Output(surroundings, { json: typed.includes('--json'), quiet: false }).failure(failure);
    return failure.outcome;
  }
}

/** What commander says of a mistake is said where all failures are. */
function quieten(command: Command, { stdout }: Surroundings, complaints: string[]): void {
  command.configureOutput({
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => complaints.push(text),
  });
  for (const each of command.commands) quieten(each, { stdout } as Surroundings, complaints);
}

function failureOf(error: unknown, complaints: readonly string[], { signal }: Surroundings): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof CommanderError) return usageError(complaints.join('').trim() || error.message);
  if (signal.aborted)
    return new CommandFailure('interrupted', 'Stopped. Look whether it was done before you do it again.');
  return new CommandFailure('failed', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
