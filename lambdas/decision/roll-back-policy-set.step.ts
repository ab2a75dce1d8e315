import { caseEvent } from '../platform/case-event.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import { conflict, notFound } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type Caller, whoCalls } from '../verification/caller.ts';
import { pointerTo } from './activate-policy-set.step.ts';
import { requirePolicyAdministratorInPerson } from './policy-administrator.ts';
import {
  ACTIVE,
  DEPLOYED,
  type PolicySet,
  policyPointerType,
  policySetType,
  setInForce,
} from './policy-set.ts';
import type { RollbackBody } from './policy-sets.routes.ts';
import type { PolicySetDependencies } from './propose-policy-set.step.ts';

/**
 * Puts the set in force again that the present one has replaced, by one person and in one call: it was in force before, so
 * two people have wanted it. Who says which set they leave leaves that one once, however often they call.
 * @throws Problem 403 or 401 for who may not, 404, 409 where that set is not in force
 */
export function rollBackPolicySet({
  deployment,
  ledger,
  clock,
}: Pick<PolicySetDependencies, 'deployment' | 'ledger' | 'clock'>) {
  return (
    caller: Caller,
    { policy_set: id, reason }: RollbackBody,
  ): Promise<{ set: PolicySet; active: string }> =>
    rereadOnConflict(async () => {
      requirePolicyAdministratorInPerson(deployment, caller);
      if (id === DEPLOYED)
        throw conflict('nothing-before', 'There is no set before the one that was deployed.');
      const [stored, pointer] = await ledger.readAll([
        [policySetType, id],
        [policyPointerType, ACTIVE],
      ] as const);
      if (stored === undefined) throw notFound('policy set');
      const active = setInForce(pointer);
      if (stored.entity.status === 'rolled_back') return { set: stored.entity, active };
      if (pointer === undefined || active !== id)
        throw conflict('not-in-force', `This policy set is ${stored.entity.status}; ${active} is in force.`);
      const { basedOn } = stored.entity;
      const before = basedOn === DEPLOYED ? undefined : await ledger.read(policySetType, basedOn);
      if (basedOn !== DEPLOYED && before === undefined)
        throw new BrokenInvariant('A policy set has replaced one that there is not');
      const left: PolicySet = {
        ...stored.entity,
        status: 'rolled_back',
        rolledBackBy: caller.principal.id,
        rolledBackAtEpochSeconds: epochSeconds(clock),
      };
      await ledger.commit({
        chain: id,
        event: caseEvent(clock, caller.txn, 'policy-set.rolled-back', whoCalls(caller), {
          policy_set: id,
          restores: basedOn,
          reason,
        }),
        changes: [
          replacement(policySetType, stored, left),
          ...(before === undefined
            ? []
            : [replacement(policySetType, before, { ...before.entity, status: 'active' })]),
          pointerTo(pointer, {
            id: ACTIVE,
            set: basedOn,
            ...(before === undefined ? {} : { contents: before.entity.contents }),
          }),
        ],
      });
      return { set: left, active: basedOn };
    });
}
