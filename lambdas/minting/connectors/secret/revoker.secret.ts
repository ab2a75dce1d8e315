import type { Who } from '../../../audit/event.ts';
import type { Deployment, TargetOf } from '../../../platform/deployment.ts';
import type { Ledger } from '../../../platform/ledger.port.ts';
import { findConnection, propagationSeconds } from '../../../rotation/connection.ts';
import { managedSecretType } from '../../../rotation/managed-secret.ts';
import { type Rotators, rotatorFor } from '../../../rotation/rotator.port.ts';
import type { CredentialRevoker, ProbeAnswer } from '../../connector.port.ts';
import type { Grant } from '../../grant.ts';

/** Starts the rotation of a managed secret that is to be dead in all its values of before, or joins the one that runs. */
export type RotateSecret = (order: {
  readonly secretId: string;
  readonly reason: 'revocation';
  readonly revocation?: string;
  readonly txn: string;
  readonly by: Who;
}) => Promise<unknown>;

interface Dependencies {
  readonly deployment: Pick<Deployment, 'connections'>;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly rotators: Rotators;
  readonly rotate: RotateSecret;
}

/**
 * Ends a check-out by rotating the secret, and all its values of before with it: where two users alternate, the one that
 * was checked out would otherwise work until the rotation after.
 */
export function secretRevoker({
  deployment,
  ledger,
  rotators,
  rotate,
}: Dependencies): CredentialRevoker<TargetOf<'secret'>> {
  return {
    async revoke(grant, target) {
      if (!(await isCheckedOut(grant, target))) return;
      const revocation = 'revocation' in grant ? grant.revocation : undefined;
      await rotate({
        secretId: target.secret,
        reason: 'revocation',
        txn: grant.txn,
        by: { service: 'revoke-credential' },
        ...(revocation === undefined ? {} : { revocation }),
      });
    },

    async probe(grant, target, kept): Promise<ProbeAnswer> {
      const connection = findConnection(deployment, target.secret);
      const secret = (await ledger.read(managedSecretType, target.secret))?.entity;
      if (connection === undefined || secret === undefined)
        return { answer: 'dead', how: 'the secret was never managed here' };
      if (kept === undefined) {
        // A check-out is given up by the rotation that has tried its value and found it dead.
        const isOut = secret.checkOut?.grant === grant.id;
        return { answer: isOut ? 'unknown' : 'dead', how: 'asking the record of who has it checked out' };
      }
      const published = secret.publishedKeys.map(({ jwk }) => jwk);
      const { answer, how } = await rotatorFor(rotators, connection).test(connection, kept, published);
      switch (answer) {
        case 'works':
        case 'useless':
          return { answer: 'live', how };
        case 'refused':
          return { answer: 'dead', how };
        case 'unknown':
          return { answer: 'unknown', how };
      }
    },

    // The rotation is waited for: nothing is said to be dead before it was tried. Those who verify may know a key longer.
    boundSeconds: (target) => {
      const connection = findConnection(deployment, target.secret);
      return connection === undefined ? 0 : propagationSeconds(connection);
    },
    keeps: true,
  };

  async function isCheckedOut(grant: Grant, target: TargetOf<'secret'>): Promise<boolean> {
    const secret = await ledger.read(managedSecretType, target.secret);
    return secret?.entity.checkOut?.grant === grant.id;
  }
}
