import type { Command } from 'commander';
import type { ApprovalDocument } from '../../lambdas/approval/approvals.routes.ts';
import { collected } from '../collected.ts';
import { usageError } from '../command-failure.ts';
import { isoDuration } from '../durations.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';
import { facts, printable } from '../printable.ts';

interface BallotOptions {
  readonly deny?: boolean;
  readonly comment?: string;
  readonly permission?: readonly string[];
  readonly duration?: string;
}

interface ApprovalPage {
  readonly approvals: readonly ApprovalDocument[];
  readonly cursor?: string;
}

export function addApprove(program: Command, act: Act): void {
  const approve = program
    .command('approve')
    .argument('[approval]', 'the one to decide; without it, all that wait for you are listed')
    .description('see what waits for you, and approve, narrow or deny it')
    .option('--deny', 'deny it')
    .option('--comment <text>', 'why: the requester and auditors read it')
    .option(
      '--permission <name>',
      'approve only these of what is asked for; can come several times',
      collected,
    )
    .option('--duration <duration>', 'approve no longer than this')
    .action(
      act<BallotOptions>((invocation, [id], options) =>
        id === undefined ? list(invocation, options) : decide(invocation, id, options),
      ),
    );
  approve
    .command('show')
    .argument('<approval>')
    .description('exactly what one would grant, to whom, for how long and why')
    .action(act<object>((invocation, [id = '']) => show(invocation, id)));
}

async function list(invocation: Invocation, options: BallotOptions): Promise<Outcome> {
  if (Object.keys(options).length > 0) throw usageError('Name the approval that you decide.');
  const approvals: ApprovalDocument[] = [];
  for await (const page of invocation.api().pages<ApprovalPage>('/v1/approvals?status=pending&limit=100'))
    approvals.push(...page.approvals);
  invocation.output.result(
    { approvals },
    approvals.length === 0
      ? ['Nothing waits for you.']
      : approvals.flatMap((approval, index) => [...(index === 0 ? [] : ['']), ...approvalLines(approval)]),
  );
  return 'done';
}

async function show(invocation: Invocation, id: string): Promise<Outcome> {
  const answer = await invocation.api().get<{ approval: ApprovalDocument }>(pathOf(id));
  invocation.output.result(answer, approvalLines(answer.approval));
  return 'done';
}

async function decide(
  invocation: Invocation,
  id: string,
  { deny, comment, permission, duration }: BallotOptions,
): Promise<Outcome> {
  if (deny && (permission !== undefined || duration !== undefined))
    throw usageError('What is denied is not narrowed: --deny goes without --permission and --duration.');
  const answer = await invocation.api().post<{ approval: ApprovalDocument }>(`${pathOf(id)}/decision`, {
    body: {
      decision: deny ? 'deny' : 'approve',
      ...(comment === undefined ? {} : { comment }),
      ...(permission === undefined ? {} : { permissions: permission }),
      ...(duration === undefined ? {} : { duration: isoDuration(duration) }),
    },
  });
  invocation.output.result(answer, approvalLines(answer.approval));
  return 'done';
}

function pathOf(id: string): string {
  return `/v1/approvals/${encodeURIComponent(id)}`;
}

/** What at a target it is for, with what was said of it by who guards it. */
function thingOf(resource: ApprovalDocument['resource']): string | undefined {
  if (resource === undefined) return undefined;
  const { type, id, properties } = resource;
  return [type, id, properties && JSON.stringify(properties)].filter(Boolean).join(' ');
}

export function approvalLines(approval: ApprovalDocument): string[] {
  const through = approval.actors.map(({ id }) => `, through ${id}`).join('');
  return [
    `${approval.id} ${approval.status}`,
    ...facts({
      for: `${approval.principal.id}${through}`,
      target: approval.target,
      thing: thingOf(approval.resource),
      circumstances: approval.circumstances && JSON.stringify(approval.circumstances),
      emergency: approval.emergency && 'its requester says so',
      permissions: approval.permissions.join(', '),
      duration: approval.duration,
      why: approval.justification,
      needs: approval.requirements
        .map(({ quorum, approvers, approver_acr: acr }) => `${quorum} of ${approvers}${acr && ` at ${acr}`}`)
        .join('; '),
      until: approval.expires_at,
    }),
    ...approval.votes.map(({ approver, decision, comment }) =>
      printable(`${approver}: ${decision}${comment && `, “${comment}”`}`),
    ),
  ];
}
