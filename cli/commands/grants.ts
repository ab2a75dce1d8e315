import type { Command } from 'commander';
import type { GrantDocument } from '../../lambdas/minting/grants.routes.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';
import { columns, facts } from '../printable.ts';

interface GrantPage {
  readonly grants: readonly GrantDocument[];
  readonly cursor?: string;
}

export function addGrants(program: Command, act: Act): void {
  const grants = program
    .command('grants')
    .description('see what you are granted, and give it back')
    .action(act<object>(list));
  grants
    .command('show')
    .argument('<grant>')
    .description('one grant, with the receipt of its end')
    .action(act<object>(async (invocation, [id = '']) => report(invocation, await read(invocation, id))));
  grants
    .command('return')
    .argument('<grant>')
    .description('give one back early, and wait until its credential is dead')
    .option('--no-wait', 'do not wait')
    .action(act<{ wait: boolean }>(giveBack));
}

async function list(invocation: Invocation): Promise<Outcome> {
  const grants: GrantDocument[] = [];
  for await (const page of invocation.api().pages<GrantPage>('/v1/grants?limit=100'))
    grants.push(...page.grants);
  invocation.output.result(
    { grants },
    grants.length === 0
      ? ['You have no grants.']
      : columns([
          ['GRANT', 'STATUS', 'TARGET', 'PERMISSIONS', 'UNTIL', 'CREDENTIAL'],
          ...grants.map((grant) => [
            grant.id,
            grant.reason === undefined ? grant.status : `${grant.status} (${grant.reason})`,
            grant.target,
            grant.permissions.join(', '),
            grant.ended_at ?? grant.expires_at ?? '',
            grant.credential?.receipt?.answer ?? grant.credential?.status ?? '',
          ]),
        ]),
  );
  return 'done';
}

async function giveBack(
  invocation: Invocation,
  [id = '']: readonly (string | undefined)[],
  { wait }: { readonly wait: boolean },
): Promise<Outcome> {
  const { grant } = await invocation.api().delete<{ grant: GrantDocument }>(pathOf(id), { repeatable: true });
  if (!wait) return report(invocation, grant);
  return report(
    invocation,
    await invocation.waitFor({
      look: () => read(invocation, id),
      isOver: ({ status }) => status !== 'ending',
      describe: ({ status }) => `${id}: ${status}; the right has ended, its credential is being revoked`,
      later: `Look again: npx sallyport grants show ${id}`,
    }),
  );
}

async function read(invocation: Invocation, id: string): Promise<GrantDocument> {
  return (await invocation.api().get<{ grant: GrantDocument }>(pathOf(id))).grant;
}

function pathOf(id: string): string {
  return `/v1/grants/${encodeURIComponent(id)}`;
}

function report(invocation: Invocation, grant: GrantDocument): Outcome {
  invocation.output.result({ grant }, grantLines(grant));
  return grant.status === 'unresolved' ? 'unresolved' : 'done';
}

export function grantLines(grant: GrantDocument): string[] {
  const { credential } = grant;
  const receipt = credential?.receipt;
  return [
    `${grant.id} ${grant.status}${grant.reason === undefined ? '' : ` (${grant.reason})`}`,
    ...facts({
      for: [grant.principal, ...grant.actors].map(({ id }) => id).join(', through '),
      'part of': grant.parent,
      target: grant.target,
      permissions: grant.permissions.join(', '),
      approvers: grant.approvers?.join(', '),
      until: grant.expires_at,
      'ended at': grant.ended_at,
      'revoked by': grant.revocation,
      credential: credential?.status,
      receipt: receipt && `${receipt.answer}: ${receipt.how}, ${receipt.at}`,
      failure: grant.failure && `${grant.failure.state}: ${grant.failure.error}`,
    }),
    ...(grant.status === 'unresolved'
      ? ['Its credential could not be confirmed dead. Sallyport goes on trying.']
      : []),
  ];
}
