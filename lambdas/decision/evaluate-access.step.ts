import type { Clock } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { timestamp } from '../platform/duration.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { Caller } from '../verification/caller.ts';
import type { EvaluationAnswer, EvaluationBody } from './authzen.routes.ts';
import { decidePermission } from './decide.ts';
import { obligationsOf } from './obligations.ts';
import type { Policies } from './policies.port.ts';
import { questionResolver } from './question.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly policies: Policies;
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * One AuthZEN evaluation. What cannot be resolved is denied.
 * @throws Problem 403 where somebody asks about others who may not
 */
export function evaluateAccess({ deployment, policies, ledger, clock, ids }: Dependencies) {
  const resolve = questionResolver({ deployment, ledger, clock });

  return async (caller: Caller, body: EvaluationBody): Promise<EvaluationAnswer> => {
    const question = await resolve(caller, body);
    const engine = await policies.current();
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
  };
}
