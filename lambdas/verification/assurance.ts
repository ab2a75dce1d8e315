import type { Channel } from '../platform/channel.ts';
import { type AssuranceRules, assuranceRules } from './assurance-rules.ts';
import type { Aal, Evidence, RiskLevel, RiskSignal } from './evidence.ts';

/** How a session came into a channel: opened there, or handed over from another. */
export interface Passage {
  readonly channel: Channel;
  readonly handedOver?:
    | {
        readonly from: Channel;
        /** What the one who took it over proved besides having the code. */
        readonly boundBy: 'code' | 'key' | 'authenticator';
        readonly atEpochSeconds: number;
      }
    | undefined;
}

/** What of a session its assurance depends on. */
export interface Proven {
  readonly principal: { readonly id: string };
  readonly evidence: readonly Evidence[];
  /** In the order in which they came. */
  readonly presences: readonly Passage[];
  readonly risks: readonly RiskSignal[];
}

/** What a session proves in one channel at one moment. Computed, never stored. */
export interface Assurance {
  readonly aal: Aal;
  /** Identity assurance level (NIST SP 800-63A-4): 2 where the person was proofed, else 0. */
  readonly ial: 0 | 2;
  readonly phishingResistant: boolean;
  /** An issuer that we trust attests a machine's identity. */
  readonly attested: boolean;
  /** What is said of where and how that machine runs. */
  readonly posture: Readonly<Record<string, string>>;
  /** When the person last authenticated for this level, in epoch seconds. */
  readonly authTimeEpochSeconds?: number | undefined;
  /** How long ago the person was last proofed. */
  readonly secondsSinceProofing?: number | undefined;
  readonly amr: readonly string[];
  /** The worst signal that nothing has answered. */
  readonly risk: RiskLevel;
  /** The ids of the evidence that the level rests on. */
  readonly evidence: readonly string[];
}

/** What policies may look at of an assurance. */
export type ProvenFacts = Pick<
  Assurance,
  'aal' | 'ial' | 'phishingResistant' | 'attested' | 'secondsSinceProofing' | 'risk'
>;

/** What is known of someone who has shown nothing. */
export const nothingProven: ProvenFacts = {
  aal: 0,
  ial: 0,
  phishingResistant: false,
  attested: false,
  risk: 'low',
};

const LEVELS = [3, 2, 1] as const;
type Level = (typeof LEVELS)[number];

/** Evidence in force, and the highest level that it may give in the channel asked about. */
interface Counting {
  readonly one: Evidence;
  readonly cap: Aal;
}

/**
 * The assurance of a session's principal in `channel` now. Evidence counts in the channel where it was observed,
 * and in another one only as far as a handoff has carried it. Taking evidence away, time and risk never raise it.
 */
export function assuranceOf(
  session: Proven,
  channel: Channel,
  nowEpochSeconds: number,
  rules: AssuranceRules = assuranceRules,
): Assurance {
  const counting = session.evidence.flatMap((one): Counting[] => {
    const isInForce =
      one.observedAtEpochSeconds <= nowEpochSeconds && nowEpochSeconds < one.expiresAtEpochSeconds;
    if (!isInForce || !rules.methods[one.method].channels.includes(one.channel)) return [];
    const cap = reachOf(one, channel, session.presences, rules);
    return cap === undefined ? [] : [{ one, cap }];
  });
  const ofPrincipal = counting.filter(({ one }) => one.of === session.principal.id);
  const achieved = achievedLevel(ofPrincipal, nowEpochSeconds, rules);
  const risk = standingRisk(session.risks, ofPrincipal, nowEpochSeconds, rules);
  const proofings = ofPrincipal
    .map(({ one }) => one)
    .filter((one) => isProofing(one, nowEpochSeconds, rules));
  const attestations = counting
    .map(({ one }) => one)
    .filter(({ method }) => rules.methods[method].of === 'machine');
  const { resting } = achieved;
  return {
    aal: Math.min(achieved.aal, rules.risk[risk].capsAal) as Aal,
    ial: proofings.length > 0 ? 2 : 0,
    phishingResistant: resting.length > 0 && resting.every(({ phishingResistant }) => phishingResistant),
    attested: attestations.length > 0,
    posture: newest(attestations)?.posture ?? {},
    authTimeEpochSeconds: oldest(resting)?.observedAtEpochSeconds,
    ...secondsSince(newest(proofings), nowEpochSeconds),
    amr: [...new Set(resting.flatMap(({ amr }) => amr))],
    risk,
    evidence: resting.map(({ id }) => id),
  };
}

/**
 * The highest level that a piece of evidence may give in `channel`, undefined where it does not count there. A
 * handoff carries what had been observed by then, and of that what had itself been carried before.
 */
