import type { Evidence } from './evidence.ts';

/** What a token of a trusted issuer proves: who, in which channel, how. */
export interface ProvenIdentity {
  readonly principalId: string;
  /** Whether the token can only be a person's, or only a machine's. */
  readonly of: 'person' | 'machine';
  readonly evidence: Omit<Evidence, 'id' | 'of'>;
}

/** Verifies tokens of the issuers that the deployment trusts. */
export interface TokenVerifier {
  /**
   * @returns undefined where the token is not acceptable, whatever the reason: callers are not told which
   * check failed.
   * @throws DependencyUnavailable where the issuer's keys could not be had.
   */
  verify(token: string, nowEpochSeconds: number): Promise<ProvenIdentity | undefined>;
}
