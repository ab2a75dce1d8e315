import * as z from 'zod';
import { Channel } from '../platform/channel.ts';
import { Duration, durationSeconds, formatDuration } from '../platform/duration.ts';
import { acrOf } from '../verification/assurance.ts';
import { type Principal, PrincipalKind } from '../verification/principal.ts';
import type { ApprovalRequirement, Obligations, PermissionDecision } from './access-decision.ts';
import { type Circumstances, decidePermission } from './decide.ts';
import type { PolicyJudge } from './policy-engine.port.ts';
import { ProvenDocument, provenDocument, provenOf } from './proven-document.ts';
import { type Resource, TARGET } from './resource.ts';

const Name = z.string().min(1).max(256);
const Acr = z.enum(['nist-aal1', 'nist-aal2', 'nist-aal3']);

/** Of a machine that a request says neither of. */
const unspoken = { owner: 'nobody', environment: 'production' } as const;

/** A principal as the directory knew it. */
const PartyDocument = z.strictObject({
  type: PrincipalKind,
  id: Name,
  groups: z.array(Name).default([]),
  roles: z.array(Name).default([]),
  /** Of a person. */
  email: Name.optional(),
  /** Of a machine. */
  owner: Name.default(unspoken.owner),
  environment: Name.default(unspoken.environment),
});

const ApprovalDocument = z.strictObject({
  approvers: Name,
  quorum: z.int().positive().default(1),
  approver_acr: Acr.default('nist-aal1'),
});

/**
 * An AuthZEN request with all that its decision depended on, so that any policies can be asked again without the
 * directory, the sessions and the deployment of that moment.
 */
export const RecordedRequest = z.strictObject({
  subject: PartyDocument,
  action: z.strictObject({ name: Name }),
  resource: z
    .strictObject({
      type: Name,
      id: Name,
      target: Name.optional().meta({ description: 'The target that it belongs to; a target is its own' }),
      system: Name,
      environment: Name.default('production'),
      properties: z.record(z.string(), z.unknown()).default({}),
    })
    .refine(({ type, target }) => (type === TARGET) === (target === undefined), {
      message: 'a target stands for itself; anything else names the target that it belongs to',
    }),
  context: z
    .strictObject({
      channel: Channel.optional().meta({ description: 'Of a person web, of a machine machine, unless said' }),
      assurance: ProvenDocument.optional(),
      /** Who acts for the subject, nearest first. */
      actors: z.array(PartyDocument.extend({ assurance: ProvenDocument.optional() })).default([]),
      requested_duration: Duration.default('PT1H'),
      /** What an enforcement point said; the schema says what of it counts. */
      said: z.record(z.string(), z.unknown()).default({}),
      /** What was approved before: at a claim, for an approved grant. */
      approvals: z.array(ApprovalDocument).default([]),
    })
    .prefault({}),
});
export type RecordedRequest = z.infer<typeof RecordedRequest>;

/**
 * What was asked, so that it can be asked again. Only what our own records say: where an enforcement point has said more
 * that may count, the request is not whole without it, and what others say is written into no log. Nor are people's
 * addresses, so that what policies decide by those alone is asked again without.
 * @returns undefined where it cannot be asked again
 */
export function recordedRequest({
  permission,
  circumstances,
}: {
  readonly permission: string;
  readonly circumstances: Circumstances;
}): RecordedRequest | undefined {
  const { parties, resource, channel, assurance, provenByActors, said = {} } = circumstances;
  const saysMore = Object.keys(said).some((name) => name !== 'requested_duration');
  if (saysMore || Object.keys(resource.properties).length > 0) return undefined;
  const [principal, ...actors] = parties;
  const { type, id, target } = resource;
  return {
    subject: partyDocument(principal),
    action: { name: permission },
    resource: {
      type,
      id,
      ...(type === TARGET ? {} : { target: target.id }),
      system: target.system,
      environment: target.environment,
      properties: {},
    },
    context: {
      channel,
      assurance: provenDocument(assurance),
      actors: actors.map((actor) => {
        const proven = provenByActors[actor.id];
        return {
          ...partyDocument(actor),
          ...(proven === undefined ? {} : { assurance: provenDocument(proven) }),
        };
      }),
      requested_duration: formatDuration(circumstances.requestedDurationSeconds),
      said: {},
      approvals: circumstances.approvals.map(approvalDocument),
    },
  };
}

