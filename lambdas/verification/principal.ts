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

/** What an identity provider says of a person beyond what decides (RFC 7643 §4.1). */
const Provisioned = z.object({
  userName: z.string(),
  /** What the provider itself calls the person. */
  externalId: z.string().optional(),
  createdAtEpochMilliseconds: z.int(),
  changedAtEpochMilliseconds: z.int(),
  /** The containment of what the person held when they were last suspended. */
  containment: z.string().optional(),
});

/** A person, or a non-human identity (NHI), which has an accountable owner and lives in one environment. */
export const Principal = z.discriminatedUnion('kind', [
  principalBase.extend({
    kind: z.literal('user'),
    email: z.string().optional(),
    /** Absent of whom no identity provider has told. */
    provisioned: Provisioned.optional(),
  }),
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

export type Provisioned = z.infer<typeof Provisioned>;
export type Person = Extract<Principal, { kind: 'user' }>;

export const principalType: EntityType<typeof Principal> = {
  kind: 'PRINCIPAL',
  schema: Principal,
  listEntries: (principal) => {
    const { id, kind } = principal;
    const entry = (list: ListKind, name: string) => ({ kind: list, list: name, place: id, entityId: id });
    // Who is gone is found by nobody who asks who is there.
    const present = principal.status === 'offboarded' ? [] : [entry('PRINCIPALS', kind)];
    // Who leaves takes along what they answer for: it is found from them.
    if (principal.kind !== 'user') return [...present, entry('OWNED_BY', principal.owner)];
    const externalId = principal.provisioned?.externalId;
    return [
      ...present,
      ...principal.groups.map((group) => entry('MEMBERS_OF', group)),
      ...(externalId === undefined || present.length === 0
        ? []
        : [entry('KNOWN_AS', knownAs.person(externalId))]),
    ];
  },
};

/** The lists of what identity providers call people and groups. */
export const knownAs = {
  person: (externalId: string) => `person:${externalId}`,
  group: (externalId: string) => `group:${externalId}`,
  groupNamed: (displayName: string) => `group-named:${displayName.toLowerCase()}`,
} as const;

/**
 * A principal as it stands now: in every group that its groups are members of; frozen alone, or with all that it answers
 * for, where a containment has frozen it.
 */
export type KnownPrincipal = Principal & {
  readonly frozen?: 'alone' | 'with_owned';
  /** Its groups are members of each other, so that nobody can tell what it is a member of. */
  readonly groupsInACycle?: true;
};

/** The owner who answers for a principal; a person answers for themself. */
export function ownerOf(principal: Principal): string {
  return principal.kind === 'user' ? principal.id : principal.owner;
}

/** Why a principal may be granted nothing at all, or undefined where it may. */
export type Ineligibility =
  | 'unknown_principal'
  | 'principal_not_active'
  | 'principal_frozen'
  | 'groups_in_a_cycle'
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
  if (principal.groupsInACycle) return 'groups_in_a_cycle';
  if (principal.kind === 'user') return undefined;
  const owner = known.get(principal.owner);
  if (owner?.kind !== 'user' || owner.status !== 'active') return 'owner_not_active';
  return owner.frozen === 'with_owned' ? 'owner_frozen' : undefined;
}
