import type { Command } from 'commander';
import { required } from '../command-failure.ts';
import { isoDuration } from '../durations.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';
import { columns, facts } from '../printable.ts';

/** A managed secret as the API shows it: never its value. */
interface ManagedSecret {
  readonly id: string;
  readonly kind?: string;
  readonly status?: string;
  readonly owner?: string;
  readonly next_rotation_at?: string;
}

interface SecretPage {
  readonly secrets: readonly ManagedSecret[];
  readonly cursor?: string;
}

interface Rotation {
  readonly id: string;
  readonly secret?: string;
  readonly status: string;
  readonly failure?: { readonly state?: string; readonly error?: string; readonly why?: string };
  readonly started_at?: string;
  readonly ended_at?: string;
}

interface RegisterOptions {
  readonly owner?: string;
  readonly consumer?: readonly string[];
  readonly every?: string;
}

const over: Readonly<Record<string, Outcome>> = {
  succeeded: 'done',
  failed: 'failed',
  unresolved: 'unresolved',
};

export function addSecrets(program: Command, act: Act): void {
  const secrets = program
    .command('secrets')
    .description('see the managed secrets, register and rotate them; their values are never shown')
    .action(act<object>(list));
  secrets.command('show').argument('<secret>').description('one managed secret').action(act<object>(show));
  secrets
    .command('register')
    .argument('<connection>')
    .description('let Sallyport keep and rotate the secret of a connection of the deployment document')
    .option('--owner <user>', 'the person who answers for it')
    .option('--consumer <name...>', 'who uses it')
    .option('--every <duration>', 'how often it is rotated: 30d')
    .action(act<RegisterOptions>(register));
  secrets
    .command('rotate')
    .argument('<secret>')
    .description('replace its value now, and wait until the new one is tried')
    .option('--no-wait', 'do not wait')
    .action(act<{ wait: boolean }>(rotate));
  secrets
    .command('rotation')
    .argument('<rotation>')
    .description('how far a rotation is, and why it failed if it did')
    .action(
      act<object>(async (invocation, [id = '']) =>
        reportRotation(invocation, await readRotation(invocation, id)),
      ),
    );
}

async function list(invocation: Invocation): Promise<Outcome> {
  const secrets: ManagedSecret[] = [];
  for await (const page of invocation.api().pages<SecretPage>('/v1/secrets?limit=100'))
    secrets.push(...page.secrets);
  invocation.output.result(
    { secrets },
    secrets.length === 0
      ? ['No managed secret that you may see.']
      : columns([
          ['SECRET', 'KIND', 'STATUS', 'OWNER', 'NEXT ROTATION'],
          ...secrets.map(({ id, kind, status, owner, next_rotation_at: next }) => [
            id,
            kind ?? '',
            status ?? '',
            owner ?? '',
            next ?? '',
          ]),
        ]),
  );
  return 'done';
}

async function show(invocation: Invocation, [id = '']: readonly (string | undefined)[]): Promise<Outcome> {
  return reportSecret(
    invocation,
    await invocation.api().get<{ secret: ManagedSecret }>(`/v1/secrets/${encodeURIComponent(id)}`),
  );
}

async function register(
  invocation: Invocation,
  [connection = '']: readonly (string | undefined)[],
  { owner, consumer, every }: RegisterOptions,
): Promise<Outcome> {
  const answer = await invocation.api().post<{ secret: ManagedSecret }>('/v1/secrets', {
    body: {
      connection,
      owner: required('--owner <user>', owner),
      consumers: consumer ?? [],
      rotate_every: isoDuration(required('--every <duration>', every)),
    },
  });
  return reportSecret(invocation, answer);
}

async function rotate(
  invocation: Invocation,
  [id = '']: readonly (string | undefined)[],
  { wait }: { readonly wait: boolean },
): Promise<Outcome> {
  const { rotation } = await invocation
    .api()
    // While one runs, asking again is answered with that one.
    .post<{ rotation: Rotation }>(`/v1/secrets/${encodeURIComponent(id)}/rotations`, { repeatable: true });
  if (!wait) return reportRotation(invocation, rotation);
  return reportRotation(
    invocation,
    await invocation.waitFor({
      look: () => readRotation(invocation, rotation.id),
      isOver: ({ status }) => status in over,
      describe: ({ status }) => `${rotation.id} ${status}: the value before goes on working`,
      later: `Look again: npx sallyport secrets rotation ${rotation.id}`,
    }),
  );
}

async function readRotation(invocation: Invocation, id: string): Promise<Rotation> {
  const path = `/v1/rotations/${encodeURIComponent(id)}`;
  return (await invocation.api().get<{ rotation: Rotation }>(path)).rotation;
}

function reportSecret(invocation: Invocation, answer: { readonly secret: ManagedSecret }): Outcome {
  invocation.output.result(answer, [
    answer.secret.id,
    ...facts(
      Object.fromEntries(Object.entries(answer.secret).map(([name, value]) => [words(name), fact(value)])),
    ),
  ]);
  return 'done';
}

function reportRotation(invocation: Invocation, rotation: Rotation): Outcome {
  invocation.output.result({ rotation }, rotationLines(rotation));
  return over[rotation.status] ?? 'done';
}

export function rotationLines({ id, status, failure, ...rotation }: Rotation): string[] {
  return [
    `${id} ${status}`,
    ...facts({
      secret: rotation.secret,
      started: rotation.started_at,
      ended: rotation.ended_at,
      'failed at': failure && [failure.state, failure.error].filter(Boolean).join(': '),
      because: failure?.why,
    }),
    ...(status === 'failed' ? ['The value before goes on working, and the new one is gone.'] : []),
    ...(status === 'unresolved'
      ? ['The value before may still work: its system did not confirm its end.']
      : []),
  ];
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function fact(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (Array.isArray(value)) return value.map(fact).join(', ') || undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
