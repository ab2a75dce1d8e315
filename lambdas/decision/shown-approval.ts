import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { approvalsOf, type Grant, grantType, isHeld } from '../minting/grant.ts';
import { heldAncestors } from '../minting/held-ancestors.ts';
import { GrantNotHeld } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { ApprovalRequirement } from './access-decision.ts';
import type { DeniedQuestion } from './denied-question.ts';
import type { RequestedResource } from './requested-resource.ts';
import { TARGET } from './resource.ts';

/** What a re-evaluation shows of an approval: what else came with it is not needed to look it up. */
const ShownApproval = z.object({ id: z.string().min(1).max(128) });

/** An approval that counts for a question, and for how long. */
export interface CountingApproval {
  readonly id: string;
  readonly approvals: readonly ApprovalRequirement[];
  readonly untilEpochSeconds: number;
}

/** Whether a question comes with an approval at all. */
export function showsApproval(context: Readonly<Record<string, unknown>> | undefined): boolean {
  return context?.['approval'] !== undefined;
}

/**
 * The approval that is shown with a question, if it counts for just that: whoever shows it, it is the grant in our own
 * records that is looked at, for the same parties, the same action, the same thing as it was described to who approved,
 * and held at this moment (AuthZEN Access Request and Approval Profile, completion semantics: the exact-match baseline).
 */
export async function countingApproval(
  ledger: Pick<Ledger, 'readAll' | 'read'>,
  context: Readonly<Record<string, unknown>> | undefined,
  asked: DeniedQuestion & { readonly target: string },
  nowEpochSeconds: number,
): Promise<CountingApproval | undefined> {
  const shown = ShownApproval.safeParse(context?.['approval']).data;
  if (shown === undefined) return undefined;
  const grant = (await ledger.read(grantType, shown.id))?.entity;
  if (grant === undefined || !isHeld(grant, nowEpochSeconds) || !isFor(grant, asked)) return undefined;
  try {
    await heldAncestors(ledger, grant, nowEpochSeconds);
  } catch (error) {
    if (error instanceof GrantNotHeld) return undefined;
    throw error;
  }
  return {
    id: grant.id,
    approvals: approvalsOf(grant, asked.action),
    untilEpochSeconds: grant.expiresAtEpochSeconds,
  };
}

function isFor(
  { principal, actors, target, permissions, resource, circumstances }: Grant,
  asked: DeniedQuestion & { readonly target: string },
): boolean {
  const parties = [principal, ...actors].map(({ kind, id }) => ({ type: kind, id }));
  const thing: RequestedResource = resource ?? { type: TARGET, id: target };
  return (
    target === asked.target &&
    permissions.includes(asked.action) &&
    isDeepStrictEqual(
      [parties, thing, circumstances],
      [[asked.subject, ...asked.actors], asked.resource, asked.context],
    )
  );
}
