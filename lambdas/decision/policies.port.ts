import type { PolicyEngine } from './policy-engine.port.ts';

/** An engine that answers by one policy set. */
export interface PolicySetEngine extends PolicyEngine {
  /** The id of the set, or `deployed`: the one that the functions carry. */
  readonly policySet: string;
}

/** The policies in force, which two people can switch at any time. */
export interface Policies {
  /**
   * What decides at this moment. Ask once for what is to be decided by the same rules, and do not keep it.
   * @throws DependencyUnavailable where it cannot be known which set is in force, or that one cannot be had
   */
  current(): Promise<PolicySetEngine>;
}
