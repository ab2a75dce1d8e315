import type { Channel } from '../platform/channel.ts';
import type { ProvenFacts } from '../verification/assurance.ts';
import type { Aal } from '../verification/evidence.ts';
import type { Principal } from '../verification/principal.ts';
import {
  type ApprovalRequirement,
  type Obligations,
  type PermissionDecision,
  strictestByGroup,
} from './access-decision.ts';
import type {
  PolicyAnswer,
  PolicyContext,
  PolicyJudge,
  PolicyQuestion,
  PolicyTerms,
} from './policy-engine.port.ts';
import type { Resource } from './resource.ts';

/** Everything about a request but its permissions. */
export interface Circumstances {
  /** The principal and everyone who acts for it: each must be permitted. */
  readonly parties: readonly [Principal, ...Principal[]];
  readonly resource: Resource;
  readonly channel: Channel;
  /** What is proven of the principal, and so of the machines that act for it. */
  readonly assurance: ProvenFacts;
  /** What each person who acts for the principal has proven of themself, by their id. */
  readonly provenByActors: Readonly<Record<string, ProvenFacts>>;
  readonly requestedDurationSeconds: number;
  /** What an enforcement point says of the circumstances. */
  readonly said?: PolicyContext['circumstances'];
  /** The approvals that were given for this permission: at a claim, for an approved grant. */
  readonly approvals: readonly ApprovalRequirement[];
}

/** One hypothesis about what the requester could still bring. */
interface Rung {
  readonly approved: boolean;
  /** The level that each person below it steps up to; 0: they stay as they are. */
  readonly aal: Aal;
}

/**
 * Decides one permission. A denial is asked again under hypotheses, the cheapest for people first: with
 * approval, with the next assurance level, with both, and so on up to the highest level. The first that
 * permits says what the requester would have to bring; if none does, the denial is final.
 */
export function decidePermission(
  engine: PolicyJudge,
  permission: string,
  circumstances: Circumstances,
): PermissionDecision {
  const asked = remembering(engine);
  const first = ask(asked, permission, circumstances, { approved: false, aal: 0 });
  if (first.permitted) {
    return { permission, outcome: 'permitted', policies: first.policies, ...durationOf(first) };
  }
  if (first.isFinal) return { permission, outcome: 'denied', policies: first.policies };
  for (const rung of ladder(circumstances)) {
    const answer = ask(asked, permission, circumstances, rung);
    if (!answer.permitted) continue;
    const obligations: Obligations = {
      approvals: answer.approvals,
      ...(rung.aal === 0 ? {} : { stepUpAal: rung.aal }),
    };
    return { permission, outcome: 'obliged', policies: answer.policies, obligations, ...durationOf(answer) };
  }
  return { permission, outcome: 'denied', policies: first.policies };
}

/** The lowest level at which a person's session would permit all of these as things are, undefined where none would. */
export function stepUpThatPermits(
  engine: PolicyJudge,
  circumstances: readonly (readonly [permission: string, Circumstances])[],
): 1 | 2 | 3 | undefined {
  return ([1, 2, 3] as const).find((aal) =>
    circumstances.every(([permission, { parties, assurance, ...others }]) => {
      const supposed = { ...others, parties, assurance: afterStepUp(assurance, aal) };
      return (
        parties[0].kind === 'user' &&
        aal >= assurance.aal &&
        decidePermission(engine, permission, supposed).outcome === 'permitted'
      );
    }),
  );
}

/** Within one decision the rungs ask some questions again. */
function remembering(engine: PolicyJudge): PolicyJudge {
  const answers = new Map<string, PolicyAnswer>();
  return {
    answer(question) {
      const { principal, context } = question;
      const key = JSON.stringify([principal.id, context.assurance, context.approved]);
      const answer = answers.get(key) ?? engine.answer(question);
      answers.set(key, answer);
      return answer;
    },
  };
}

function ladder({ parties, assurance, provenByActors }: Circumstances): Rung[] {
  // A machine cannot step up; only a person's own request climbs. The level that it has may be wanted afresh.
  const weakest = Math.min(assurance.aal, ...Object.values(provenByActors).map(({ aal }) => aal));
  const higher = parties[0].kind === 'user' ? ([1, 2, 3] as const).filter((aal) => aal >= weakest) : [];
  const rungs = [0 as const, ...higher].flatMap((aal) => [
    { approved: false, aal },
    { approved: true, aal },
  ]);
  return rungs.slice(1);
}

interface JointAnswer {
  readonly permitted: boolean;
  /** Nothing that the requester could bring changes it. */
  readonly isFinal: boolean;
  readonly policies: string[];
  readonly approvals: ApprovalRequirement[];
  readonly maximumDurationSeconds: number | undefined;
}

