import type { Command } from 'commander';
import type { ItemDocument, RevocationDocument } from '../../lambdas/revocation/revocations.routes.ts';
import { required, usageError } from '../command-failure.ts';
import { spokenDuration } from '../durations.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';
import { columns, facts } from '../printable.ts';
import { readSecret } from '../secret-input.ts';

/** From what a containment starts: exactly one of these is known. */
const scopes = {
  principal: { value: '<id>', description: 'a person, service account, workload or agent' },
  session: { value: '<id>', description: 'one session' },
  grant: { value: '<id>', description: 'one grant, with its parts' },
  secret: { value: '<id>', description: 'a managed secret' },
  target: { value: '<id>', description: 'everything granted on one target' },
  owner: { value: '<id>', description: 'a person, with every machine that they answer for' },
  credential: {
    value: '<source>',
    description: 'the leaked credential itself, from a file, - for standard input, or env:NAME',
  },
} as const;
type ScopeKind = keyof typeof scopes;
const scopeKinds = Object.keys(scopes) as ScopeKind[];

interface ContainOptions extends Partial<Record<ScopeKind, string>> {
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly wait: boolean;
}

interface RevocationPage {
  readonly revocations: readonly RevocationDocument[];
  readonly cursor?: string;
}

/** Where a look may end. Sallyport goes on by itself with what is unresolved. */
const over: Readonly<Record<string, Outcome>> = {
  contained: 'done',
  previewed: 'done',
  unresolved: 'unresolved',
};
/** An item that nothing is left to do about. */
const settled: readonly string[] = ['dead', 'ended', 'rotated'];
/** How many items people are shown; `--json` has all. Those that are not settled come first. */
const MOST_ITEMS_SHOWN = 50;

export function addContain(program: Command, act: Act): void {
  const contain = program
    .command('contain')
    .description('revoke everything under one scope, and wait until it is proven dead');
  for (const kind of scopeKinds) contain.option(`--${kind} ${scopes[kind].value}`, scopes[kind].description);
  contain
    .option('--reason <text>', 'what happened: it is recorded')
    .option('--dry-run', 'show the blast radius, and change nothing')
    .option('--no-wait', 'do not wait')
    .action(act<ContainOptions>(start));
  contain
    .command('status')
    .argument('<revocation>')
    .description('how far one is, each item with its receipt')
    .option('--until-contained', 'wait until everything is confirmed, also what is unresolved now')
    .action(act<{ untilContained?: boolean }>(status));
  contain.command('list').description('all of them, newest first').action(act<object>(list));
  contain
    .command('lift')
    .argument('<revocation>')
    .description('lift the freeze that one has left, when its cause is gone')
    .action(act<object>(lift));
}

async function start(invocation: Invocation, _: unknown, options: ContainOptions): Promise<Outcome> {
  const [kind, ...others] = scopeKinds.filter((each) => options[each] !== undefined);
  if (kind === undefined || others.length > 0)
    throw usageError(`Name exactly one scope: ${scopeKinds.map((each) => `--${each}`).join(', ')}.`);
  const reason = required('--reason <text>', options.reason);
  const api = invocation.api();
  const known = options[kind] ?? '';
  const value =
    kind === 'credential' ? await readSecret('--credential', known, invocation.surroundings) : known;
  const { revocation } = await api.post<{ revocation: RevocationDocument }>('/v1/revocations', {
    body: { scope: { [kind]: value }, reason, ...(options.dryRun ? { dry_run: true } : {}) },
    // The same scope again joins the revocation that runs.
    repeatable: true,
  });
  if (!options.wait) {
    report(invocation, revocation);
    return 'done';
  }
  return follow(invocation, revocation.id, ({ status: reached }) => reached in over);
}

async function status(
  invocation: Invocation,
  [id = '']: readonly (string | undefined)[],
  { untilContained }: { readonly untilContained?: boolean },
): Promise<Outcome> {
  if (untilContained)
    return follow(invocation, id, ({ status: reached }) => reached in over && reached !== 'unresolved');
  return report(invocation, await whole(invocation, id));
}

async function follow(
  invocation: Invocation,
  id: string,
  isOver: (revocation: RevocationDocument) => boolean,
): Promise<Outcome> {
  await invocation.waitFor({
    look: () => read(invocation, id),
    isOver,
    describe,
    later: `Look again: npx sallyport contain status ${id}`,
  });
  return report(invocation, await whole(invocation, id));
}

