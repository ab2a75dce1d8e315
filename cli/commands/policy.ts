import { statSync } from 'node:fs';
import type { Command } from 'commander';
import type { PolicySources } from '../../lambdas/decision/compiled-policies.ts';
import type { PolicySetDocument } from '../../lambdas/decision/policy-sets.routes.ts';
import type { DecisionDocument } from '../../lambdas/decision/recorded-request.ts';
import { CommandFailure, required } from '../command-failure.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';
import type { ChangedDecision } from '../policies-here.ts';
import { columns, facts, printable } from '../printable.ts';

const USUAL_FOLDER = 'policies';
const SETS = '/v1/policy-sets';

interface OnePolicySet {
  readonly policy_set: PolicySetDocument;
  readonly active: string;
}

interface PolicySetPage {
  readonly policy_sets: readonly PolicySetDocument[];
  readonly active: string;
  readonly cursor?: string;
}

interface DiffOptions {
  readonly policies: string;
  readonly against: string;
}

/** Cedar is loaded for those commands alone that need it. */
const here = () => {
  // Its warnings go to the log of a function; there is none here.
  process.env['POWERTOOLS_LOG_LEVEL'] ??= 'SILENT';
  return import('../policies-here.ts');
};

export function addPolicy(program: Command, act: Act): void {
  const policy = program.command('policy').description('write policies, test them, and put them in force');
  policy
    .command('test')
    .argument('[folder]', 'where the policies are', USUAL_FOLDER)
    .description('check the policies of a folder, and run their tests')
    .action(act<object>(test));
  policy
    .command('diff')
    .argument('<records>', 'recorded requests: JSON lines, or the cases of a policy test')
    .option('--policies <set>', 'a folder, or the id of a set', USUAL_FOLDER)
    .option(
      '--against <set>',
      'what they are compared with: active, deployed, a folder, or the id of a set',
      'active',
    )
    .description('which recorded requests would be decided otherwise')
    .action(act<DiffOptions>(diff));
  policy.command('list').description('all sets that were proposed, newest first').action(act<object>(list));
  policy
    .command('show')
    .argument('<set>')
    .description('one set: what it changes, and who is behind it')
    .action(act<object>(show));
  policy
    .command('fetch')
    .argument('<set>', 'its id, active or deployed')
    .argument('<folder>', 'a new one')
    .description('write the files of a set into a new folder, to read what it would put in force')
    .action(act<object>(fetchFiles));
  policy
    .command('propose')
    .argument('[folder]', 'where the policies are', USUAL_FOLDER)
    .option('--justification <text>', 'why: whoever activates it and auditors read it')
    .description('propose the policies of a folder; somebody else puts them in force')
    .action(act<{ justification?: string }>(propose));
  policy
    .command('activate')
    .argument('<set>')
    .description('put a set in force that somebody else has proposed')
    .action(act<object>(activate));
  policy
    .command('rollback')
    .option('--reason <text>', 'why: auditors read it')
    .option('--set <id>', 'the set to leave; the one in force, unless said')
    .description('put the set in force again that the present one has replaced')
    .action(act<{ reason?: string; set?: string }>(rollBack));
}

async function test(
  invocation: Invocation,
  [folder = '']: readonly (string | undefined)[],
): Promise<Outcome> {
  const { readPolicies, testPolicies } = await here();
  const { cases, problems } = testPolicies(readPolicies(folder));
  invocation.output.result({ cases, problems }, [
    ...problems.map(printable),
    problems.length === 0
      ? `${cases} cases hold.`
      : `${problems.length} of ${cases} cases or files do not hold.`,
  ]);
  return problems.length === 0 ? 'done' : 'failed';
}

async function diff(
  invocation: Invocation,
  [records = '']: readonly (string | undefined)[],
  { policies, against }: DiffOptions,
): Promise<Outcome> {
  const { readRecordings, engineOf, changedDecisions } = await here();
  const { requests, skipped } = readRecordings(records);
  const [before, after] = await Promise.all([filesOf(invocation, against), filesOf(invocation, policies)]);
  const changes = changedDecisions(requests, engineOf(before), engineOf(after));
  invocation.output.result({ requests: requests.length, skipped, changes }, [
    ...changes.flatMap(changeLines),
    `${changes.length} of ${requests.length} recorded requests would be decided otherwise.`,
    ...(skipped === 0 ? [] : [`${skipped} entries say no request that can be asked again.`]),
  ]);
  return changes.length === 0 ? 'done' : 'decidesOtherwise';
}

/** The files of a folder, if there is one of this name; else of a set that Sallyport knows. */
async function filesOf(invocation: Invocation, named: string): Promise<PolicySources> {
  if (statSync(named, { throwIfNoEntry: false })?.isDirectory()) return (await here()).readPolicies(named);
  return (await readFiles(invocation, named)).files;
}