function partyDocument(principal: Principal): z.infer<typeof PartyDocument> {
  const { kind, id, groups, roles = [] } = principal;
  const common = { type: kind, id, groups: [...groups], roles: [...roles] };
  return principal.kind === 'user'
    ? { ...common, ...unspoken }
    : { ...common, owner: principal.owner, environment: principal.environment };
}

function approvalDocument({ approvers, quorum, approverAal }: ApprovalRequirement) {
  return { approvers, quorum, approver_acr: Acr.parse(acrOf(approverAal)) };
}

/** What would turn a denial into a permit. */
export const ObligationsDocument = z.strictObject({
  step_up: Acr.optional(),
  approvals: z.array(ApprovalDocument).optional(),
});
export type ObligationsDocument = z.infer<typeof ObligationsDocument>;

/** What was decided, as far as a change of policies may change it. */
export interface DecisionDocument {
  readonly decision: PermissionDecision['outcome'];
  /** The policies that determined it, by name. */
  readonly policies: readonly string[];
  readonly obligations: ObligationsDocument;
}

/** What the policies of this engine say to the request. */
export function decideRecorded(engine: PolicyJudge, request: RecordedRequest): DecisionDocument {
  const decided = decidePermission(engine, request.action.name, circumstancesOf(request));
  return {
    decision: decided.outcome,
    policies: decided.policies,
    obligations: decided.outcome === 'obliged' ? obligationsDocument(decided.obligations) : {},
  };
}

function circumstancesOf({ subject, action, resource, context }: RecordedRequest): Circumstances {
  const channel = context.channel ?? (subject.type === 'user' ? 'web' : 'machine');
  const provenByActors = context.actors
    .filter(({ type }) => type === 'user')
    .map(({ id, assurance }) => [id, provenOf(assurance)] as const);
  return {
    parties: [principalOf(subject), ...context.actors.map(principalOf)],
    resource: resourceOf(resource, action.name),
    channel,
    assurance: provenOf(context.assurance),
    provenByActors: Object.fromEntries(provenByActors),
    requestedDurationSeconds: durationSeconds(context.requested_duration) ?? 0,
    said: context.said,
    approvals: context.approvals.map(({ approvers, quorum, approver_acr: acr }) => ({
      approvers,
      quorum,
      approverAal: ([1, 2, 3] as const).find((aal) => acrOf(aal) === acr) ?? 1,
    })),
  };
}

function principalOf(party: z.infer<typeof PartyDocument>): Principal {
  const { type, id, groups, roles, email, owner, environment } = party;
  const known = { id, name: id, status: 'active', groups, roles } as const;
  if (type !== 'user') return { ...known, kind: type, owner, environment };
  return { ...known, kind: type, ...(email === undefined ? {} : { email }) };
}

function resourceOf(named: RecordedRequest['resource'], permission: string): Resource {
  const { type, id, target = id, system, environment, properties } = named;
  return {
    type,
    id,
    // Of whatever kind it was: policies know a target by these three.
    target: {
      id: target,
      system,
      environment,
      name: target,
      connector: 'enforced',
      resourceTypes: [type],
      permissions: [permission],
      maximumDuration: 'PT1H',
    },
    properties,
  };
}

function obligationsDocument({ stepUpAal, approvals }: Obligations): ObligationsDocument {
  return {
    ...(stepUpAal === undefined ? {} : { step_up: Acr.parse(acrOf(stepUpAal)) }),
    ...(approvals.length === 0
      ? {}
      : {
          approvals: approvals.map(approvalDocument),
        }),
  };
}
