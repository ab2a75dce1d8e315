import type { Ledger } from '../platform/ledger.port.ts';
import { limitOf, type PageQuery } from '../platform/page.ts';
import type { PageCursors } from '../platform/page-cursor.port.ts';
import { notFound } from '../platform/problem.ts';
import type { Caller } from '../verification/caller.ts';
import type { PolicySources } from './compiled-policies.ts';
import { requirePolicyReader } from './policy-administrator.ts';
import {
  ACTIVE,
  ALL_POLICY_SETS,
  DEPLOYED,
  type PolicySet,
  policyPointerType,
  policySetType,
  setInForce,
} from './policy-set.ts';
import type { PolicySetDependencies } from './propose-policy-set.step.ts';
import { storedSources } from './stored-policies.ts';

interface Dependencies {
  readonly deployment: PolicySetDependencies['deployment'];
  readonly ledger: Pick<Ledger, 'read' | 'readAll' | 'list'>;
}

/** All policy sets, newest first, and which is in force. */
export function listPolicySets({
  deployment,
  ledger,
  cursors,
}: Dependencies & { readonly cursors: PageCursors }) {
  return async (
    caller: Caller,
    query: PageQuery,
  ): Promise<{ sets: readonly PolicySet[]; active: string; cursor?: string }> => {
    requirePolicyReader(deployment, caller);
    const list = `POLICY_SETS#${ALL_POLICY_SETS}`;
    const page = await ledger.list(
      policySetType,
      { kind: 'POLICY_SETS', name: ALL_POLICY_SETS },
      {
        limit: limitOf(query),
        newestFirst: true,
        ...(query.cursor === undefined ? {} : { after: await cursors.open(query.cursor, list) }),
      },
    );
    return {
      sets: page.items,
      active: setInForce(await ledger.read(policyPointerType, ACTIVE)),
      ...(page.next === undefined ? {} : { cursor: await cursors.seal(page.next, list) }),
    };
  };
}

/** One policy set, and which is in force. */
export function readPolicySet({ deployment, ledger }: Dependencies) {
  return async (caller: Caller, id: string): Promise<{ set: PolicySet; active: string }> => {
    requirePolicyReader(deployment, caller);
    const [stored, pointer] = await ledger.readAll([
      [policySetType, id],
      [policyPointerType, ACTIVE],
    ] as const);
    if (stored === undefined) throw notFound('policy set');
    return { set: stored.entity, active: setInForce(pointer) };
  };
}

/** The files of a set, of the one that was deployed, or of the one in force. */
export function readPolicyFiles({
  deployment,
  deployed,
  ledger,
}: Dependencies & Pick<PolicySetDependencies, 'deployed'>) {
  return async (caller: Caller, named: string): Promise<{ set: string; files: PolicySources }> => {
    requirePolicyReader(deployment, caller);
    const set = named === ACTIVE ? setInForce(await ledger.read(policyPointerType, ACTIVE)) : named;
    if (set === DEPLOYED) return { set, files: deployed.sources };
    const stored = await ledger.read(policySetType, set);
    if (stored === undefined) throw notFound('policy set');
    return { set, files: await storedSources(ledger, stored.entity.contents) };
  };
}
