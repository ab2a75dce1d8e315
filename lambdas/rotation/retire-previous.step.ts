import { caseEvent } from '../platform/case-event.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import { timestamp } from '../platform/duration.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant, RevocationUnconfirmed } from '../platform/failures.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { chainOfSecret, doomedBy, managedSecretType, retired, type Version } from './managed-secret.ts';
import { rotationType } from './rotation.ts';
import {
  loadRotation,
  type RotationCase,
  type RotationDependencies,
  type RotationInput,
} from './rotation-case.ts';

/**
 * Ends the values that are not to work any more, and tries each: those from before the previous one always, and the
 * previous one where it was exposed. That ends the rotation.
 * @throws RevocationUnconfirmed where the system did not confirm that one is dead; the new value is the current one
 */
export function retirePrevious(dependencies: RotationDependencies) {
  const { versions, ledger, clock } = dependencies;

  return ({ rotationId }: RotationInput): Promise<{ outcome: 'succeeded' }> =>
    // A revocation may come to ask for more while this is at work.
    rereadOnConflict(async () => {
      const found = await loadRotation(dependencies, rotationId);
      const { rotation, secret } = found;
      if (rotation.entity.status !== 'running') return { outcome: 'succeeded' };
      if (secret.entity.current?.token !== rotationId)
        throw new BrokenInvariant('A rotation retires what it has not replaced');
      const doomed = doomedBy(secret.entity, rotation.entity.endsPrevious, epochSeconds(clock));
      const receipts = await Promise.all(doomed.map((version) => end(found, version)));
      await ledger.commit({
        chain: chainOfSecret(secret.entity.id),
        event: caseEvent(
          clock,
          rotation.entity.txn,
          'rotation.succeeded',
          { service: 'retire-previous' },
          {
            secret: secret.entity.id,
            rotation: rotationId,
            retired: receipts,
          },
        ),
        changes: [
          replacement(managedSecretType, secret, retired(secret.entity, doomed, epochSeconds(clock))),
          replacement(rotationType, rotation, {
            ...rotation.entity,
            status: 'succeeded',
            endedAtEpochSeconds: epochSeconds(clock),
          }),
        ],
      });
      return { outcome: 'succeeded' };
    });

  async function end({ rotation, secret, connection, rotator }: RotationCase, { token }: Version) {
    const value = await versions.read(secret.entity.id, token);
    const current = await versions.read(secret.entity.id, rotation.entity.id);
    if (current === undefined) throw new BrokenInvariant('The current version has no value');
    const at = timestamp(clock.nowEpochMilliseconds());
    if (value === undefined)
      return { version: token, answer: 'dead', how: 'its value is not kept any more', at };
    await rotator.end(connection, value, current, rotation.entity.endsPrevious);
    const published = secret.entity.publishedKeys.filter((key) => key.token !== token).map(({ jwk }) => jwk);
    const { answer, how } = await rotator.test(connection, value, published);
    if (answer !== 'refused')
      throw new RevocationUnconfirmed(`Version ${token} of ${secret.entity.id} is not confirmed dead`);
    return { version: token, answer: 'dead', how, at };
  }
}
