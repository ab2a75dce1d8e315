import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { managedSecretType } from '../rotation/managed-secret.ts';
import { type Rotation, rotationType } from '../rotation/rotation.ts';
import type { RotationOrder } from '../rotation/start-rotation.step.ts';
import type { ExposedSecret } from './revocation.ts';
import type { SecretRotations } from './secret-rotations.port.ts';

/** How many secrets one fingerprint is looked up for: a value that several have is a value that nobody drew. */
const MOST_OF_A_FINGERPRINT = 10;

/** Which managed secrets a containment starts from. */
export function exposedSecrets(
  ledger: Pick<Ledger, 'read' | 'list'>,
): Pick<SecretRotations, 'isManaged' | 'exposedBy'> {
  return {
    isManaged: async (secretId) => (await ledger.read(managedSecretType, secretId)) !== undefined,

    async exposedBy(fingerprint) {
      const list = { kind: 'FINGERPRINT', name: fingerprint } as const;
      const { items } = await ledger.list(managedSecretType, list, { limit: MOST_OF_A_FINGERPRINT });
      return items.map(({ id }) => id);
    },
  };
}

interface Dependencies {
  readonly ledger: Pick<Ledger, 'read'>;
  readonly start: (order: RotationOrder) => Promise<Rotation | undefined>;
}

/** Rotates them by the one workflow that rotates secrets, again and again where it does not come to its end. */
export function exposedSecretRotations({ ledger, start }: Dependencies): Pick<SecretRotations, 'rotate'> {
  return {
    async rotate(secret, { revocation, sinceEpochSeconds, txn }) {
      const known = await lastRotation(secret);
      if (
        known?.status === 'succeeded' &&
        known.endsPrevious &&
        known.startedAtEpochSeconds >= sinceEpochSeconds
      )
        return { ...secret, rotation: known.id, status: 'rotated' };
      const rotation = await start({
        secretId: secret.id,
        reason: 'revocation',
        revocation,
        txn,
        by: { service: 'rotate-exposed-secrets' },
      });
      if (rotation === undefined) throw new BrokenInvariant('A secret was exposed that is not managed');
      return { ...secret, rotation: rotation.id, status: 'rotating' };
    },
  };

  /** The one that was started for it, or whichever came after: a check-out that ends has its secret rotated, too. */
  async function lastRotation({ id, rotation }: ExposedSecret): Promise<Rotation | undefined> {
    const last = (await ledger.read(managedSecretType, id))?.entity.lastRotation ?? rotation;
    return last === undefined ? undefined : (await ledger.read(rotationType, last))?.entity;
  }
}
