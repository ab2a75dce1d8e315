import type { Channel } from '../platform/channel.ts';
import type { Target } from '../platform/deployment.ts';
import type { Aal } from '../verification/assurance.ts';
import type { Principal } from '../verification/principal.ts';
import {
  type ApprovalRequirement,
  type Obligations,
  type PermissionDecision,
  strictestByGroup,
} from './access-decision.ts';
import type { PolicyAnswer, PolicyEngine, PolicyTerms } from './policy-engine.port.ts';

/** Everything about a request but its permissions. */
export interface Circumstances {
  /** The principal and everyone who acts for it: each must be permitted. */
  readonly parties: readonly [Principal, ...Principal[]];
  readonly target: Target;
  readonly channel: Channel;
  readonly assurance: { readonly aal: Aal; readonly attested: boolean };
  readonly requestedDurationSeconds: number;
  /** True when the approvals have been given: at a claim, for an approved grant. */
  readonly approved: boolean;
}

/** One hypothesis about what the requester could still bring. */
interface Rung {
  readonly approved: boolean;
  readonly aal: Aal;
}

/**
 * Decides one permission. A denial is asked again under hypotheses, the cheapest for people first: with
 * approval, with the next assurance level, with both, and so on up to the highest level. The first that
 * permits says what the requester would have to bring; if none does, the denial is final.
 */
export function decidePermission(
  engine: PolicyEngine,
  permission: string,
  circumstances: Circumstances,
): PermissionDecision {
  const actual: Rung = { approved: circumstances.approved, aal: circumstances.assurance.aal };
  const first = ask(engine, permission, circumstances, actual);
  if (first.permitted) {
    return { permission, outcome: 'permitted', policies: first.policies, ...durationOf(first) };
  }
  for (const rung of ladder(circumstances, actual)) {
    const answer = ask(engine, permission, circumstances, rung);
    if (!answer.permitted) continue;
    const newlyApproved = rung.approved && !actual.approved;
    // A permit that wants an approval and does not say whose can be had from nobody.
    if (newlyApproved && answer.approvals.length === 0) continue;
    const obligations: Obligations = {
      approvals: newlyApproved ? answer.approvals : [],
      ...(rung.aal !== actual.aal && rung.aal !== 0 ? { stepUpAal: rung.aal } : {}),
    };
    return { permission, outcome: 'obliged', policies: answer.policies, obligations, ...durationOf(answer) };
  }
  return { permission, outcome: 'denied', policies: first.policies };
}

function ladder({ parties }: Circumstances, actual: Rung): Rung[] {
  // A machine cannot step up; only a person's own request climbs.
  const higher = parties[0].kind === 'user' ? ([1, 2, 3] as const).filter((aal) => aal > actual.aal) : [];
  const rungs = [actual.aal, ...higher].flatMap((aal) => [
    { approved: actual.approved, aal },
    { approved: true, aal },
  ]);
  return rungs.filter((rung) => rung.aal !== actual.aal || rung.approved !== actual.approved);
}

interface JointAnswer {
  readonly permitted: boolean;
  readonly policies: string[];
  readonly approvals: ApprovalRequirement[];
  readonly maximumDurationSeconds: number | undefined;
}

/** The answer for all parties together: every one of them must be permitted under the same hypothesis. */
function ask(
  engine: PolicyEngine,
  permission: string,
  circumstances: Circumstances,
  rung: Rung,
): JointAnswer {
  const { parties, target, channel, assurance, requestedDurationSeconds } = circumstances;
  const answers = parties.map((principal) =>
    engine.answer({
      principal,
      permission,
      target,
      context: {
        channel,
        assurance: { ...assurance, aal: rung.aal },
        approved: rung.approved,
        delegated: parties.length > 1,
        requestedDurationSeconds,
      },
    }),
  );
  const refusing = answers.filter(({ permitted }) => !permitted);
  if (refusing.length > 0) {
    return { permitted: false, policies: idsOf(refusing), approvals: [], maximumDurationSeconds: undefined };
  }
  const chosen = answers.map(({ determining }) => leastDemanding(determining));
  return {
    permitted: true,
    policies: idsOf(answers),
    approvals: strictestByGroup(chosen.flatMap((terms) => terms?.approval ?? [])),
    maximumDurationSeconds: shortest(chosen.map((terms) => terms?.maximumDurationSeconds)),
  };
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

function idsOf(answers: readonly PolicyAnswer[]): string[] {
  return [...new Set(answers.flatMap(({ determining }) => determining.map(({ id }) => id)))].sort();
}