function reachOf(
  evidence: Evidence,
  channel: Channel,
  presences: readonly Passage[],
  rules: AssuranceRules,
): Aal | undefined {
  if (evidence.channel === channel) return 3;
  const reaches = presences.flatMap(({ channel: to, handedOver }, index): Aal[] => {
    if (to !== channel || handedOver === undefined) return [];
    if (evidence.observedAtEpochSeconds > handedOver.atEpochSeconds) return [];
    const cap = handedOver.boundBy === 'code' ? rules.handoffs.byCodeAlone : 3;
    const between = rules.handoffs.caps[handedOver.from]?.[channel];
    const before = reachOf(evidence, handedOver.from, presences.slice(0, index), rules);
    return between === undefined || before === undefined ? [] : [Math.min(cap, between, before) as Aal];
  });
  return reaches.length === 0 ? undefined : (Math.max(...reaches) as Aal);
}

interface Achieved {
  readonly aal: Aal;
  /** What the level rests on. */
  readonly resting: readonly Evidence[];
}

/** The highest level for which there is evidence, and of that the newest. */
function achievedLevel(
  counting: readonly Counting[],
  nowEpochSeconds: number,
  rules: AssuranceRules,
): Achieved {
  for (const aal of LEVELS) {
    const candidates = counting
      .filter(({ one, cap }) => cap >= aal && mayGive(one, aal, nowEpochSeconds, rules))
      .map(({ one }) => one)
      .sort((a, b) => b.observedAtEpochSeconds - a.observedAtEpochSeconds);
    const resting = restingOn(candidates, aal, rules);
    if (resting.length > 0) return { aal, resting };
  }
  return { aal: 0, resting: [] };
}

/** A level whose reauthentication time is over counts as the next lower one. */
function mayGive(evidence: Evidence, aal: Level, nowEpochSeconds: number, rules: AssuranceRules): boolean {
  const method = rules.methods[evidence.method];
  const age = nowEpochSeconds - evidence.observedAtEpochSeconds;
  return method.of === 'person' && method.reaches >= aal && age < rules.levels[aal].lifetime;
}

/** What of the candidates, newest first, gives the level; nothing where they do not. */
function restingOn(candidates: readonly Evidence[], aal: Level, rules: AssuranceRules): readonly Evidence[] {
  const shows = (factor: Factor) => (evidence: Evidence) => factorsOf(evidence, rules).has(factor);
  const isMultiFactor = (evidence: Evidence) =>
    evidence.amr.includes('mfa') || factorsOf(evidence, rules).size >= 2;
  if (aal === 1) return candidates.slice(0, 1);
  if (aal === 3) {
    // Bound to hardware, with a second factor, in one act.
    const one = candidates.find(
      (evidence) => evidence.amr.includes('hwk') && factorsOf(evidence, rules).size >= 2,
    );
    return one === undefined ? [] : [one];
  }
  const alone = candidates.find(isMultiFactor);
  if (alone !== undefined) return [alone];
  // Two acts in one channel: something known there, and something held.
  const held = candidates.find(shows('held'));
  const known = candidates.find((one) => shows('known')(one) && one.channel === held?.channel);
  return held === undefined || known === undefined ? [] : [held, known];
}

type Factor = 'known' | 'held' | 'inherent';

function factorsOf({ amr }: Evidence, { factors }: AssuranceRules): ReadonlySet<Factor> {
  const all: readonly Factor[] = ['known', 'held', 'inherent'];
  return new Set(all.filter((factor) => amr.some((method) => factors[factor].includes(method))));
}

function isProofing(evidence: Evidence, nowEpochSeconds: number, rules: AssuranceRules): boolean {
  const method = rules.methods[evidence.method];
  return method.of === 'proofing' && nowEpochSeconds < evidence.observedAtEpochSeconds + method.lifetime;
}

/** A signal stands until its person has authenticated anew, strongly enough, for the channel asked about. */
function standingRisk(
  risks: readonly RiskSignal[],
  counting: readonly Counting[],
  nowEpochSeconds: number,
  rules: AssuranceRules,
): RiskLevel {
  const answers = (signal: RiskSignal) =>
    achievedLevel(
      counting.filter(({ one }) => one.observedAtEpochSeconds > signal.observedAtEpochSeconds),
      nowEpochSeconds,
      rules,
    ).aal >= rules.risk.answeredByAal;
  const standing = risks.filter((signal) => !answers(signal)).map(({ level }) => level);
  return (['high', 'elevated'] as const).find((level) => standing.includes(level)) ?? 'low';
}

function secondsSince(proofing: Evidence | undefined, now: number): { secondsSinceProofing?: number } {
  return proofing === undefined ? {} : { secondsSinceProofing: now - proofing.observedAtEpochSeconds };
}

function newest(evidence: readonly Evidence[]): Evidence | undefined {
  return evidence.toSorted((a, b) => b.observedAtEpochSeconds - a.observedAtEpochSeconds)[0];
}

function oldest(evidence: readonly Evidence[]): Evidence | undefined {
  return evidence.toSorted((a, b) => a.observedAtEpochSeconds - b.observedAtEpochSeconds)[0];
}

/** The `acr` value of a level (the names that CAEP uses for NIST AAL), or undefined for none. */
export function acrOf(aal: Aal): string | undefined {
  return aal === 0 ? undefined : `nist-aal${aal}`;
}
