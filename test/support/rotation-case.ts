import type { AdministratorSecrets } from '../../lambdas/minting/administrator-secrets.port.ts';
import type { Material } from '../../lambdas/minting/connector.port.ts';
import type { Clock } from '../../lambdas/platform/clock.port.ts';
import { RotationOver, StateConflict } from '../../lambdas/platform/failures.ts';
import type { Ledger } from '../../lambdas/platform/ledger.port.ts';
import type { Connection, ConnectionOf } from '../../lambdas/rotation/connection.ts';
import { createPending } from '../../lambdas/rotation/create-pending.step.ts';
import { finishRotation } from '../../lambdas/rotation/finish-rotation.step.ts';
import { type ManagedSecret, managedSecretType } from '../../lambdas/rotation/managed-secret.ts';
import { recordRotationFailure } from '../../lambdas/rotation/record-rotation-failure.step.ts';
import { retirePrevious } from '../../lambdas/rotation/retire-previous.step.ts';
import { rollBackRotation } from '../../lambdas/rotation/roll-back-rotation.step.ts';
import { type Rotation, rotationType } from '../../lambdas/rotation/rotation.ts';
import type { RotationDependencies } from '../../lambdas/rotation/rotation-case.ts';
import type { Rotators } from '../../lambdas/rotation/rotator.port.ts';
import { apiKeyRotator } from '../../lambdas/rotation/rotators/api-key/rotator.https.ts';
import { oauthClientRotator } from '../../lambdas/rotation/rotators/oauth-client/rotator.https.ts';
import { postgresUserRotator } from '../../lambdas/rotation/rotators/postgres-user/rotator.postgres.ts';
import { signingKeyRotator } from '../../lambdas/rotation/rotators/signing-key/rotator.jose.ts';
import type { SecretVersions } from '../../lambdas/rotation/secret-versions.port.ts';
import { setPending } from '../../lambdas/rotation/set-pending.step.ts';
import { testPending } from '../../lambdas/rotation/test-pending.step.ts';
import { HOUR, NOW } from './access-case.ts';
import type { InMemoryLedger } from './in-memory-ledger.ts';

/** The values of secrets in memory, labelled as Secrets Manager labels them. */
export interface InMemoryVersions extends SecretVersions {
  /** Puts a value as if it had always been the current one. */
  seed(secretId: string, token: string, value: Material): void;
  /** Which version bears which label. */
  labelled(secretId: string): { readonly current?: string; readonly pending?: string };
}

interface Kept {
  readonly values: Map<string, Material>;
  readonly labels: { current?: string; pending?: string };
}

export function inMemoryVersions(): InMemoryVersions {
  const secrets = new Map<string, Kept>();
  const at = (id: string) => {
    const empty: Kept = { values: new Map(), labels: {} };
    const found = secrets.get(id) ?? empty;
    secrets.set(id, found);
    return found;
  };
  return {
    seed(id, token, value) {
      at(id).values.set(token, value);
      at(id).labels.current = token;
    },
    labelled: (id) => ({ ...at(id).labels }),
    async open(id) {
      at(id);
    },
    labels: async (id) => ({ ...at(id).labels }),
    read: async (id, token) => at(id).values.get(token),
    async keepPending(id, token, value) {
      if (at(id).values.has(token)) return;
      at(id).values.set(token, value);
      at(id).labels.pending = token;
    },
    async promote(id, token, current) {
      if (at(id).labels.current !== current) throw new StateConflict('Another version is the current one');
      at(id).labels.current = token;
    },
    async dropPending(id, token) {
      if (at(id).labels.pending === token) delete at(id).labels.pending;
    },
  };
}

export const ROTATION_ID = 'rotation-00000000000000000000000000000001';
export const CURRENT = 'rotation-00000000000000000000000000000000';

/** Every rotator, with these administrators' secrets. */
export function rotatorsWith(administrators: Readonly<Record<string, Material>>): Rotators {
  const secrets: AdministratorSecrets = { read: async (id) => administrators[id] ?? {} };
  return {
    'postgres-user': postgresUserRotator(secrets),
    'api-key': apiKeyRotator(secrets),
    'oauth-client': oauthClientRotator(secrets),
    'signing-key': signingKeyRotator(),
  };
}

/** A vendor's API key, as the connection of a deployment document. */
export function apiKeyConnection(vendorUrl: string): ConnectionOf<'api-key'> {
  return {
    id: 'vendor-key',
    name: 'The key of a vendor',
    kind: 'api-key',
    keysUrl: `${vendorUrl}/keys`,
    testUrl: `${vendorUrl}/parcels`,
    administrator: 'vendor',
  };
}

export function managedSecret(connection: Connection, over: Partial<ManagedSecret> = {}): ManagedSecret {
  return {
    id: connection.id,
    txn: 'txn-1',
    kind: connection.kind,
    owner: 'omar',
    consumers: ['shop'],
    rotateEverySeconds: 24 * HOUR,
    retiring: [],
    earlier: [],
    publishedKeys: [],
    rotation: { id: ROTATION_ID, sinceEpochSeconds: NOW },
    nextRotationAtEpochSeconds: NOW,
    createdAtEpochSeconds: NOW - HOUR,
    ...over,
  };
}

export function rotationOf(secretId: string, over: Partial<Rotation> = {}): Rotation {
  return {
    id: ROTATION_ID,
    txn: 'txn-2',
    secret: secretId,
    reason: 'schedule',
    endsPrevious: false,
    status: 'running',
    startedAtEpochSeconds: NOW,
    ...over,
  };
}

/** Has a secret with a rotation of it running in a ledger. */
export function seedRotation(ledger: InMemoryLedger, secret: ManagedSecret, rotation: Rotation): void {
  ledger.seed(managedSecretType, secret);
  ledger.seed(rotationType, rotation);
}

/** What the steps of a rotation share in a test. */
export interface RotationWorld {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly versions: SecretVersions;
  readonly rotators: Rotators;
  readonly connections: readonly Connection[];
}

/** Every step, as the workflow calls it. */
export function rotationSteps({ connections, ...world }: RotationWorld) {
  const dependencies: RotationDependencies = { ...world, deployment: { connections: [...connections] } };
  return {
    create: createPending(dependencies),
    set: setPending(dependencies),
    test: testPending(dependencies),
    finish: finishRotation(dependencies),
    retire: retirePrevious(dependencies),
    rollBack: rollBackRotation(dependencies),
    recordFailure: recordRotationFailure(dependencies),
  };
}

/** What the workflow does, without its pauses: one state after the other, and the way back where one fails. */
export async function runRotation(world: RotationWorld, rotationId = ROTATION_ID): Promise<void> {
  const steps = rotationSteps(world);
  const input = { rotationId };
  try {
    await steps.create(input);
    await steps.set(input);
    const tested = await steps.test(input);
    if (tested.outcome === 'refused') {
      const failure = { state: 'TestPending', error: 'TestFailed', why: tested.why };
      await steps.rollBack(input);
      await steps.recordFailure({ ...input, failure });
      return;
    }
    await steps.finish(input);
  } catch (error) {
    if (error instanceof RotationOver) return;
    throw error;
  }
  await steps.retire(input);
}
