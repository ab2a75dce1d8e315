import { log } from '../platform/logger.powertools.ts';
import type { DecisionRecord } from './decision-record.port.ts';
import { bareEvaluationId } from './denial-bindings.port.ts';

/** One line of the log a decision. `sallyport policy diff` reads these lines. */
export function loggedDecisions(name: string): DecisionRecord {
  return {
    decided(caller, { decision, context }, request) {
      log.info(`${name} decided`, {
        principal: caller.principal.id,
        evaluationId: bareEvaluationId(context.evaluation_id),
        outcome: String(decision),
        policies: context.policies,
        policySet: context.policy_set,
        ...(request === undefined ? {} : { request }),
      });
    },
    groupsInACycle(principal) {
      log.error('groups are members of each other', { principal });
    },
  };
}
