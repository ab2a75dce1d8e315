import type { Command } from 'commander';
import type { Explanation, PolicyDocument } from '../../lambdas/decision/explanation.routes.ts';
import { collected } from '../collected.ts';
import { usageError } from '../command-failure.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';
import { facts } from '../printable.ts';

interface Asked {
  readonly subject: string;
  readonly action: string;
  readonly resource: string;
  readonly session?: string;
  readonly channel?: string;
  readonly property?: readonly string[];
}

export function addExplain(program: Command, act: Act): void {
  program
    .command('explain')
    .description('why somebody may do something, or may not: the policies, the evidence, and what is missing')
    .requiredOption('--subject <type/id>', 'who, as user/<id> or agent/<id>')
    .requiredOption('--action <name>', 'what')
    .requiredOption('--resource <type/id>', 'on what, as target/<id>')
    .option('--session <id>', 'the session that they are in; without it, nothing is proven of others')
    .option('--channel <channel>', 'where in that session')
    .option('--property <name=value>', 'what is known of the resource; may be repeated', collected)
    .action(act<Asked>(explain));
}

async function explain(invocation: Invocation, _: readonly unknown[], asked: Asked): Promise<Outcome> {
  const place = {
    ...(asked.session === undefined ? {} : { session: asked.session }),
    ...(asked.channel === undefined ? {} : { channel: asked.channel }),
  };
  const properties = Object.fromEntries((asked.property ?? []).map(named));
  const explanation = await invocation.api().post<Explanation>('/v1/explain', {
    repeatable: true,
    body: {
      subject: { ...entity('--subject', asked.subject), properties: place },
      action: { name: asked.action },
      resource: { ...entity('--resource', asked.resource), properties },
    },
  });
  invocation.output.result(explanation, linesOf(asked, explanation));
  return 'done';
}

function entity(option: string, text: string): { type: string; id: string } {
  const [type = '', ...id] = text.split('/');
  if (type === '' || id.join('/') === '')
    throw usageError(`${option} is a type and an id: user/alice, target/orders-db.`);
  return { type, id: id.join('/') };
}

function named(text: string): [name: string, value: string] {
  const [name = '', ...value] = text.split('=');
  if (name === '' || value.length === 0)
    throw usageError('--property is a name and a value: ownerID=rick@the-citadel.com.');
  return [name, value.join('=')];
}

function linesOf({ subject, action, resource }: Asked, explanation: Explanation): string[] {
  const { assurance, evidence, obligations } = explanation;
  return [
    `${subject} ${explanation.decision ? 'may' : 'may not'} ${action} on ${resource} (${explanation.outcome})`,
    ...facts({
      reason: explanation.reason,
      'determined by': listed(explanation.policies.map(placed)),
      channel: explanation.channel,
      assurance: assurance && (assurance.acr ?? (assurance.attested ? 'attested' : 'nothing proven')),
      evidence: listed(
        evidence.map(({ method, channel, observed_at }) => `${method} in ${channel}, ${observed_at}`),
      ),
      'would take': listed(
        (obligations ?? []).map(({ type, properties }) => `${type} ${JSON.stringify(properties)}`),
      ),
    }),
    ...explanation.parties.flatMap(({ party, permitted, nearest_permits }) =>
      permitted
        ? []
        : [
            `What ${party.type}/${party.id} lacks:`,
            ...(nearest_permits.length === 0 ? ['  no permit is about this action'] : []),
            ...nearest_permits.flatMap((near) => [
              `  ${placed(near)}`,
              ...near.unmet.map((part) => `    ${part}`),
            ]),
          ],
    ),
  ];
}

function placed({ id, effect, file, line }: PolicyDocument): string {
  return `${effect} ${id} (policies/${file}:${line})`;
}

function listed(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : items.join('; ');
}
