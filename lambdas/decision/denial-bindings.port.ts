import type { BoundDenial, DeniedQuestion } from './denied-question.ts';

/**
 * Binds a denial to its question, so that nothing has to be remembered of it (AuthZEN Access Request and Approval
 * Profile, requestable denial context): what was bound can be told from what was not.
 */
export interface DenialBindings {
  /**
   * @returns the denial by reference, to be compared with the question that is repeated, and by value, opaque to others
   * @throws DependencyUnavailable
   */
  bind(denial: BoundDenial): Promise<{ readonly evaluationId: string; readonly bindingToken: string }>;

  /** @returns undefined where this evaluation, by its id, denied something else, or is none of ours */
  recall(evaluationId: string, question: DeniedQuestion): Promise<BoundDenial | undefined>;

  /** @returns undefined where the token is none of ours, or was changed */
  open(bindingToken: string): Promise<BoundDenial | undefined>;
}

/** An evaluation's id, without what binds it. An evaluation that cannot be followed has an id alone. */
export function bareEvaluationId(evaluationId: string): string {
  return evaluationId.split('.')[0] ?? '';
}
