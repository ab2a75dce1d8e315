import * as z from 'zod';
import type { EntityType, ListKind } from '../platform/entity.ts';

export const PrincipalKind = z.enum(['user', 'service_account', 'workload', 'agent']);
export type PrincipalKind = z.infer<typeof PrincipalKind>;

const PrincipalId = z.string().min(1).max(128);

/** The IAM role that a machine runs in: it may read there what is delivered to it. */
const AwsRoleArn = z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/);

const principalBase = z.object({
  id: PrincipalId,
  name: z.string(),
  status: z.enum(['active', 'suspended', 'offboarded']),
  groups: z.array(z.string()),
  /** What the directory says that it does there; policies may speak of it as of groups. */
  roles: z.array(z.string()).optional(),
});

/** A person, or a non-human identity (NHI), which has an accountable owner and lives in one environment. */
export const Principal = z.discriminatedUnion('kind', [
  principalBase.extend({ kind: z.literal('user'), email: z.string().optional() }),
  ...(['service_account', 'workload', 'agent'] as const).map((kind) =>
    principalBase.extend({
      kind: z.literal(kind),
      owner: PrincipalId,
      environment: z.string(),
      awsRole: AwsRoleArn.optional(),
    }),
  ),
]);
export type Principal = z.infer<typeof Principal>;

export const principalType: EntityType<typeof Principal> = {
  kind: 'PRINCIPAL',
  schema: Principal,
  listEntries: (principal) => {
    const { id, kind } = principal;
    const entry = (list: ListKind, name: string) => ({ kind: list, list: name, place: id, entityId: id });
    // Who is gone is found by nobody who asks who is there.
    const present = principal.status === 'offboarded' ? [] : [entry('PRINCIPALS', kind)];
    // Who leaves takes along what they answer for: it is found from them.
    return principal.kind === 'user' ? present : [...present, entry('OWNED_BY', principal.owner)];
  },
};

/** A principal as it stands now: frozen alone, or with all that it answers for, where a containment has frozen it. */
export type KnownPrincipal = Principal & { readonly frozen?: 'alone' | 'with_owned' };

/** The owner who answers for a principal; a person answers for themself. */
export function ownerOf(principal: Principal): string {
  return principal.kind === 'user' ? principal.id : principal.owner;
}

/** Why a principal may be granted nothing at all, or undefined where it may. */
export type Ineligibility =
  | 'unknown_principal'
  | 'principal_not_active'
  | 'principal_frozen'
  | 'owner_not_active'
  | 'owner_frozen';

/**
 * An NHI without a live owner is granted nothing (OWASP NHI1, improper offboarding).
 * @param known the principals that were found, the owners among them
 */
export function ineligibility(
  id: string,
  known: ReadonlyMap<string, KnownPrincipal>,
): Ineligibility | undefined {
  const principal = known.get(id);
  if (principal === undefined) return 'unknown_principal';
  if (principal.status !== 'active') return 'principal_not_active';
  if (principal.frozen !== undefined) return 'principal_frozen';
  if (principal.kind === 'user') return undefined;
  const owner = known.get(principal.owner);
  if (owner?.kind !== 'user' || owner.status !== 'active') return 'owner_not_active';
  return owner.frozen === 'with_owned' ? 'owner_frozen' : undefined;
}
