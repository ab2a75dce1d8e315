import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { partyDocument, timeDocument } from '../platform/documents.ts';
import { timestamp } from '../platform/duration.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { Caller } from '../verification/caller.ts';
import type { Obligations } from './access-decision.ts';
import {
  ACCESS_REQUEST_PATH,
  type EvaluationAnswer,
  type EvaluationBody,
  REQUEST_SCHEMA_PATH,
} from './authzen.routes.ts';
import { type Circumstances, decidePermission } from './decide.ts';
import type { DecisionRecord } from './decision-record.port.ts';
import type { DenialBindings } from './denial-bindings.port.ts';
import { type BoundDenial, DENIAL_SECONDS, type DeniedQuestion, membersOf } from './denied-question.ts';
import { obligationsOf } from './obligations.ts';
import type { Policies, PolicySetEngine } from './policies.port.ts';
import type { PolicyEngine } from './policy-engine.port.ts';
import { questionResolver, type Resolved, type Unresolvable } from './question.ts';
import { recordedRequest } from './recorded-request.ts';
import { type CountingApproval, countingApproval, showsApproval } from './shown-approval.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly policies: Policies;
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly denials: DenialBindings;
  /** The base URL of the API. */
  readonly issuer: string;
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
  denials,
  issuer,
  record,
}: Dependencies) {
  const resolve = questionResolver({ deployment, ledger, clock });

  return async (caller: Caller, body: EvaluationBody): Promise<EvaluationAnswer> => {
    const question = await resolve(caller, body);
    const answer = await answered(await policies.current(), question, body);
    record?.decided(caller, answer, 'refused' in question ? undefined : recordedRequest(question));
    return answer;
  };

  async function answered(
    engine: PolicySetEngine,
    question: Resolved | { readonly refused: Unresolvable },
    body: EvaluationBody,
  ): Promise<EvaluationAnswer> {
    const id = ids.next();
    const evaluated = {
      evaluated_at: timestamp(clock.nowEpochMilliseconds()),
      policy_set: engine.policySet,
    };
    if ('refused' in question) {
      if (question.refused === 'groups_in_a_cycle') record?.groupsInACycle(body.subject.id);
      const reason = question.refused === 'too_much_said' ? question.refused : 'unknown_or_inactive';
      return { decision: false, context: { evaluation_id: id, ...evaluated, reason, policies: [] } };
    }
    const now = epochSeconds(clock);
    const asked = whatIsAsked(engine, question);
    const { target } = question.circumstances.resource;
    const approval = await countingApproval(ledger, body.context, { ...asked, target: target.id }, now);
    const decision = decidePermission(
      engine,
      question.permission,
      approval === undefined ? question.circumstances : underApproval(question.circumstances, approval, now),
    );
    const { outcome } = decision;
    const requestable =
      outcome === 'obliged' && decision.obligations.approvals.length > 0
        ? await requestableDenial(
            { ...asked, id, expiresAtEpochSeconds: now + DENIAL_SECONDS },
            decision.obligations,
          )
        : undefined;
    const reason =
      approval === undefined && showsApproval(body.context) && requestable !== undefined
        ? 'approval_not_applicable'
        : outcome;
    return {
      decision: outcome === 'permitted',
      context: {
        evaluation_id: requestable?.evaluationId ?? id,
        ...evaluated,
        policies: decision.policies,
        ...(outcome === 'permitted' ? {} : { reason }),
        ...(outcome === 'obliged' ? { obligations: obligationsOf(decision.obligations) } : {}),
        ...(requestable === undefined ? {} : { access_request: requestable.document }),
        ...(approval === undefined
          ? {}
          : { approval: { id: approval.id, approved_until: timeDocument(approval.untilEpochSeconds) } }),
      },
    };
  }

  async function requestableDenial(denial: BoundDenial, { approvals }: Obligations) {
    const { evaluationId, bindingToken } = await denials.bind(denial);
    return {
      evaluationId,
      document: {
        endpoint: issuer + ACCESS_REQUEST_PATH,
        expires_at: timeDocument(denial.expiresAtEpochSeconds),
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
