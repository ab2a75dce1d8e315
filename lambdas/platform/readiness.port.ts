/** Whether what every request needs can be reached. */
export interface Readiness {
  isReady(): Promise<boolean>;
}
