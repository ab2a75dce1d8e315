import type { ExposedSecret } from './revocation.ts';

/** The managed secrets, as far as a containment has to do with them. */
export interface SecretRotations {
  isManaged(secretId: string): Promise<boolean>;

  /** The secrets of which this is, or was, the fingerprint of a value (SHA-256, hex). */
  exposedBy(fingerprint: string): Promise<readonly string[]>;

  /**
   * Has the secret rotated, so that what was valid when the revocation began is dead; done again, it tells how far
   * that has got.
   * @throws DependencyUnavailable where it was not confirmed
   */
  rotate(
    secret: ExposedSecret,
    order: { readonly revocation: string; readonly sinceEpochSeconds: number; readonly txn: string },
  ): Promise<ExposedSecret>;
}
