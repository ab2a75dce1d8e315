import type { DevicePublicKey } from './authenticator.ts';

/** What a registered device says, in a JWT that its key signs; each kind of statement has a `typ` of its own. */
export type StatementType = 'push-query+jwt' | 'push-answer+jwt';

export type Verified =
  | {
      readonly outcome: 'verified';
      /** Names this statement among those of its device. */
      readonly jti: string;
      readonly expiresAtEpochSeconds: number;
      readonly claims: Readonly<Record<string, unknown>>;
    }
  /** The signature is not of this key. */
  | { readonly outcome: 'forged' }
  /** It is no such statement, too old, or not for us; its signature says nothing then. */
  | { readonly outcome: 'unacceptable' };

export interface DeviceStatements {
  /** The id of the authenticator that a statement says to be from. Nothing vouches for it yet. */
  namedIn(statement: string): string | undefined;

  verify(
    statement: string,
    type: StatementType,
    key: DevicePublicKey,
    nowEpochSeconds: number,
  ): Promise<Verified>;
}
