import type { Channel } from '../platform/channel.ts';
import type { Target } from '../platform/deployment.ts';
import type { ProvenFacts } from '../verification/assurance.ts';
import type { Principal } from '../verification/principal.ts';

/** One question: may this principal do this to that, in this context? */
export interface PolicyQuestion {
  readonly principal: Principal;
  readonly permission: string;
  readonly target: Target;
  readonly context: PolicyContext;
}

/** What policies may look at besides the principal, the action and the resource. */
export interface PolicyContext {
  readonly channel: Channel;
  /** The assurance of the request's channel now. */
  readonly assurance: ProvenFacts;
  /** The approvals that the determining policy asks for have been given. */
  readonly approved: boolean;
  /** Somebody acts for somebody else. */
  readonly delegated: boolean;
  readonly requestedDurationSeconds: number;
}

/** What a permit says of itself in its annotations. */
export interface PolicyTerms {
  readonly id: string;
  readonly maximumDurationSeconds?: number;
  readonly approval?: {
    readonly approvers: string;
    readonly quorum: number;
    readonly approverAal: 1 | 2 | 3;
  };
}

export interface PolicyAnswer {
  readonly permitted: boolean;
  /** The policies that determined the answer; of a default denial, none. */
  readonly determining: readonly PolicyTerms[];
}

/** Answers questions by the policies. Default is deny; a question that cannot be evaluated is denied. */
export interface PolicyEngine {
  answer(question: PolicyQuestion): PolicyAnswer;
}
