import type { Command } from 'commander';
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

/** A revocation as the API shows it. */
interface Revocation {
  readonly id: string;
  readonly scope?: Readonly<Record<string, string>>;
  readonly status: string;
  readonly reason?: string;
  readonly dry_run?: boolean;
  readonly counts?: Readonly<Record<string, number>>;
  readonly time_to_contain_ms?: number;
  readonly items?: readonly Item[];
  readonly cursor?: string;
}

interface Item {
  readonly kind: string;
  readonly id: string;
  readonly status: string;
  readonly receipt?: { readonly answer?: string; readonly how?: string; readonly at?: string };
}

/** Nothing more happens by itself in any of these but `unresolved`, which Sallyport goes on trying. */
const over: Readonly<Record<string, Outcome>> = {
  contained: 'done',
  previewed: 'done',
  unresolved: 'unresolved',
  refused: 'refused',
  failed: 'failed',
};
/** How many items people are shown that need nothing done about them; `--json` has all. */
const MOST_SETTLED_ITEMS_SHOWN = 20;

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
  const { revocation } = await api.post<{ revocation: Revocation }>('/v1/revocations', {
    body: { scope: { [kind]: value }, reason, ...(options.dryRun ? { dry_run: true } : {}) },
    // The same scope again joins the revocation that runs.
    repeatable: true,
  });
  if (!options.wait) return report(invocation, revocation);
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
  isOver: (revocation: Revocation) => boolean,
): Promise<Outcome> {
  await invocation.waitFor({
    look: () => read(invocation, id),
    isOver,
    describe: ({ status: reached, counts }) =>
      `${id} ${[reached, countsLine(counts)].filter(Boolean).join(': ')}`,
    later: `Look again: npx sallyport contain status ${id}`,
  });
  return report(invocation, await whole(invocation, id));
}

async function lift(invocation: Invocation, [id = '']: readonly (string | undefined)[]): Promise<Outcome> {
  await invocation.api().delete(`${pathOf(id)}/freeze`, { repeatable: true });
  invocation.output.result({ lifted: true, revocation: id }, [
    `The freeze of ${id} is lifted: its scope may ask for access again. What was revoked stays revoked.`,
  ]);
  return 'done';
}

async function read(invocation: Invocation, id: string): Promise<Revocation> {
  return (await invocation.api().get<{ revocation: Revocation }>(pathOf(id))).revocation;
}

/** With all of its items, which come page by page. */
async function whole(invocation: Invocation, id: string): Promise<Revocation> {
  const items: Item[] = [];
  let page = await read(invocation, id);
  const { cursor: _, ...revocation } = page;
  for (;;) {
    items.push(...(page.items ?? []));
    if (page.cursor === undefined) return { ...revocation, items };
    page = (
      await invocation
        .api()
        .get<{ revocation: Revocation }>(`${pathOf(id)}?cursor=${encodeURIComponent(page.cursor)}`)
    ).revocation;
  }
}

function pathOf(id: string): string {
  return `/v1/revocations/${encodeURIComponent(id)}`;
}

function report(invocation: Invocation, revocation: Revocation): Outcome {
  invocation.output.result({ revocation }, revocationLines(revocation));
  return over[revocation.status] ?? 'notOver';
}

function countsLine(counts: Revocation['counts']): string | undefined {
  if (counts === undefined) return undefined;
  return Object.entries(counts)
    .map(([what, many]) => `${many} ${what.replaceAll('_', ' ')}`)
    .join(', ');
}

export function revocationLines(revocation: Revocation): string[] {
  const { id, status: reached, scope = {}, items = [], time_to_contain_ms: milliseconds } = revocation;
  const isUnresolved = ({ receipt }: Item) => receipt === undefined;
  const unresolved = reached === 'unresolved' ? items.filter(isUnresolved) : [];
  const rest = items.filter((item) => !unresolved.includes(item));
  const shown = [...unresolved, ...rest.slice(0, MOST_SETTLED_ITEMS_SHOWN)];
  const [kind = '', value = ''] = Object.entries(scope)[0] ?? [];
  return [
    `${id} ${reached}${milliseconds === undefined ? '' : ` in ${spokenDuration(milliseconds)}`}`,
    ...facts({
      scope: `${kind} ${value}`.trim() || undefined,
      reason: revocation.reason,
      counts: countsLine(revocation.counts),
    }),
    ...(shown.length === 0
      ? []
      : [
          '',
          ...columns([
            ['KIND', 'ID', 'STATUS', 'RECEIPT'],
            ...shown.map((item) => [item.kind, item.id, item.status, receiptLine(item)]),
          ]),
        ]),
    ...(shown.length < items.length ? [`… and ${items.length - shown.length} more: --json has all.`] : []),
    ...(reached === 'previewed' ? ['Nothing was changed.'] : []),
    ...(reached === 'unresolved'
      ? [
          '',
          'What has no receipt could not be confirmed dead. Sallyport goes on trying; wait for it with',
          `npx sallyport contain status ${id} --until-contained`,
        ]
      : []),
  ];
}

function receiptLine({ receipt }: Item): string {
  if (receipt === undefined) return '';
  const { answer, how, at } = receipt;
  return `${[answer, how].filter(Boolean).join(': ')}${at === undefined ? '' : `, ${at}`}`;
}
