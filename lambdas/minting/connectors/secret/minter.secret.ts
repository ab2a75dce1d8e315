import { caseEvent } from '../../../platform/case-event.ts';
import type { TargetOf } from '../../../platform/deployment.ts';
import { replacement } from '../../../platform/entity.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { Ledger } from '../../../platform/ledger.port.ts';
import { conflict } from '../../../platform/problem.ts';
import { rereadOnConflict } from '../../../platform/reread-on-conflict.ts';
import { type ConnectionKind, secretParts } from '../../../rotation/connection.ts';
import { chainOfSecret, managedSecretType } from '../../../rotation/managed-secret.ts';
import type { SecretVersions } from '../../../rotation/secret-versions.port.ts';
import type { CredentialMinter } from '../../connector.port.ts';
import type { GrantIn } from '../../grant.ts';

/**
 * Checks out the current value of a managed secret, for one grant at a time: what ends a check-out ends the value, and no
 * grant shall end another one's. Who has it is recorded before the value is read.
 */
export function secretMinter(
  ledger: Pick<Ledger, 'read' | 'commit'>,
  versions: Pick<SecretVersions, 'read'>,
): CredentialMinter<TargetOf<'secret'>> {
  return {
    async mint(grant, target, { nowEpochSeconds }) {
      const { kind, token } = await rereadOnConflict(() => checkOut(grant, target, nowEpochSeconds));
      const material = await versions.read(target.secret, token);
      if (material === undefined)
        throw new DependencyUnavailable(`The current value of ${target.secret} could not be read`);
      const [first, ...others] = secretParts(kind, material);
      if (first === undefined)
        throw new DependencyUnavailable(`The current value of ${target.secret} does not have its shape`);
      return { material, recognisedBy: [first, ...others] };
    },

    lifetimeSeconds: (_, remainingSeconds) => remainingSeconds,
    keeps: true,
    delivers: 'secret',
  };

  async function checkOut(
    grant: GrantIn<'active'>,
    { secret: id }: TargetOf<'secret'>,
    nowEpochSeconds: number,
  ): Promise<{ kind: ConnectionKind; token: string }> {
    const stored = await ledger.read(managedSecretType, id);
    const secret = stored?.entity;
    if (stored === undefined || secret?.current === undefined)
      throw conflict(
        'secret-not-ready',
        'The secret has no value yet. Claim again when its first rotation is over.',
      );
    if (secret.rotation !== undefined)
      throw conflict('secret-rotating', 'The secret is being rotated. Claim again in a moment.');
    if (secret.checkOut !== undefined && secret.checkOut.grant !== grant.id)
      throw conflict(
        'checked-out',
        'Another grant has the secret checked out: one at a time has it. Claim again when that one has ended.',
      );
    const { token } = secret.current;
    if (secret.checkOut?.token !== token) {
      await ledger.commit({
        chain: chainOfSecret(id),
        event: caseEvent(
          { nowEpochMilliseconds: () => nowEpochSeconds * 1000 },
          grant.txn,
          'secret.checked-out',
          { service: 'claim-credential' },
          { secret: id, version: token, grant: grant.id },
        ),
        changes: [
          replacement(managedSecretType, stored, { ...secret, checkOut: { grant: grant.id, token } }),
        ],
      });
    }
    return { kind: secret.kind, token };
  }
}
