/** What the deployment's alarms watch. */
export interface Metrics {
  /** A credential could not be confirmed dead. */
  unrevokedCredential(): void;
}
