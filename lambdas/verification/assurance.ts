import { type AssuranceRules, assuranceRules, type Factor } from './assurance-rules.ts';
import type { Aal, Evidence, RiskLevel, RiskSignal } from './evidence.ts';
import type { PrincipalKind } from './principal.ts';
import { type Passage, type Place, reachInto } from './reach.ts';

/** What of a session its assurance depends on. */
export interface Proven {
  readonly principal: { readonly kind: PrincipalKind; readonly id: string };
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
  /** Two factors were proven, the one that is held in a way that answers to its origin only (63B-4 §3.2.5). */
  readonly phishingResistant: boolean;
  /** An issuer that we trust attests a machine's identity. */
  readonly attested: boolean;
  /** What is said of where and how that machine runs. */
  readonly posture: Readonly<Record<string, string>>;
  /** The proof of it. */
  readonly origin?: Attestation | undefined;
  /** When the person last authenticated for this level, in epoch seconds. */
  readonly authTimeEpochSeconds?: number | undefined;
  /** How long ago the person was last proofed. */
  readonly secondsSinceProofing?: number | undefined;
  /** How long ago the person last proved two factors, at whatever level: a fresh AAL2 counts beside an old AAL3. */
  readonly secondsSinceAuthentication?: number | undefined;
  readonly amr: readonly string[];
  /** The worst signal that nothing has answered. */
  readonly risk: RiskLevel;
  /** The ids of the evidence that the level rests on. */
  readonly evidence: readonly string[];
}

/** Where a machine's identity comes from. */
export interface Attestation {
  /** The id of the evidence. */
  readonly evidence: string;
  readonly issuer: string;
  /** What the issuer calls its token. */
  readonly tokenId?: string | undefined;
}

/** What policies may look at of an assurance. */
export type ProvenFacts = Pick<
  Assurance,
  | 'aal'
  | 'ial'
  | 'phishingResistant'
  | 'attested'
  | 'secondsSinceAuthentication'
  | 'secondsSinceProofing'
  | 'risk'
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

/** Evidence in force that counts in the place asked about, and the highest level that it may give there. */
interface Counting {
  readonly one: Evidence;
  readonly reach: Aal;
}

/**
 * The assurance of a session's principal in a channel now: evidence counts where it was observed, and elsewhere
 * as far as handoffs carried it (`reach.ts`). Taking evidence away, time and risk never raise any of it.
 * @param place the channel, or the presence there whose parties ask
 */
export function assuranceOf(
  session: Proven,
  place: Place,
  nowEpochSeconds: number,
  rules: AssuranceRules = assuranceRules,
): Assurance {
  const reach = reachInto(place, session.presences, rules);
  const counting = session.evidence.flatMap((one): Counting[] => {
    if (one.observedAtEpochSeconds > nowEpochSeconds || nowEpochSeconds >= one.expiresAtEpochSeconds)
      return [];
    if (!(rules.methods[one.method].channels as readonly string[]).includes(one.channel)) return [];
    const reached = reach(one);
    return reached === undefined ? [] : [{ one, reach: reached }];
  });
  const ofPrincipal = counting.filter(({ one }) => one.of === session.principal.id);
  // Levels are for people.
  const acts =
    session.principal.kind === 'user'
      ? ofPrincipal.flatMap((each) => actOf(each, nowEpochSeconds, rules) ?? [])
      : [];
  const risk = standingRisk(session.risks, acts, rules);
  const most = rules.risk[risk].capsAal;
  const { aal, proof } = bestProof(acts, most);
  const twoFactorsProvenAt = most < 2 ? undefined : provenAt(proofOf(acts, 2));
  const proofing = newest(ofPrincipal.filter(({ one }) => isProofing(one, nowEpochSeconds, rules)));
  const attestation = newest(counting.filter(({ one }) => rules.methods[one.method].of === 'machine'));
  return {
    aal,
    ial: proofing === undefined ? 0 : 2,
    phishingResistant: most >= 2 && twoFactors(acts, isPhishingResistant).length > 0,
    attested: attestation !== undefined,
    posture: attestation?.posture ?? {},
    origin: attestation && {
      evidence: attestation.id,
      issuer: attestation.issuer,
      tokenId: attestation.tokenId,
    },
    authTimeEpochSeconds: provenAt(proof),
    ...(twoFactorsProvenAt === undefined
      ? {}
      : { secondsSinceAuthentication: nowEpochSeconds - twoFactorsProvenAt }),
    ...(proofing === undefined
      ? {}
      : { secondsSinceProofing: nowEpochSeconds - proofing.observedAtEpochSeconds }),
    amr: [...new Set(proof.flatMap(({ one }) => one.amr))],
    risk,
    evidence: proof.map(({ one }) => one.id),
  };
}

/** One authentication of the person. */
interface Act {
  readonly one: Evidence;
  readonly factors: ReadonlySet<Factor>;
  /** Two factors in this one act. */
  readonly isMultiFactor: boolean;
  /** What its method, its age and the way it came here let it give at the most. */
  readonly most: Aal;
}

