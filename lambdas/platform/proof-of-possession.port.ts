/** How a proof may be signed: asymmetric only (RFC 9449 §4.2), as the metadata and the challenges say. */
export const PROOF_ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'PS256'] as const;

/** What a DPoP proof says (RFC 9449 §4.2), by the key that it brings. */
export interface Proof {
  /** The thumbprint (RFC 7638) of its key: the `jkt` that a token is bound to. */
  readonly keyThumbprint: string;
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly issuedAtEpochSeconds: number;
  /** The hash of the access token that it was made for. */
  readonly accessTokenHash: string | undefined;
  readonly nonce: string | undefined;
}

/** Reads DPoP proofs. */
export interface ProofReader {
  /**
   * @returns undefined for anything that is not a proof whose signature its own public key verifies. What it was made
   * for is not checked here.
   */
  read(proof: string, nowEpochSeconds: number): Promise<Proof | undefined>;
}
