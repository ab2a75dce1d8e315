import { caseEvent } from '../platform/case-event.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import { type Change, creation, replacement, type Stored } from '../platform/entity.ts';
import { conflict, forbidden, notFound } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type Caller, whoCalls } from '../verification/caller.ts';
import { requirePolicyAdministratorInPerson } from './policy-administrator.ts';
import {
  ACTIVE,
  type PolicyPointer,
  type PolicySet,
  policyPointerType,
  policySetType,
  setInForce,
} from './policy-set.ts';
import type { PolicySetDependencies } from './propose-policy-set.step.ts';
import { digestInForce, storedPolicies } from './stored-policies.ts';

/**
 * Puts a proposed set in force: one transaction switches the pointer, so that there is no moment with half of a set. The
 * second person sees what the set changes of the one in force; where another one has been switched to meanwhile, that is
 * not so any more, and it has to be proposed anew. Done again by the same person, it changes nothing.
 * @throws Problem 403 or 401 for who may not, 404, 409 where it is not a proposal, or not one about what is in force
 */
export function activatePolicySet({ deployment, deployed, compiler, ledger, clock }: PolicySetDependencies) {
  return (caller: Caller, id: string): Promise<{ set: PolicySet; active: string }> =>
    rereadOnConflict(async () => {
      requirePolicyAdministratorInPerson(deployment, caller);
      const [stored, pointer] = await ledger.readAll([
        [policySetType, id],
        [policyPointerType, ACTIVE],
      ] as const);
      if (stored === undefined) throw notFound('policy set');
      const set = stored.entity;
      const active = setInForce(pointer);
      if (set.status === 'active' && set.activatedBy === caller.principal.id) return { set, active };
      if (set.excluded.includes(caller.principal.id))
        throw forbidden(
          'own-proposal',
          'Nobody activates what they, or a machine of theirs, have proposed. Another policy administrator has to.',
        );
      if (set.status !== 'proposed')
        throw conflict('not-proposed', `This policy set is ${set.status}; it is activated once.`);
      if (set.basedOn !== active || set.basedOnDigest !== digestInForce(pointer?.entity, deployed))
        throw conflict(
          'policy-set-outdated',
          'What it was proposed to replace is in force no more. Propose it anew, upon what is.',
        );
      await requireLoadable(set);
      const activated: PolicySet = {
        ...set,
        status: 'active',
        activatedBy: caller.principal.id,
        activatedAtEpochSeconds: epochSeconds(clock),
      };
      await ledger.commit({
        chain: set.id,
        event: caseEvent(clock, caller.txn, 'policy-set.activated', whoCalls(caller), {
          policy_set: set.id,
          digest: set.contents.sources.digest,
          replaces: active,
        }),
        changes: [
          replacement(policySetType, stored, activated),
          pointerTo(pointer, { id: ACTIVE, set: set.id, contents: set.contents }),
          ...(await superseded(active)),
        ],
      });
      return { set: activated, active: set.id };
    });

  /** It was valid when it was proposed, perhaps to an earlier version of this code. */
  async function requireLoadable({ contents }: PolicySet): Promise<void> {
    compiler.engineFor(await storedPolicies(ledger, contents, compiler)).release();
  }

  async function superseded(active: string): Promise<Change[]> {
    const before = await ledger.read(policySetType, active);
    // The deployed set is no item.
    return before === undefined
      ? []
      : [replacement(policySetType, before, { ...before.entity, status: 'superseded' })];
  }
}

/** The pointer is made by the first switch. */
export function pointerTo(before: Stored<PolicyPointer> | undefined, after: PolicyPointer): Change {
  return before === undefined
    ? creation(policyPointerType, after)
    : replacement(policyPointerType, before, after);
}
