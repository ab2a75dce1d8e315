import type { Material } from '../minting/connector.port.ts';
import type { Clock } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import type { Stored } from '../platform/entity.ts';
import { BrokenInvariant, RevocationUnconfirmed, RotationOver } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Connection, findConnection } from './connection.ts';
import { type ManagedSecret, managedSecretType, type Version } from './managed-secret.ts';
import { type Rotation, rotationType } from './rotation.ts';
import { type Rotator, type Rotators, rotatorFor, type Standing } from './rotator.port.ts';
import type { SecretVersions } from './secret-versions.port.ts';

/** What every step of a rotation needs. */
export interface RotationDependencies {
  readonly deployment: Pick<Deployment, 'connections'>;
  readonly rotators: Rotators;
  readonly versions: SecretVersions;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** What every step of a rotation is given. */
export interface RotationInput {
  readonly rotationId: string;
}

/** A rotation, its secret, and who speaks to its system. */
export interface RotationCase {
  readonly rotation: Stored<Rotation>;
  readonly secret: Stored<ManagedSecret>;
  readonly connection: Connection;
  readonly rotator: Rotator;
}

/** @throws BrokenInvariant where there is no such rotation, secret or connection */
export async function loadRotation(
  { deployment, rotators, ledger }: Pick<RotationDependencies, 'deployment' | 'rotators' | 'ledger'>,
  rotationId: string,
): Promise<RotationCase> {
  const rotation = await ledger.read(rotationType, rotationId);
  if (rotation === undefined)
    throw new BrokenInvariant('A workflow runs for a rotation that is not recorded');
  const secret = await ledger.read(managedSecretType, rotation.entity.secret);
  const connection = findConnection(deployment, rotation.entity.secret);
  if (secret === undefined || connection === undefined)
    throw new BrokenInvariant('A rotation is of a secret that the deployment does not have');
  return { rotation, secret, connection, rotator: rotatorFor(rotators, connection) };
}

/** @throws RotationOver where it is, so that what another has done since is not undone */
export function requireRunning({ rotation }: Pick<RotationCase, 'rotation'>): void {
  if (rotation.entity.status !== 'running') throw new RotationOver(`${rotation.entity.id} is over`);
}

/** What stands beside the value that a rotation makes. */
export async function standingOf(
  versions: Pick<SecretVersions, 'read'>,
  secret: ManagedSecret,
  token: string,
): Promise<Standing> {
  return {
    token,
    current: await keptValue(versions, secret, secret.current),
    previous: await keptValue(versions, secret, secret.previous),
  };
}

async function keptValue(
  versions: Pick<SecretVersions, 'read'>,
  secret: ManagedSecret,
  version: Version | undefined,
): Promise<Material | undefined> {
  return version && versions.read(secret.id, version.token);
}

/**
 * Takes back a value that never became current, tries it, and takes its label away. Done again, it does nothing more.
 * @throws RevocationUnconfirmed where the system did not confirm that it is dead
 */
export async function takeBack(
  versions: SecretVersions,
  {
    secret: { entity: secret },
    connection,
    rotator,
  }: Pick<RotationCase, 'secret' | 'connection' | 'rotator'>,
  token: string,
): Promise<void> {
  const value = await versions.read(secret.id, token);
  await rotator.withdraw(connection, value, await standingOf(versions, secret, token));
  if (value !== undefined) {
    const published = secret.publishedKeys.filter((key) => key.token !== token).map(({ jwk }) => jwk);
    const { answer } = await rotator.test(connection, value, published);
    if (answer !== 'refused')
      throw new RevocationUnconfirmed(`The pending value of ${secret.id} is not confirmed dead`);
  }
  await versions.dropPending(secret.id, token);
}
