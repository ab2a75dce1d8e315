import type { Clock } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { partyDocument, timeDocument } from '../platform/documents.ts';
import { timestamp } from '../platform/duration.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { acrOf } from '../verification/assurance.ts';
import type { Caller } from '../verification/caller.ts';
import { sessionType } from '../verification/session.ts';
import type { EvaluationBody } from './authzen.routes.ts';
import { type Circumstances, decidePermission, questionOf } from './decide.ts';
import type { Explanation, PolicyDocument } from './explanation.routes.ts';
import { obligationsOf } from './obligations.ts';
import type { Policies, PolicySetEngine } from './policies.port.ts';
import { questionResolver, type Subject } from './question.ts';

/** People read few. */
const MOST_NEAR_PERMITS = 3;

interface Dependencies {
  readonly deployment: Deployment;
  readonly policies: Policies;
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly clock: Clock;
}

/**
 * Says why a question is decided as it is, by which policies, on which evidence, and which permits lack the least. It is
 * answered as an evaluation would be, and changes nothing.
 * @throws Problem 403 where somebody asks about others who may not
 */
export function explainAccess({ deployment, policies, ledger, clock }: Dependencies) {
  const { enforcementPoints, auditors } = deployment.roles;
  const resolve = questionResolver({
    deployment,
    ledger,
    clock,
    askAboutOthers: [...enforcementPoints, ...auditors],
  });

  return async (caller: Caller, body: EvaluationBody): Promise<Explanation> => {
    const explained_at = timestamp(clock.nowEpochMilliseconds());
    const question = await resolve(caller, body);
    const engine = await policies.current();
    if ('refused' in question)
      return {
        decision: false,
        outcome: 'unresolved',
        reason: question.refused,
        explained_at,
        policy_set: engine.policySet,
        evidence: [],
        policies: [],
        parties: [],
      };
    const { permission, circumstances, subject } = question;
    const decision = decidePermission(engine, permission, circumstances);
    return {
      decision: decision.outcome === 'permitted',
      outcome: decision.outcome,
      explained_at,
      policy_set: engine.policySet,
      ...(await shown(subject)),
      policies: decision.policies.flatMap((id) => documented(engine, id)),
      ...(decision.outcome === 'obliged' ? { obligations: obligationsOf(decision.obligations) } : {}),
      parties: circumstances.parties.map((party) => explainParty(engine, party, permission, circumstances)),
    };
  };

  function explainParty(
    engine: PolicySetEngine,
    party: Circumstances['parties'][number],
    permission: string,
    circumstances: Circumstances,
  ): Explanation['parties'][number] {
    const question = questionOf(party, permission, circumstances);
    const { permitted, determining } = engine.answer(question);
    const near = permitted ? [] : engine.nearestPermits(question, MOST_NEAR_PERMITS);
    return {
      party: partyDocument(party),
      permitted,
      policies: determining.flatMap(({ id }) => documented(engine, id)),
      nearest_permits: near.flatMap(({ policy, unmet }) =>
        documented(engine, policy).map((one) => ({ ...one, unmet: [...unmet] })),
      ),
    };
  }

  function documented(engine: PolicySetEngine, id: string): PolicyDocument[] {
    const place = engine.placeOf(id);
    return place === undefined ? [] : [{ id, ...place }];
  }

  /** What the subject has shown, for people: the evidence that counts, not all that the session holds. */
  async function shown({ channel, session, assurance, evidence }: Subject) {
    const acr = acrOf(assurance.aal);
    const known = session === undefined ? undefined : (await ledger.read(sessionType, session))?.entity;
    return {
      channel,
      ...(session === undefined ? {} : { session }),
      assurance: {
        ...(acr === undefined ? {} : { acr }),
        aal: assurance.aal,
        ial: assurance.ial,
        phishing_resistant: assurance.phishingResistant,
        attested: assurance.attested,
        risk: assurance.risk,
      },
      evidence: (known?.evidence ?? [])
        .filter(({ id }) => evidence.includes(id))
        .map(({ id, of, channel: where, method, observedAtEpochSeconds, expiresAtEpochSeconds }) => ({
          id,
          of,
          channel: where,
          method,
          observed_at: timeDocument(observedAtEpochSeconds),
          expires_at: timeDocument(expiresAtEpochSeconds),
        })),
    };
  }
}