function readFiles(
  invocation: Invocation,
  set: string,
): Promise<{ policy_set: string; files: PolicySources }> {
  return invocation.api().get(`${pathOf(set)}/files`);
}

async function list(invocation: Invocation): Promise<Outcome> {
  const sets: PolicySetDocument[] = [];
  let active = '';
  for await (const page of invocation.api().pages<PolicySetPage>(`${SETS}?limit=100`)) {
    sets.push(...page.policy_sets);
    active = page.active;
  }
  invocation.output.result({ policy_sets: sets, active }, [
    `In force: ${active}`,
    ...(sets.length === 0
      ? []
      : columns([
          ['SET', 'STATUS', 'PROPOSED BY', 'AT', 'WHY'],
          ...sets.map(({ id, status, proposed_by: by, proposed_at: at, justification }) => [
            id,
            status,
            by.id,
            at,
            justification,
          ]),
        ])),
  ]);
  return 'done';
}

async function show(invocation: Invocation, [id = '']: readonly (string | undefined)[]): Promise<Outcome> {
  return report(invocation, await invocation.api().get<OnePolicySet>(pathOf(id)));
}

async function fetchFiles(
  invocation: Invocation,
  [id = '', folder = '']: readonly (string | undefined)[],
): Promise<Outcome> {
  const { policy_set: set, files } = await readFiles(invocation, id);
  (await here()).writePolicies(folder, files);
  invocation.output.result({ policy_set: set, folder, files: Object.keys(files) }, [
    `${Object.keys(files).length} files of ${set} are in ${folder}.`,
  ]);
  return 'done';
}

async function propose(
  invocation: Invocation,
  [folder = '']: readonly (string | undefined)[],
  { justification }: { readonly justification?: string },
): Promise<Outcome> {
  const body = {
    justification: required('--justification <text>', justification),
    files: (await here()).readPolicies(folder),
  };
  return report(invocation, await invocation.api().post<OnePolicySet>(SETS, { body }));
}

async function activate(
  invocation: Invocation,
  [id = '']: readonly (string | undefined)[],
): Promise<Outcome> {
  const path = `${pathOf(id)}/activation`;
  return report(invocation, await invocation.api().post<OnePolicySet>(path, { repeatable: true }));
}

async function rollBack(
  invocation: Invocation,
  _: readonly (string | undefined)[],
  { reason, set }: { readonly reason?: string; readonly set?: string },
): Promise<Outcome> {
  const api = invocation.api();
  const why = required('--reason <text>', reason);
  const left = set ?? (await api.get<PolicySetPage>(`${SETS}?limit=1`)).active;
  if (left === 'deployed')
    throw new CommandFailure('refused', 'The deployed policies are in force: there is no set before them.');
  // Whoever says which one they leave leaves that one once.
  const body = { policy_set: left, reason: why };
  return report(invocation, await api.post<OnePolicySet>(`${SETS}/rollback`, { body, repeatable: true }));
}

function pathOf(set: string): string {
  return `${SETS}/${encodeURIComponent(set)}`;
}

function report(invocation: Invocation, answer: OnePolicySet): Outcome {
  const { policy_set: set, active } = answer;
  const { policies, files } = set.changes;
  invocation.output.result(answer, [
    `${set.id} ${set.status}`,
    ...facts({
      'in force': active,
      'proposed by': [set.proposed_by, ...set.actors].map(({ id }) => id).join(', through '),
      at: set.proposed_at,
      why: set.justification,
      policies: `${set.policies}, with ${set.tests} cases that hold`,
      'instead of': set.based_on,
      adds: named(policies.added),
      changes: named(policies.changed),
      removes: named(policies.removed),
      'adds files': named(files.added),
      'changes files': named(files.changed),
      'removes files': named(files.removed),
      'activated by': set.activated_by,
      'rolled back by': set.rolled_back_by,
    }),
  ]);
  return 'done';
}

function named({ count, first }: PolicySetDocument['changes']['files']['added']): string | undefined {
  const more = count > first.length ? ` and ${count - first.length} more` : '';
  return count === 0 ? undefined : `${first.join(', ')}${more}`;
}

function changeLines({ name, before, after }: ChangedDecision): string[] {
  return [printable(name), `  ${decisionLine(before)}`, `  → ${decisionLine(after)}`];
}

function decisionLine({ decision, policies, obligations }: DecisionDocument): string {
  const by = policies.length === 0 ? 'by no policy' : `by ${policies.join(', ')}`;
  const wants = Object.keys(obligations).length === 0 ? '' : `, wants ${JSON.stringify(obligations)}`;
  return printable(`${decision} ${by}${wants}`);
}
