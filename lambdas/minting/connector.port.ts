import type { Target } from '../platform/deployment.ts';
import type { Grant, GrantIn } from './grant.ts';

/** A credential that was made, to be delivered once and kept nowhere. */
export interface MintedCredential {
  /** The secret material. */
  readonly value: string;
  readonly tokenType: 'Bearer';
}

/**
 * Speaks to one kind of target. `handle` is the credential's name there, the same at each try, so that every
 * operation can be done twice.
 */
export interface Connector {
  readonly kind: Target['connector'];

  /**
   * Makes the credential, holding what the grant holds and nothing more, ending at `expiresAtEpochSeconds` at
   * the latest.
   * @throws DependencyUnavailable where it was not confirmed; nothing live may be known of it then.
   */
  mint(
    grant: GrantIn<'active'>,
    target: Target,
    times: { readonly nowEpochSeconds: number; readonly expiresAtEpochSeconds: number },
  ): Promise<MintedCredential>;

  /** Ends the credential of a grant that is ending. Ending what is gone is success. */
  revoke(grant: Grant, target: Target): Promise<void>;

  /** Tries the credential, or asks the target about it. */
  probe(
    grant: Grant,
    target: Target,
  ): Promise<{ readonly answer: 'live' | 'dead' | 'unknown'; readonly how: string }>;

  /** For how long a revoked credential may still work at this target, in seconds. */
  boundSeconds(target: Target): number;

  /** How long a credential may live at this target under a grant with so much time left, in seconds. */
  lifetimeSeconds(target: Target, remainingSeconds: number): number;
}
