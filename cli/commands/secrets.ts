import type { Command } from 'commander';
import type { RotationDocument, SecretDocument } from '../../lambdas/rotation/secrets.routes.ts';
import { collected } from '../collected.ts';
import { required } from '../command-failure.ts';
import { isoDuration } from '../durations.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';
import { columns, facts } from '../printable.ts';

interface SecretPage {
  readonly secrets: readonly SecretDocument[];
  readonly cursor?: string;
}

interface RegisterOptions {
  readonly owner?: string;
  readonly consumer?: readonly string[];
  readonly every?: string;
  readonly wait: boolean;
}

interface Registered {
  readonly secret: SecretDocument;
  /** The one that makes its first value. */
  readonly rotation: RotationDocument;
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
    .option('--consumer <name>', 'who uses it; can come several times', collected)
    .option('--every <duration>', 'how often it is rotated: 30d')
    .option('--no-wait', 'do not wait for its first value')
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
  const secrets: SecretDocument[] = [];
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
            kind,
            status,
            owner,
            next,
          ]),
        ]),
  );
  return 'done';
}

async function show(invocation: Invocation, [id = '']: readonly (string | undefined)[]): Promise<Outcome> {
  const secret = await readSecret(invocation, id);
  invocation.output.result({ secret }, secretLines(secret));
  return 'done';
}

async function readSecret(invocation: Invocation, id: string): Promise<SecretDocument> {
  const path = `/v1/secrets/${encodeURIComponent(id)}`;
  return (await invocation.api().get<{ secret: SecretDocument }>(path)).secret;
}

async function register(
  invocation: Invocation,
  [connection = '']: readonly (string | undefined)[],
  { owner, consumer, every, wait }: RegisterOptions,
): Promise<Outcome> {
  const { secret, rotation } = await invocation.api().post<Registered>('/v1/secrets', {
    body: {
      connection,
      owner: required('--owner <user>', owner),
      consumers: consumer ?? [],
      rotate_every: isoDuration(required('--every <duration>', every)),
    },
  });
  if (!wait) return reportRegistered(invocation, { secret, rotation });
  const first = await rotated(invocation, rotation);
  return reportRegistered(invocation, { secret: await readSecret(invocation, secret.id), rotation: first });
}

async function rotate(
  invocation: Invocation,
  [id = '']: readonly (string | undefined)[],
  { wait }: { readonly wait: boolean },
): Promise<Outcome> {
  const { rotation } = await invocation
    .api()
    // While one runs, asking again is answered with that one.
    .post<{ rotation: RotationDocument }>(`/v1/secrets/${encodeURIComponent(id)}/rotations`, {
      repeatable: true,
    });
  return reportRotation(invocation, wait ? await rotated(invocation, rotation) : rotation);
}

function rotated(invocation: Invocation, { id }: RotationDocument): Promise<RotationDocument> {
  return invocation.waitFor({
    look: () => readRotation(invocation, id),
    isOver: ({ status }) => status in over,
    describe: ({ status }) => `${id} ${status}`,
    later: `Look again: npx sallyport secrets rotation ${id}`,
  });
}

async function readRotation(invocation: Invocation, id: string): Promise<RotationDocument> {
  const path = `/v1/rotations/${encodeURIComponent(id)}`;
  return (await invocation.api().get<{ rotation: RotationDocument }>(path)).rotation;
}

function reportRegistered(invocation: Invocation, { secret, rotation }: Registered): Outcome {
  invocation.output.result({ secret, rotation }, [...secretLines(secret), ...rotationLines(rotation)]);
  return over[rotation.status] ?? 'done';
}

function secretLines(secret: SecretDocument): string[] {
  const members = Object.entries(secret).map(([name, value]) => [name.replaceAll('_', ' '), fact(value)]);
  return facts(Object.fromEntries(members));
}

function reportRotation(invocation: Invocation, rotation: RotationDocument): Outcome {
  invocation.output.result({ rotation }, rotationLines(rotation));
  return over[rotation.status] ?? 'done';
}

export function rotationLines({ id, status, failure, ...rotation }: RotationDocument): string[] {
  return [
    `${id} ${status}`,
    ...facts({
      secret: rotation.secret,
      started: rotation.started_at,
      ended: rotation.ended_at,
      'failed at': failure && `${failure.state}: ${failure.error}`,
      because: failure?.why,
    }),
    ...(status === 'failed' ? ['What was current before still is, and the new value is gone.'] : []),
    ...(status === 'unresolved'
      ? ['The value before may still work: its system did not confirm its end.']
      : []),
  ];
}

function fact(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (Array.isArray(value)) return value.map(fact).join(', ') || undefined;
  return typeof value === 'object' ? fact(Object.values(value)) : String(value);
}