/** An authentication that a piece of evidence tells of, undefined where it tells of none that counts. */
function actOf(
  { one, reach }: Counting,
  nowEpochSeconds: number,
  { methods, levels, factors }: AssuranceRules,
): Act | undefined {
  const method = methods[one.method];
  const { shownBy, nothing, circumstances } = factors;
  if (method.of !== 'person') return undefined;
  const namesNoAuthentication =
    one.amr.length > 0 && one.amr.every((name) => nothing.has(name) || circumstances.has(name));
  if (namesNoAuthentication) return undefined;
  const age = nowEpochSeconds - one.observedAtEpochSeconds;
  // A level whose reauthentication time is over counts as the next lower one.
  const most = LEVELS.find(
    (level) => level <= Math.min(method.reaches, reach) && age < levels[level].lifetime,
  );
  if (most === undefined) return undefined;
  const shown = new Set(one.amr.flatMap((name) => shownBy.get(name) ?? []));
  const isMultiFactor = isSaidToBeMultiFactor(one.amr, factors) || shown.size >= 2;
  return { one, most, factors: shown, isMultiFactor };
}

/** Whether an authentication shows something that its person holds. */
export function showsPossession(
  { amr }: Pick<Evidence, 'amr'>,
  { factors }: AssuranceRules = assuranceRules,
): boolean {
  return isSaidToBeMultiFactor(amr, factors) || amr.some((name) => factors.shownBy.get(name) === 'held');
}

/** An issuer that counts a text message among its factors says `mfa`, too. */
function isSaidToBeMultiFactor(amr: readonly string[], { nothing }: AssuranceRules['factors']): boolean {
  return amr.includes('mfa') && !amr.some((name) => nothing.has(name));
}

/** What gives a level: one act, or two. Empty where nothing does. */
type Proof = readonly Act[];

/** The highest level that is proven, up to a limit, and of that the newest proof. */
function bestProof(acts: readonly Act[], limit: Aal): { readonly aal: Aal; readonly proof: Proof } {
  for (const aal of LEVELS) {
    const proof = aal > limit ? [] : proofOf(acts, aal);
    if (proof.length > 0) return { aal, proof };
  }
  return { aal: 0, proof: [] };
}

/** The newest proof of a level, or of a higher one. */
function proofOf(acts: readonly Act[], level: Level): Proof {
  if (level === 2) return twoFactors(acts, () => true);
  return latest(acts.filter((act) => act.most >= level && (level === 1 || isAal3(act))).map((act) => [act]));
}

/**
 * Two factors by a key that does not leave its hardware and answers to its origin only, in one act (NIST SP
 * 800-63B-4 §2.3.2). A passkey says that its user was verified, and not by which factor.
 */
function isAal3(act: Act): boolean {
  return act.isMultiFactor && act.one.amr.includes('hwk') && isPhishingResistant(act);
}

function isPhishingResistant({ one }: Act): boolean {
  return one.phishingResistant;
}

/**
 * The newest proof of two factors (§2.2.1): a multi-factor act, or two in one channel, a password and something
 * held.
 * @param admits which acts may show what is held
 */
function twoFactors(acts: readonly Act[], admits: (act: Act) => boolean): Proof {
  const strong = acts.filter(({ most }) => most >= 2);
  const alone = strong.filter((act) => act.isMultiFactor && admits(act)).map((act): Proof => [act]);
  const pairs = [...new Set(strong.map(({ one }) => one.channel))].flatMap((channel): Proof[] => {
    const there = strong.filter(({ one }) => one.channel === channel).map((act): Proof => [act]);
    const held = latest(there.filter(([act]) => act?.factors.has('held') && admits(act)));
    const known = latest(there.filter(([act]) => act?.factors.has('known')));
    return held.length > 0 && known.length > 0 ? [[...held, ...known]] : [];
  });
  return latest([...alone, ...pairs]);
}

/** A proof is as old as the older of its acts. */
function provenAt(proof: Proof): number | undefined {
  if (proof.length === 0) return undefined;
  return Math.min(...proof.map(({ one }) => one.observedAtEpochSeconds));
}

function latest(proofs: readonly Proof[]): Proof {
  let best: Proof = [];
  for (const proof of proofs) {
    if ((provenAt(proof) ?? 0) > (provenAt(best) ?? Number.NEGATIVE_INFINITY)) best = proof;
  }
  return best;
}

function isProofing(evidence: Evidence, nowEpochSeconds: number, { methods }: AssuranceRules): boolean {
  const method = methods[evidence.method];
  return method.of === 'proofing' && nowEpochSeconds < evidence.observedAtEpochSeconds + method.lifetime;
}

function newest(counting: readonly Counting[]): Evidence | undefined {
  return counting
    .map(({ one }) => one)
    .reduce<Evidence | undefined>(
      (best, one) =>
        best === undefined || one.observedAtEpochSeconds > best.observedAtEpochSeconds ? one : best,
      undefined,
    );
}

/**
 * The worst signal that stands: it does until its person has authenticated anew, strongly enough, for the place
 * asked about. Proof of a level that is wholly newer than a signal exists where the newest proof of it is.
 */
function standingRisk(
  risks: readonly RiskSignal[],
  acts: readonly Act[],
  { risk: { answeredByAal } }: AssuranceRules,
): RiskLevel {
  if (risks.length === 0) return 'low';
  const answeredUntil = provenAt(proofOf(acts, answeredByAal)) ?? Number.NEGATIVE_INFINITY;
  const standing = new Set(
    risks
      .filter(({ observedAtEpochSeconds }) => observedAtEpochSeconds >= answeredUntil)
      .map(({ level }) => level),
  );
  return (['high', 'elevated'] as const).find((level) => standing.has(level)) ?? 'low';
}

/** The `acr` value of a level (the names that CAEP uses for NIST AAL), or undefined for none. */
export function acrOf(aal: Aal): string | undefined {
  return aal === 0 ? undefined : `nist-aal${aal}`;
}
