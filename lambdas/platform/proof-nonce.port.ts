/** The nonces of DPoP proofs (RFC 9449 §8, §9): a proof that holds one was not made in advance. */
export interface ProofNonces {
  /** @throws DependencyUnavailable where the key that makes them could not be had */
  issue(nowEpochSeconds: number): Promise<string>;
  /** @throws DependencyUnavailable */
  accepts(nonce: string, nowEpochSeconds: number): Promise<boolean>;
}
