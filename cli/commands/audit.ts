import type { Command } from 'commander';
import { type ChainVerdict, verifyChain } from '../../lambdas/audit/chain.ts';
import type { AuditEvent } from '../../lambdas/audit/event.ts';
import { usageError } from '../command-failure.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';
import { columns, printable } from '../printable.ts';

interface AuditOptions {
  readonly txn?: string;
  readonly verify?: boolean;
}

interface AuditPage {
  readonly events: readonly AuditEvent[];
  readonly cursor?: string;
  readonly incomplete?: readonly string[];
}

type Chains = ReadonlyMap<string, readonly AuditEvent[]>;

export function addAudit(program: Command, act: Act): void {
  program
    .command('audit')
    .argument('[chain]', 'the id of a request, a session, a revocation or a secret')
    .description('read the audit events of a case, and check that none was changed or left out')
    .option('--txn <txn>', 'all cases of one undertaking')
    .option('--verify', 'check each chain with nothing but its events')
    .action(act<AuditOptions>(audit));
}

async function audit(
  invocation: Invocation,
  [chain]: readonly (string | undefined)[],
  { txn, verify }: AuditOptions,
): Promise<Outcome> {
  if ((chain === undefined) === (txn === undefined)) throw usageError('Name one chain, or give --txn.');
  const names = chain === undefined ? await chainsOf(invocation, txn ?? '') : [chain];
  const chains: Chains = new Map(
    await Promise.all(names.map(async (name) => [name, await eventsOf(invocation, name)] as const)),
  );
  const events = [...chains.values()].flat();
  const verdicts = verify
    ? [...chains].map(([name, itsEvents]) => ({ chain: name, ...verifyChain(name, itsEvents) }))
    : [];
  invocation.output.result({ events, ...(verify ? { verdicts } : {}) }, [
    ...eventLines(events),
    ...verdicts.map((verdict) => verdictLine(verdict)),
  ]);
  return verdicts.every(({ verified }) => verified) ? 'done' : 'notVerified';
}

/** A chain is read whole: an undertaking's answer may hold a part of it only. */
async function chainsOf(invocation: Invocation, txn: string): Promise<string[]> {
  const page = await invocation.api().get<AuditPage>(`/v1/audit?txn=${encodeURIComponent(txn)}`);
  return [...new Set([...page.events.map(({ chain }) => chain), ...(page.incomplete ?? [])])];
}

async function eventsOf(invocation: Invocation, chain: string): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for await (const page of invocation.api().pages<AuditPage>(`/v1/audit/${encodeURIComponent(chain)}`))
    events.push(...page.events);
  return events;
}

export function eventLines(events: readonly AuditEvent[]): string[] {
  return columns(
    events.map(({ chain, sequence, at, type, who, details }) => [
      chain,
      String(sequence),
      at,
      type,
      'service' in who ? who.service : [who.principal, ...who.actors].map(({ id }) => id).join(', through '),
      JSON.stringify(details),
    ]),
  );
}

function verdictLine(verdict: ChainVerdict & { readonly chain: string }): string {
  return printable(
    verdict.verified
      ? `${verdict.chain}: ${verdict.events} events, every one in its place.`
      : `${verdict.chain}: event ${verdict.sequence} does not fit: ${verdict.reason}`,
  );
}