async function list(invocation: Invocation): Promise<Outcome> {
  const revocations: RevocationDocument[] = [];
  for await (const page of invocation.api().pages<RevocationPage>('/v1/revocations?limit=100'))
    revocations.push(...page.revocations);
  invocation.output.result(
    { revocations },
    revocations.length === 0
      ? ['Nothing has been contained.']
      : columns([
          ['REVOCATION', 'STATUS', 'SCOPE', 'STARTED', 'FREEZE', 'REASON'],
          ...revocations.map((one) => [
            one.id,
            one.status,
            scopeWords(one),
            one.started_at,
            one.freeze,
            one.reason,
          ]),
        ]),
  );
  return 'done';
}

async function lift(invocation: Invocation, [id = '']: readonly (string | undefined)[]): Promise<Outcome> {
  const answer = await invocation.api().delete<{ revocation: RevocationDocument }>(`${pathOf(id)}/freeze`);
  invocation.output.result(answer, [
    `${id}: the freeze is lifted. Who or what was frozen can be granted access again; what was revoked stays dead.`,
  ]);
  return 'done';
}

async function read(invocation: Invocation, id: string): Promise<RevocationDocument> {
  return (await invocation.api().get<{ revocation: RevocationDocument }>(pathOf(id))).revocation;
}

/** With all of its items, which come page by page. */
async function whole(invocation: Invocation, id: string): Promise<RevocationDocument> {
  const items: ItemDocument[] = [];
  let page = await read(invocation, id);
  const { cursor: _, ...revocation } = page;
  for (;;) {
    items.push(...(page.items ?? []));
    if (page.cursor === undefined) return { ...revocation, items };
    page = (
      await invocation
        .api()
        .get<{ revocation: RevocationDocument }>(`${pathOf(id)}?cursor=${encodeURIComponent(page.cursor)}`)
    ).revocation;
  }
}

function pathOf(id: string): string {
  return `/v1/revocations/${encodeURIComponent(id)}`;
}

function report(invocation: Invocation, revocation: RevocationDocument): Outcome {
  invocation.output.result({ revocation }, revocationLines(revocation));
  return over[revocation.status] ?? 'notOver';
}

function scopeWords({ scope }: RevocationDocument): string {
  return Object.entries(scope).flat().join(' ');
}

/** Numbers that are there: `3 grants, 1 session`. */
function amounts(counts: Readonly<Record<string, number>>): string | undefined {
  return (
    Object.entries(counts)
      .filter(([, many]) => many > 0)
      .map(([what, many]) => `${many} ${many === 1 ? what.replace(/s$/, '') : what}`)
      .join(', ') || undefined
  );
}

/** How far it is, in a line. */
function describe({ id, status: reached, counts, unresolved }: RevocationDocument): string {
  const left = amounts(unresolved);
  return [`${id} ${reached}`, amounts(counts), left && `not confirmed: ${left}`].filter(Boolean).join('; ');
}

export function revocationLines(revocation: RevocationDocument): string[] {
  const { id, status: reached, items = [], time_to_contain_ms: milliseconds } = revocation;
  const isSettled = ({ status: its }: ItemDocument) => settled.includes(its);
  const shown = [...items.filter((item) => !isSettled(item)), ...items.filter(isSettled)].slice(
    0,
    MOST_ITEMS_SHOWN,
  );
  return [
    `${id} ${reached}${milliseconds === undefined ? '' : ` in ${spokenDuration(milliseconds)}`}`,
    ...facts({
      scope: scopeWords(revocation),
      reason: revocation.reason,
      concerns: amounts(revocation.counts) ?? 'nothing',
      'not confirmed': reached === 'previewed' ? undefined : amounts(revocation.unresolved),
      freeze: revocation.freeze,
    }),
    ...(shown.length === 0
      ? []
      : ['', ...columns([['KIND', 'ID', 'STATUS', 'WHOSE', 'AT', 'RECEIPT'], ...shown.map(itemCells)])]),
    ...(shown.length < items.length ? [`… and ${items.length - shown.length} more: --json has all.`] : []),
    ...(reached in next ? ['', ...(next[reached]?.(id) ?? [])] : []),
  ];
}

/** What a responder does now. */
const next: Readonly<Record<string, (id: string) => readonly string[]>> = {
  previewed: () => ['Nothing was changed. Without --dry-run this is what would be revoked.'],
  unresolved: (id) => [
    'What is not dead, ended or rotated was not confirmed: hold it for usable. Sallyport goes on trying. To wait for it:',
    `npx sallyport contain status ${id} --until-contained`,
  ],
};

function itemCells({ kind, id, status: its, principal, target, rotation, receipt }: ItemDocument): string[] {
  return [
    kind,
    id,
    its,
    principal?.id ?? '',
    target ?? '',
    receipt === undefined ? (rotation ?? '') : `${receipt.answer}: ${receipt.how}, ${receipt.at}`,
  ];
}