/** The answer for all parties together: every one of them must be permitted under the same hypothesis. */
function ask(engine: PolicyJudge, permission: string, circumstances: Circumstances, rung: Rung): JointAnswer {
  const answers = circumstances.parties.map((party) =>
    askParty(engine, party, permission, circumstances, rung),
  );
  const refusing = answers.filter(({ permits }) => permits.length === 0);
  if (refusing.length > 0) {
    const policies = idsOf(refusing.flatMap(({ determining }) => determining));
    const isFinal = refusing.some(({ couldPermit }) => couldPermit?.length === 0);
    return { permitted: false, isFinal, policies, approvals: [], maximumDurationSeconds: undefined };
  }
  const chosen = answers.map(({ permits }) => leastDemanding(permits));
  return {
    permitted: true,
    isFinal: true,
    policies: idsOf(answers.flatMap(({ permits }) => permits)),
    approvals: strictestByGroup(chosen.flatMap((terms) => terms?.approval ?? [])),
    maximumDurationSeconds: shortest(chosen.map((terms) => terms?.maximumDurationSeconds)),
  };
}

interface PartyAnswer extends Pick<PolicyAnswer, 'determining' | 'couldPermit'> {
  /** The permits that hold; none: refused. */
  readonly permits: readonly PolicyTerms[];
}

/**
 * One party's answer, by what that party itself has proven; a machine is judged by what its person has. A permit
 * that names approvers holds only when just they have approved, or are supposed to, whatever its conditions say;
 * and one that holds only under an approval must name approvers, or it can be had from nobody.
 */
function askParty(
  engine: PolicyJudge,
  principal: Principal,
  permission: string,
  circumstances: Circumstances,
  rung: Rung,
): PartyAnswer {
  const { approvals } = circumstances;
  const question = questionOf(principal, permission, circumstances);
  const proven = question.context.assurance;
  const supposed = rung.aal !== 0 && rung.aal >= proven.aal ? afterStepUp(proven, rung.aal) : proven;
  const answer = (approved: boolean): PartyAnswer => {
    const given = engine.answer({
      ...question,
      context: { ...question.context, assurance: supposed, approved },
    });
    return { ...given, permits: given.permitted ? given.determining : [] };
  };
  const asItIs = answer(false);
  const unconditional = asItIs.permits.filter(({ approval }) => approval === undefined);
  const couldBeApproved = asItIs.couldPermit?.some(({ approval }) => approval !== undefined) ?? true;
  const supposesApproval = (rung.approved && couldBeApproved) || approvals.length > 0;
  if (unconditional.length > 0 || !supposesApproval) return { ...asItIs, permits: unconditional };
  const underApproval = answer(true);
  const permits = underApproval.permits.filter(
    ({ approval }) => approval !== undefined && (rung.approved || isCovered(approval, approvals)),
  );
  return { ...underApproval, permits };
}

/** What is asked about one party as things are, by what that party itself has proven. */
export function questionOf(
  principal: Principal,
  permission: string,
  { parties, resource, channel, assurance, provenByActors, requestedDurationSeconds, said }: Circumstances,
): PolicyQuestion {
  return {
    principal,
    permission,
    resource,
    context: {
      channel,
      assurance: provenByActors[principal.id] ?? assurance,
      approved: false,
      delegated: parties.length > 1,
      requestedDurationSeconds,
      ...(said === undefined ? {} : { circumstances: said }),
    },
  };
}

/** What would be proven after the best step-up to that level: by a passkey, and it answers the signals before it. */
function afterStepUp(assurance: ProvenFacts, aal: Aal): ProvenFacts {
  return { ...assurance, aal, phishingResistant: true, secondsSinceAuthentication: 0, risk: 'low' };
}

function isCovered(needed: ApprovalRequirement, given: readonly ApprovalRequirement[]): boolean {
  return given.some(
    ({ approvers, quorum, approverAal }) =>
      approvers === needed.approvers && quorum >= needed.quorum && approverAal >= needed.approverAal,
  );
}

/**
 * Any one of several permits suffices. Taken is the one that asks for nobody's approval, then for the fewest
 * people's, then the one that permits the longest time, then the first by name.
 */
function leastDemanding(permits: readonly PolicyTerms[]): PolicyTerms | undefined {
  const quorum = (terms: PolicyTerms) => terms.approval?.quorum ?? 0;
  const duration = (terms: PolicyTerms) => terms.maximumDurationSeconds ?? Number.POSITIVE_INFINITY;
  return [...permits].sort(
    (a, b) => quorum(a) - quorum(b) || duration(b) - duration(a) || (a.id < b.id ? -1 : 1),
  )[0];
}

function shortest(durations: readonly (number | undefined)[]): number | undefined {
  const given = durations.filter((duration) => duration !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

function durationOf({ maximumDurationSeconds }: JointAnswer): { maximumDurationSeconds?: number } {
  return maximumDurationSeconds === undefined ? {} : { maximumDurationSeconds };
}

function idsOf(terms: readonly PolicyTerms[]): string[] {
  return [...new Set(terms.map(({ id }) => id))].sort();
}
