import type { ConnectorKind, Target, TargetOf } from '../platform/deployment.ts';
import type { OriginClaims } from '../verification/origin-claims.ts';
import type { Grant, GrantIn } from './grant.ts';

/** Secret material, by the names that it is delivered under. It is never logged, and kept in the vault alone. */
export type Material = Readonly<Record<string, string>>;

/** A credential that was made, to be delivered once. */
export interface MintedCredential {
  readonly material: Material;
  /** The parts of it by any of which a leaked one is recognised: those that are its own. The first one is secret. */
  readonly recognisedBy: readonly [string, ...string[]];
  /** Of a token, whose material is one `access_token`: how it is sent (RFC 6750, RFC 9449). */
  readonly tokenType?: 'Bearer' | 'DPoP';
}

/** What a claim tells the making of a credential. */
export interface ClaimTerms {
  readonly nowEpochSeconds: number;
  readonly expiresAtEpochSeconds: number;
  /** Where who claims it has proven a key, it works with that key only, if the target knows how to ask for it. */
  readonly keyThumbprint: string | undefined;
  /** The trust that the claiming session rests on, where a machine claims; a target may be told of it. */
  readonly claimedFrom: OriginClaims;
}

/** The making half of a connector, which speaks to one kind of target. */
export interface CredentialMinter<At extends Target = Target> {
  /**
   * Makes the credential, holding what the grant holds and nothing more, ending at `expiresAtEpochSeconds` at
   * the latest. Its name at the target is the grant's handle, the same at each try: made again, it takes the place of
   * what a try before has made.
   * @throws Problem where the target can never give what the grant holds; nothing was made
   * @throws DependencyUnavailable where it was not confirmed; what was made, if anything, has the grant's handle
   */
  mint(grant: GrantIn<'active'>, target: At, terms: ClaimTerms): Promise<MintedCredential>;

  /** How long a credential may live at this target under a grant with so much time left, in seconds. */
  lifetimeSeconds(target: At, remainingSeconds: number): number;

  /**
   * Whether the credential itself is needed again, to end it or to try whether it is dead. Such a one is kept in the
   * vault until it is known to be dead; any other rests nowhere.
   */
  readonly keeps: boolean;

  /**
   * Whether it is a password or a key, which its grantee may fetch from the vault (`docs/adr/0020`). Where there is
   * nothing to deliver, nothing is claimed or made.
   */
  readonly delivers: 'token' | 'secret' | 'nothing';
}

/** The answer of a probe. `unknown` is asked again later. */
export interface ProbeAnswer {
  readonly answer: 'live' | 'dead' | 'unknown';
  /** What was tried or asked, and what came back; no secret in it. */
  readonly how: string;
}

/** The ending half of a connector: ends credentials, and finds out whether they are dead. */
export interface CredentialRevoker<At extends Target = Target> {
  /**
   * Ends the credential of a grant that is ending. Ending what is gone is success.
   * @param kept the credential, where the vault has it
   * @throws DependencyUnavailable where the target did not confirm
   */
  revoke(grant: Grant, target: At, kept: Material | undefined): Promise<void>;

  /** Tries the credential, or asks the target about it. */
  probe(grant: Grant, target: At, kept: Material | undefined, nowEpochSeconds: number): Promise<ProbeAnswer>;

  /** For how long a revoked credential may still work at this target, in seconds. */
  boundSeconds(target: At): number;

  /**
   * The handles of what is live at the target under names that only Sallyport gives, where it can be asked for them:
   * what none of our records knows is an orphan.
   */
  listHandles?(target: At): Promise<readonly string[]>;

  /** Whether the vault may have the credential; see `CredentialMinter.keeps`. */
  readonly keeps: boolean;
}

/** The connectors that a function has, by kind: of each the half that it needs. */
export type Minters = { readonly [Kind in ConnectorKind]: CredentialMinter<TargetOf<Kind>> };
export type Revokers = { readonly [Kind in ConnectorKind]: CredentialRevoker<TargetOf<Kind>> };

/** The half of a connector that makes credentials for a target. */
export function minterFor(minters: Minters, target: Target): CredentialMinter {
  return minters[target.connector];
}

/** The half of a connector that ends credentials of a target. */
export function revokerFor(revokers: Revokers, target: Target): CredentialRevoker {
  return revokers[target.connector];
}
