/** What the deployment's alarms watch. */
export interface Metrics {
  /** A credential could not be confirmed dead. */
  unrevokedCredential(): void;
  /** A credential is live that no grant accounts for, and could not be confirmed dead yet. */
  orphanedCredential(): void;
  /** How many things the reconciler has found to be how. */
  reconciled(findings: Readonly<Record<'fine' | 'repaired' | 'unresolved' | 'unknown', number>>): void;
  /** An incident is not contained yet: something could not be confirmed. */
  uncontainedIncident(): void;
  /** The policy set in force cannot be loaded: nothing is decided. */
  unloadablePolicySet(): void;
}
