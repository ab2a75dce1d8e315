import * as z from 'zod';

/** What a permit asks to be approved: by how many people of which group, at which level. */
export const ApprovalRequirement = z.object({
  approvers: z.string(),
  quorum: z.int().positive(),
  /** The least authenticator assurance level of each approver; 1 where the policy does not say. */
  approverAal: z.union([z.literal(1), z.literal(2), z.literal(3)]),
});
export type ApprovalRequirement = z.infer<typeof ApprovalRequirement>;

/** An approval requirement, and the permissions that it is for. */
export const PermissionsApproval = ApprovalRequirement.extend({ permissions: z.array(z.string()) });
export type PermissionsApproval = z.infer<typeof PermissionsApproval>;

/** One requirement a group: the strictest of what is asked of it. */
export function strictestByGroup(approvals: readonly ApprovalRequirement[]): ApprovalRequirement[] {
  const byGroup = new Map<string, ApprovalRequirement>();
  for (const { approvers, quorum, approverAal } of approvals) {
    const same = byGroup.get(approvers);
    byGroup.set(approvers, {
      approvers,
      quorum: Math.max(quorum, same?.quorum ?? 0),
      approverAal: same !== undefined && same.approverAal > approverAal ? same.approverAal : approverAal,
    });
  }
  return [...byGroup.values()];
}

/** What would turn a denial into a permit. */
export const Obligations = z.object({
  approvals: z.array(ApprovalRequirement),
  /** The authenticator assurance level to step up to. */
  stepUpAal: z.union([z.literal(1), z.literal(2), z.literal(3)]).optional(),
});
export type Obligations = z.infer<typeof Obligations>;

/** The decision about one permission. */
export const PermissionDecision = z.discriminatedUnion('outcome', [
  z.object({
    permission: z.string(),
    outcome: z.literal('permitted'),
    policies: z.array(z.string()),
    maximumDurationSeconds: z.int().positive().optional(),
  }),
  z.object({
    permission: z.string(),
    outcome: z.literal('obliged'),
    policies: z.array(z.string()),
    obligations: Obligations,
    maximumDurationSeconds: z.int().positive().optional(),
  }),
  z.object({ permission: z.string(), outcome: z.literal('denied'), policies: z.array(z.string()) }),
]);
export type PermissionDecision = z.infer<typeof PermissionDecision>;

/** The decision about a request: each permission by itself, and the evidence that counted. */
export const AccessDecision = z.object({
  permissions: z.array(PermissionDecision),
  evidence: z.array(z.string()),
  /** The longest time that all that was permitted or may be approved allows, and that was asked for. */
  durationSeconds: z.int().positive(),
  decidedAtEpochSeconds: z.int(),
});
export type AccessDecision = z.infer<typeof AccessDecision>;

/** What follows from a decision for the whole request. */
export type DecisionOutcome = 'permitted' | 'approval_required' | 'step_up_required' | 'denied';

/**
 * A request goes on with the permissions that can be had as things are: those permitted, and those that an
 * approval would permit. Only where there is none of them does a step-up or a denial decide its fate.
 */
export function outcomeOf(permissions: readonly PermissionDecision[]): DecisionOutcome {
  if (permissions.some(needsApprovalOnly)) return 'approval_required';
  if (permissions.some(({ outcome }) => outcome === 'permitted')) return 'permitted';
  return permissions.some(({ outcome }) => outcome === 'obliged') ? 'step_up_required' : 'denied';
}

/** The permissions that a grant may hold without a step-up: what is permitted, and what approval permits. */
export function attainable(permissions: readonly PermissionDecision[]): PermissionDecision[] {
  return permissions.filter((decision) => decision.outcome === 'permitted' || needsApprovalOnly(decision));
}

/** The lowest level that a step-up would have to reach for the request to go on, undefined where none would help. */
export function stepUpWanted(permissions: readonly PermissionDecision[]): 1 | 2 | 3 | undefined {
  const levels = permissions.flatMap((decision) =>
    decision.outcome === 'obliged' ? (decision.obligations.stepUpAal ?? []) : [],
  );
  return ([1, 2, 3] as const).find((aal) => levels.includes(aal));
}

function needsApprovalOnly(decision: PermissionDecision): boolean {
  return decision.outcome === 'obliged' && decision.obligations.stepUpAal === undefined;
}
