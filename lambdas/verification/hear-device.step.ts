import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { forbidden } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import type { SingleUse } from '../platform/single-use.port.ts';
import { type AuthenticatorOf, authenticatorType, withFailure } from './authenticator.ts';
import type { DeviceStatements, StatementType } from './device-statements.port.ts';

interface Dependencies {
  readonly statements: DeviceStatements;
  readonly singleUse: SingleUse;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Who has spoken, and what they said. */
export interface HeardDevice {
  readonly device: AuthenticatorOf<'push-device'>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Hears what a registered device says, once. A wrong signature counts against the authenticator that it names
 * (NIST SP 800-63B-4 §3.2.2). Nothing tells which authenticators there are: all refusals are alike.
 * @throws Problem 403
 */
export function hearDevice({ statements, singleUse, ledger, clock }: Dependencies) {
  return async (statement: string, type: StatementType): Promise<HeardDevice> => {
    const now = epochSeconds(clock);
    const stored = await ledger.read(authenticatorType, statements.namedIn(statement) ?? '');
    if (stored?.entity.kind !== 'push-device' || stored.entity.status !== 'active') throw refused();
    const device = stored.entity;
    const verified = await statements.verify(statement, type, device.publicKey, now);
    if (verified.outcome === 'forged') await countFailure(device.id);
    if (verified.outcome !== 'verified') throw refused();
    const { jti, expiresAtEpochSeconds, claims } = verified;
    const isFirst = await singleUse.spend('device-statement', `${device.id} ${jti}`, expiresAtEpochSeconds);
    if (!isFirst) throw refused();
    return { device, claims };
  };

  function countFailure(id: string): Promise<void> {
    return rereadOnConflict(async () => {
      const stored = await ledger.read(authenticatorType, id);
      if (stored === undefined || stored.entity.status !== 'active') return;
      // Outside any undertaking: what correlates these events is the authenticator, in the chain that last told of it.
      const refusedOnce = withFailure(stored.entity, epochSeconds(clock));
      await ledger.commit({
        chain: stored.toldBy.chain,
        event: caseEvent(
          clock,
          stored.entity.id,
          'authenticator.refused',
          { service: 'answer-push' },
          {
            authenticator: id,
            consecutiveFailures: refusedOnce.consecutiveFailures,
            status: refusedOnce.status,
          },
        ),
        changes: [replacement(authenticatorType, stored, refusedOnce)],
      });
    });
  }
}

export function refused() {
  return forbidden('statement-refused', 'This is no fresh statement of a registered device.');
}
