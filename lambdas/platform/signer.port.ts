/** Signs tokens with a key that never leaves its service. */
export interface Signer {
  /**
   * The compact JWS of a JWT with this `typ`.
   * @throws DependencyUnavailable where the key's service did not answer. No token exists then.
   */
  sign(typ: 'at+jwt' | 'secevent+jwt', claims: Readonly<Record<string, unknown>>): Promise<string>;
}
