/** The shared secrets of one-time codes. They rest nowhere: each is derived when it is needed. */
export interface TotpSeeds {
  /**
   * The 160 bits of an authenticator's secret (RFC 4226 §4, R6), the same each time.
   * @throws DependencyUnavailable
   */
  seedOf(authenticatorId: string): Promise<Uint8Array>;
}
