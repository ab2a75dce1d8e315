/** The claims of a token that this deployment issued. */
export interface IssuedTokenClaims {
  /** `session`: an access token of Sallyport's own. `grant`: a credential for a target. */
  readonly of: 'session' | 'grant';
  readonly subject: string;
  readonly audience: string;
  readonly jti: string;
  readonly sessionId: string | undefined;
  readonly grantId: string | undefined;
  /** In which channel a session's token acts. */
  readonly channel: string | undefined;
  /** The thumbprint of the key that it is bound to (RFC 9449 §6.1). */
  readonly keyThumbprint: string | undefined;
  /** The actor chain, nearest first. */
  readonly actors: readonly string[];
  readonly issuedAtEpochSeconds: number;
  readonly expiresAtEpochSeconds: number;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Recognises tokens that this deployment issued. */
export interface IssuedTokenVerifier {
  /**
   * @returns undefined for anything that is not one of our tokens with an intact signature and its time not
   * over. Whether it was revoked is not checked here.
   * @throws DependencyUnavailable where our own keys could not be had.
   */
  verify(token: string, nowEpochSeconds: number): Promise<IssuedTokenClaims | undefined>;
}

/** Recognises tokens that this deployment issued at some time. It lets nobody in. */
export interface IssuedTokenRecogniser {
  /**
   * As `verify`, whether or not its time is over: whose a token is that was found somewhere.
   * @throws DependencyUnavailable where our own keys could not be had.
   */
  recognise(token: string): Promise<IssuedTokenClaims | undefined>;
}
