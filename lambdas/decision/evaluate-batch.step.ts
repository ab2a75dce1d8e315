import * as z from 'zod';
import { timestamp } from '../platform/duration.ts';
import { gatheredReads } from '../platform/gathered-reads.ts';
import type { Caller } from '../verification/caller.ts';
import {
  type EvaluationAnswer,
  EvaluationBody,
  type EvaluationsAnswer,
  type EvaluationsBody,
  isBatch,
} from './authzen.routes.ts';
import { evaluateAccess } from './evaluate-access.step.ts';

type Dependencies = Parameters<typeof evaluateAccess>[0];
type Semantic = NonNullable<EvaluationsBody['options']>['evaluations_semantic'];

/**
 * Several AuthZEN evaluations, each the same as if it were asked by itself, and all by the same policies. They are made
 * side by side, also where the answer ends at the first that decides it: an evaluation changes nothing, and asking one
 * after the other would take longer than what is saved.
 * @throws Problem 403 where one of them is about others, and who asks is no enforcement point
 */
export function evaluateBatch(dependencies: Dependencies) {
  return async (caller: Caller, body: EvaluationsBody): Promise<EvaluationsAnswer> => {
    const engine = await dependencies.policies.current();
    const evaluate = evaluateAccess({
      ...dependencies,
      policies: { current: async () => engine },
      ledger: gatheredReads(dependencies.ledger),
    });
    if (!isBatch(body)) return evaluate(caller, EvaluationBody.parse(body));
    const answers = await Promise.all(
      body.evaluations.map(async (item) => {
        const { data, error } = wholeEvaluation(body, item);
        return data === undefined
          ? unreadable(caller, dependencies, engine.policySet, error)
          : evaluate(caller, data);
      }),
    );
    return { evaluations: upToTheEnd(answers, body.options?.evaluations_semantic ?? 'execute_all') };
  };
}

const Item = z.record(z.string(), z.unknown());

/** With the defaults for the members that it leaves out; a member that it has replaces the default as a whole. */
function wholeEvaluation({ subject, action, resource, context }: EvaluationsBody, item: unknown) {
  const { data, error } = Item.safeParse(item);
  return data === undefined
    ? { data, error }
    : EvaluationBody.safeParse({ subject, action, resource, context, ...data });
}

/** AuthZEN Authorization API 1.0 §7.2.1: an error of one evaluation is a denial that says so. */
function unreadable(
  caller: Caller,
  { ids, clock, record }: Dependencies,
  policySet: string,
  error: z.ZodError | undefined,
): EvaluationAnswer {
  const [issue] = error?.issues ?? [];
  const message = [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ');
  const answer = {
    decision: false,
    context: {
      evaluation_id: ids.next(),
      evaluated_at: timestamp(clock.nowEpochMilliseconds()),
      reason: 'invalid_evaluation',
      error: { status: 400, message },
      policies: [],
      policy_set: policySet,
    },
  };
  record?.decided(caller, answer, undefined);
  return answer;
}

function upToTheEnd(answers: readonly EvaluationAnswer[], semantic: Semantic): EvaluationAnswer[] {
  if (semantic === 'execute_all') return [...answers];
  const last = answers.findIndex(({ decision }) => decision === (semantic === 'permit_on_first_permit'));
  return last === -1 ? [...answers] : answers.slice(0, last + 1);
}
