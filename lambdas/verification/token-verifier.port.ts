import type { Evidence } from './evidence.ts';

/** What a token of a trusted issuer proves: who, in which channel, how. */
export interface ProvenIdentity {
  readonly principalId: string;
  /** Whether the token can only be a person's, or only a machine's. */
  readonly of: 'person' | 'machine';
  readonly evidence: Omit<Evidence, 'id' | 'of'>;
  /** By what it is known again, and until when it has to be; absent where it may be shown again. */
  readonly usedOnce?: { readonly value: string; readonly untilEpochSeconds: number };
}

/** Verifies what is shown as one type of token (RFC 8693 §3), of issuers that the deployment trusts. */
export interface TokenVerifier {
  /**
   * @returns undefined where the token is not acceptable, whatever the reason: callers are not told which
   * check failed.
   * @throws DependencyUnavailable where the issuer, or its keys, could not be asked.
   */
  verify(token: string, nowEpochSeconds: number): Promise<ProvenIdentity | undefined>;
}
