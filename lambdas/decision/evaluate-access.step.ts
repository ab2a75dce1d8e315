import type { Clock } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { timestamp } from '../platform/duration.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { Caller } from '../verification/caller.ts';
import type { EvaluationAnswer, EvaluationBody } from './authzen.routes.ts';
import { decidePermission } from './decide.ts';
import type { DecisionRecord } from './decision-record.port.ts';
import { obligationsOf } from './obligations.ts';
import type { Policies, PolicySetEngine } from './policies.port.ts';
import { questionResolver, type Resolved, type Unresolvable } from './question.ts';
import { recordedRequest } from './recorded-request.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly policies: Policies;
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** None where questions are tried out that nobody has asked. */
  readonly record?: DecisionRecord;
}

/**
 * One AuthZEN evaluation. What cannot be resolved is denied.
 * @throws Problem 403 where somebody asks about others who may not
 */
export function evaluateAccess({ deployment, policies, ledger, clock, ids, record }: Dependencies) {
  const resolve = questionResolver({ deployment, ledger, clock });

  return async (caller: Caller, body: EvaluationBody): Promise<EvaluationAnswer> => {
    const question = await resolve(caller, body);
    const answer = decided(question, await policies.current());
    record?.decided(caller, answer, 'refused' in question ? undefined : recordedRequest(question));
    return answer;
  };

  function decided(
    question: Resolved | { readonly refused: Unresolvable },
    engine: PolicySetEngine,
  ): EvaluationAnswer {
    const evaluated = {
      evaluation_id: ids.next(),
      evaluated_at: timestamp(clock.nowEpochMilliseconds()),
      policy_set: engine.policySet,
    };
    if ('refused' in question) {
      const reason = question.refused === 'too_much_said' ? question.refused : 'unknown_or_inactive';
      return { decision: false, context: { ...evaluated, reason, policies: [] } };
    }
    const decision = decidePermission(engine, question.permission, question.circumstances);
    const { outcome } = decision;
    return {
      decision: outcome === 'permitted',
      context: {
        ...evaluated,
        policies: decision.policies,
        ...(outcome === 'permitted' ? {} : { reason: outcome }),
        ...(outcome === 'obliged' ? { obligations: obligationsOf(decision.obligations) } : {}),
      },
    };
  }
}
