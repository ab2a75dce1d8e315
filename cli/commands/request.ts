import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { BundleTask, Task } from '../../lambdas/requests/requests.routes.ts';
import { collected } from '../collected.ts';
import { required } from '../command-failure.ts';
import { isoDuration } from '../durations.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';
import { facts, printable } from '../printable.ts';

interface RequestOptions {
  readonly target?: string;
  readonly permission?: readonly string[];
  readonly duration?: string;
  readonly justification?: string;
  readonly parent?: string;
  readonly wait?: boolean;
}

export function addRequest(program: Command, act: Act): void {
  const request = program
    .command('request')
    .description('ask for access to a target for a time')
    .option('--target <id>', 'what you need access to')
    .option('--permission <name>', 'what you need to do there; can come several times', collected)
    .option('--duration <duration>', 'for how long: 20m, 1h30m, PT20M')
    .option('--justification <text>', 'why: approvers and auditors read it')
    .option('--parent <grant>', 'a grant of yours of which this is a part')
    .option('--wait', 'wait until it is approved or denied')
    .action(act<RequestOptions>(ask));
  request
    .command('show')
    .argument('<request>')
    .description('how it goes with one')
    .action(
      act<object>(async (invocation, [id = '']) =>
        report(invocation, await read<Task | BundleTask>(invocation, id)),
      ),
    );
}

async function ask(invocation: Invocation, _: unknown, options: RequestOptions): Promise<Outcome> {
  const { parent, wait } = options;
  const { task } = await invocation.api().post<{ task: Task }>('/v1/access-requests', {
    body: {
      target: required('--target <id>', options.target),
      permissions: required('--permission <name>', options.permission),
      duration: isoDuration(required('--duration <duration>', options.duration)),
      justification: required('--justification <text>', options.justification),
      ...(parent === undefined ? {} : { parent }),
    },
    // The same key with the same body gives the same task, so the try after a lost answer asks for nothing twice.
    headers: { 'idempotency-key': randomUUID() },
    repeatable: true,
  });
  if (!wait) return report(invocation, task);
  return report(
    invocation,
    await invocation.waitFor({
      look: () => read(invocation, task.id),
      isOver: ({ status }) => status !== 'pending',
      describe,
      later: `Look again: npx sallyport request show ${task.id}`,
    }),
  );
}

async function read<Shown extends Task | BundleTask = Task>(
  invocation: Invocation,
  id: string,
): Promise<Shown> {
  const path = `/access/v1/requests/${encodeURIComponent(id)}`;
  return (await invocation.api().get<{ task: Shown }>(path)).task;
}

function report(invocation: Invocation, task: Task | BundleTask): Outcome {
  invocation.output.result({ task }, 'items' in task ? bundleLines(task) : taskLines(task));
  if (task.status === 'failed') return 'failed';
  return ['denied', 'expired', 'cancelled'].includes(task.status) ? 'refused' : 'done';
}

/** Where a request is, and whom or what it waits for. */
function describe({ id, state, approval, step_up: stepUp }: Task): string {
  if (stepUp !== undefined)
    return `${id}: prove ${stepUp.acr_value} in session ${stepUp.session} by ${stepUp.expires_at}`;
  if (approval?.status === 'pending')
    return `${id}: waits for approval ${approval.id} until ${approval.expires_at}`;
  return `${id}: ${state}`;
}

/** Several that were asked for together: each says how it went, and its request says more. */
export function bundleLines({ id, status, items }: BundleTask): string[] {
  return [
    `${id} ${status}`,
    ...items.map(({ resource, action, request, ...item }) =>
      printable(
        [item.status, action.name, resource.type, resource.id, request, item.reason]
          .filter(Boolean)
          .join('  '),
      ),
    ),
  ];
}

export function taskLines(task: Task): string[] {
  const { grant } = task;
  const outcomes = (wanted: string) =>
    task.permissions
      .filter(({ outcome }) => outcome === wanted)
      .map(({ permission, policies }) =>
        wanted === 'denied' && policies.length > 0 ? `${permission} (${policies})` : permission,
      )
      .join(', ') || undefined;
  return [
    `${task.id} ${task.status}`,
    ...facts({
      target: task.target,
      'asked for': `${task.requested.permissions.join(', ')} for ${task.requested.duration}`,
      permitted: outcomes('permitted'),
      'needs more': outcomes('obliged'),
      denied: outcomes('denied'),
      because: task.reason ?? (task.failure && `${task.failure.state}: ${task.failure.error}`),
      grant:
        grant &&
        [grant.id, grant.status, grant.permissions.join(', '), grant.expires_at].filter(Boolean).join('  '),
    }),
    ...(task.status === 'pending' ? [describe(task)] : []),
    ...(grant?.status === 'active' ? [`Next: npx sallyport claim ${grant.id}`] : []),
  ];
}
