import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { notFound } from '../platform/problem.ts';
import { managedSecretType } from './managed-secret.ts';

interface Dependencies {
  readonly ledger: Pick<Ledger, 'read'>;
  readonly clock: Clock;
}

/** The public keys of a managed signing key: the one that signs, the next one, and those of before that still count. */
export function publishSecretKeys({ ledger, clock }: Dependencies) {
  return async (id: string): Promise<readonly Readonly<Record<string, string>>[]> => {
    const secret = (await ledger.read(managedSecretType, id))?.entity;
    if (secret?.kind !== 'signing-key') throw notFound('managed signing key');
    const now = epochSeconds(clock);
    return secret.publishedKeys
      .filter(({ untilEpochSeconds }) => untilEpochSeconds === undefined || now < untilEpochSeconds)
      .map(({ jwk }) => jwk);
  };
}
