import type { Channel } from '../platform/channel.ts';
import type { ProvenFacts } from '../verification/assurance.ts';
import type { Principal, PrincipalKind } from '../verification/principal.ts';
import type { Resource } from './resource.ts';

/** One question: may this principal do this to that, in this context? */
export interface PolicyQuestion {
  readonly principal: Principal;
  readonly permission: string;
  readonly resource: Resource;
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
  /** What an enforcement point says of the circumstances; the schema says what of it counts. */
  readonly circumstances?: Readonly<Record<string, unknown>>;
}

/** What a policy says of itself. */
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
  /**
   * The permits that can be about the principal, the action and the resource, whether they hold or not: in no context does
   * any other one permit. Left out where that is not known.
   */
  readonly couldPermit?: readonly PolicyTerms[];
}

/** Answers questions by the policies. Default is deny; a question that cannot be evaluated is denied. */
export interface PolicyJudge {
  answer(question: PolicyQuestion): PolicyAnswer;
}

/** Where a policy stands, and what it does. */
export interface PolicyPlace {
  readonly effect: 'permit' | 'forbid';
  readonly file: string;
  readonly line: number;
}

/** A permit that does not hold, and what of it does not. */
export interface NearPermit {
  readonly policy: string;
  /** Parts of its scope and of its conditions, as the policy language writes them; none: it holds. */
  readonly unmet: readonly string[];
}

/** The policies, to be asked and to be looked into. */
export interface PolicyEngine extends PolicyJudge {
  /** What can be done, by the schema, to a resource of this type by such a principal; nothing to one that is not known. */
  actionsOn(resourceType: string, by: PrincipalKind): readonly string[];

  /** The permits that lack the least to permit what is asked, the nearest first, and at most so many: for people to read. */
  nearestPermits(question: PolicyQuestion, most: number): readonly NearPermit[];

  /** What policies can look at of what is said from outside: of such a resource, and of the circumstances. */
  declaredFor(
    resourceType: string,
    permission: string,
  ): { readonly properties: readonly string[]; readonly circumstances: readonly string[] };

  /** Where a policy stands. */
  placeOf(policyId: string): PolicyPlace | undefined;

  /** Gives back what Cedar keeps of the policies. The engine answers nothing after that. */
  release(): void;
}
