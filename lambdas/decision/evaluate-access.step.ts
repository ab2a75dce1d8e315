import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { partyDocument, timeDocument } from '../platform/documents.ts';
import { timestamp } from '../platform/duration.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { Caller } from '../verification/caller.ts';
import type { PermissionDecision } from './access-decision.ts';
import {
  ACCESS_REQUEST_PATH,
  type EvaluationAnswer,
  type EvaluationBody,
  REQUEST_SCHEMA_PATH,
} from './authzen.routes.ts';
import { type Circumstances, decidePermission } from './decide.ts';
import type { DecisionRecord } from './decision-record.port.ts';
import type { DenialBindings } from './denial-bindings.port.ts';
import { DENIAL_SECONDS, type DeniedQuestion, membersOf } from './denied-question.ts';
import { obligationsOf } from './obligations.ts';
import type { Policies } from './policies.port.ts';
import type { PolicyEngine } from './policy-engine.port.ts';
import { questionResolver, type Resolved } from './question.ts';
import { recordedRequest } from './recorded-request.ts';
import { type CountingApproval, countingApproval, showsApproval } from './shown-approval.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly policies: Policies;
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** What a denial that can be followed to a request needs. None where nobody is told of denials. */
  readonly requestable?: {
    readonly denials: DenialBindings;
    /** The base URL of the API. */
    readonly issuer: string;
  };
  /** None where questions are tried out that nobody has asked. */
  readonly record?: DecisionRecord;
}

/**
 * One AuthZEN evaluation. What cannot be resolved is denied; a denial that an approval would turn into a permit says how
 * to ask for one, and an approval that is shown counts if it is for just this.
 * @throws Problem 403 where somebody asks about others who may not
 */
export function evaluateAccess({
  deployment,
  policies,
  ledger,
  clock,
  ids,
  requestable,
  record,
}: Dependencies) {
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
      if (question.refused === 'groups_in_a_cycle') record?.groupsInACycle(body.subject.id);
      const reason = question.refused === 'too_much_said' ? question.refused : 'unknown_or_inactive';
      const answer = { decision: false, context: { ...evaluated, reason, policies: [] } };
      record?.decided(caller, answer, undefined);
      return answer;
    }
    const asked = whatIsAsked(engine, question);
    const { target } = question.circumstances.resource;
    const now = epochSeconds(clock);
    const approval = await countingApproval(ledger, body.context, { ...asked, target: target.id }, now);
    const circumstances =
      approval === undefined ? question.circumstances : underApproval(question.circumstances, approval, now);
    const decision = decidePermission(engine, question.permission, circumstances);
    const answer: EvaluationAnswer = {
      decision: decision.outcome === 'permitted',
      context: {
        ...evaluated,
        policies: decision.policies,
        ...(decision.outcome === 'permitted' ? {} : { reason: decision.outcome }),
        ...(decision.outcome === 'obliged' ? { obligations: obligationsOf(decision.obligations) } : {}),
        ...(await wayToAsk(asked, evaluated.evaluation_id, decision, now)),
        ...(approval === undefined
          ? approvalRefused(body, decision)
          : { approval: { id: approval.id, approved_until: timeDocument(approval.untilEpochSeconds) } }),
      },
    };
    record?.decided(caller, answer, recordedRequest({ ...question, circumstances }));
    return answer;
  };

  /** How a denial that an approval would turn into a permit is followed to a request; nothing to any other decision. */
  async function wayToAsk(asked: DeniedQuestion, id: string, decision: PermissionDecision, now: number) {
    const approvals = decision.outcome === 'obliged' ? decision.obligations.approvals : [];
    if (requestable === undefined || approvals.length === 0) return {};
    const { denials, issuer } = requestable;
    const expiresAtEpochSeconds = now + DENIAL_SECONDS;
    const { evaluationId, bindingToken } = await denials.bind({ ...asked, id, expiresAtEpochSeconds });
    return {
      evaluation_id: evaluationId,
      access_request: {
        endpoint: issuer + ACCESS_REQUEST_PATH,
        expires_at: timeDocument(expiresAtEpochSeconds),
        binding_token: bindingToken,
        request_schema_url: issuer + REQUEST_SCHEMA_PATH,
        display: {
          title: 'Approval is needed',
          description: approvals
            .map(({ approvers, quorum }) => `${quorum} of ${approvers} can approve this.`)
            .join(' '),
        },
      },
    };
  }
}

/** Whoever shows an approval that does not count, where one would, is told so. */
function approvalRefused({ context }: EvaluationBody, decision: PermissionDecision) {
  const wanted = decision.outcome === 'obliged' && decision.obligations.approvals.length > 0;
  return wanted && showsApproval(context) ? { reason: 'approval_not_applicable' } : {};
}

/** The question as it can be repeated: of what was said from outside, what policies can look at. */
function whatIsAsked(engine: PolicyEngine, { permission, circumstances }: Resolved): DeniedQuestion {
  const { parties, resource, said } = circumstances;
  const [subject, ...actors] = parties.map(partyDocument) as [DeniedQuestion['subject']];
  const declared = engine.declaredFor(resource.type, permission);
  const properties = membersOf(resource.properties, declared.properties);
  const context = membersOf(said, declared.circumstances);
  return {
    subject,
    actors,
    action: permission,
    resource: { type: resource.type, id: resource.id, ...(properties === undefined ? {} : { properties }) },
    ...(context === undefined ? {} : { context }),
  };
}

/** An approval counts for what is left of its time. */
function underApproval(circumstances: Circumstances, approval: CountingApproval, now: number): Circumstances {
  const left = approval.untilEpochSeconds - now;
  return {
    ...circumstances,
    approvals: approval.approvals,
    requestedDurationSeconds: Math.min(circumstances.requestedDurationSeconds, left),
  };
}
