/** Remembers what may be used once: a token that was exchanged, a proof that was shown. */
export interface SingleUse {
  /**
   * Uses something up.
   * @param kind tells things of one origin from those of another: `dpop`, `subject-token`
   * @param value what may be used once; only its hash is kept
   * @param untilEpochSeconds how long it has to be remembered: after that it is refused for its age
   * @returns false where it was used before
   * @throws DependencyUnavailable where the outcome is unknown; then it counts as used
   */
  spend(kind: string, value: string, untilEpochSeconds: number): Promise<boolean>;
}
