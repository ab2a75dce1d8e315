import type { Target } from '../platform/deployment.ts';
import type { OriginClaims } from '../verification/origin-claims.ts';
import type { Grant, GrantIn } from './grant.ts';

/** A credential that was made, to be delivered once and kept nowhere. */
export interface MintedCredential {
  /** The secret material. */
  readonly value: string;
  readonly tokenType: 'Bearer' | 'DPoP';
}

/** The making half of a connector, which speaks to one kind of target. */
export interface CredentialMinter {
  /**
   * Makes the credential, holding what the grant holds and nothing more, ending at `expiresAtEpochSeconds` at
   * the latest. Its name at the target is the grant's handle, the same at each try. Where who claims it has proven a
   * key, it works with that key only, if the target knows how to ask for it.
   * @throws DependencyUnavailable where it was not confirmed; nothing live may be known of it then.
   */
  mint(
    grant: GrantIn<'active'>,
    target: Target,
    claim: {
      readonly nowEpochSeconds: number;
      readonly expiresAtEpochSeconds: number;
      readonly keyThumbprint: string | undefined;
      /** The trust that the claiming session rests on, where a machine claims; a target may be told of it. */
      readonly claimedFrom: OriginClaims;
    },
  ): Promise<MintedCredential>;

  /** How long a credential may live at this target under a grant with so much time left, in seconds. */
  lifetimeSeconds(target: Target, remainingSeconds: number): number;
}

/** The ending half of a connector: ends credentials, and finds out whether they are dead. */
export interface CredentialRevoker {
  /** Ends the credential of a grant that is ending. Ending what is gone is success. */
  revoke(grant: Grant, target: Target): Promise<void>;

  /** Tries the credential, or asks the target about it. `unknown` is asked again later. */
  probe(
    grant: Grant,
    target: Target,
    nowEpochSeconds: number,
  ): Promise<{ readonly answer: 'live' | 'dead' | 'unknown'; readonly how: string }>;

  /** For how long a revoked credential may still work at this target, in seconds. */
  boundSeconds(target: Target): number;
}

/** The connectors that a function has, by kind: of each the half that it needs. */
export type Minters = Readonly<Record<Target['connector'], CredentialMinter>>;
export type Revokers = Readonly<Record<Target['connector'], CredentialRevoker>>;
