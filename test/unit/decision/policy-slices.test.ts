import { policyToJson, preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { CompiledPolicies } from '../../../lambdas/decision/compiled-policies.ts';
import { type Circumstances, decidePermission, questionOf } from '../../../lambdas/decision/decide.ts';
import { cedarPolicyEngine } from '../../../lambdas/decision/policy-engine.cedar.ts';
import type {
  PolicyAnswer,
  PolicyJudge,
  PolicyQuestion,
} from '../../../lambdas/decision/policy-engine.port.ts';
import { cedarQuestion } from '../../../lambdas/decision/question.cedar.ts';
import { targetResource } from '../../../lambdas/decision/resource.ts';
import { factsOf } from '../../../lambdas/decision/schema-facts.cedar.ts';
import { log } from '../../../lambdas/platform/logger.powertools.ts';
import { nothingProven } from '../../../lambdas/verification/assurance.ts';
import { HOUR, machine, person, ticketing } from '../../support/access-case.ts';

fc.configureGlobal({ seed: 20260105, numRuns: 100 });
// Many of the policies fail to evaluate, each of which is logged.
vi.spyOn(log, 'warn').mockReturnValue();

const SCHEMA = `namespace Sallyport {
  entity Group;
  entity User in [Group];
  entity Agent in [Group] = { environment: String, owner: User };
  entity System;
  entity Target in [System] = { environment: String };
  action all;
  action reading in [all];
  action read, list in [reading] appliesTo { principal: [User, Agent], resource: Target };
  action write in [all] appliesTo { principal: [User, Agent], resource: Target };
  action alone appliesTo { principal: [User, Agent], resource: Target };
}`;

const principalScopes = [
  'principal',
  'principal is Sallyport::User',
  'principal == Sallyport::User::"ann"',
  'principal in Sallyport::User::"ann"',
  'principal in Sallyport::Group::"red"',
  'principal is Sallyport::Agent in Sallyport::Group::"blue"',
];
const actionScopes = [
  'action',
  'action == Sallyport::Action::"read"',
  'action in Sallyport::Action::"reading"',
  'action in [Sallyport::Action::"write", Sallyport::Action::"alone"]',
  'action in Sallyport::Action::"all"',
];
const resourceScopes = [
  'resource',
  'resource is Sallyport::Target',
  'resource == Sallyport::Target::"one"',
  'resource in Sallyport::Target::"one"',
  'resource in Sallyport::System::"ours"',
  'resource is Sallyport::Target in Sallyport::System::"ours"',
];
const WHOLE = 'whole';

/** Some use the context in a way that names nothing, some fail to evaluate. */
const conditions = [
  '',
  'when { context.approved }',
  'when { context.approved }',
  'when { context.approved }',
  'when { context.assurance.aal >= 2 }',
  'unless { context has assurance.seconds_since_proofing }',
  'when { context has "channel" && context["channel"] == "voice" }',
  'when { context == {"approved": true} }',
  'when { context.assurance == {"aal": 1} }',
  'when { context.assurance.aal >= 1 && !context.assurance.attested }',
  'when { context has assurance && context.assurance.risk == "low" }',
  'when { (if context.approved then principal else resource) has environment }',
  'when { principal["own\\u{65}r"] == Sallyport::User::"ann" }',
  'when { principal has owner && principal.owner == Sallyport::User::"ann" }',
  'when { context // the channel\n .channel != "web" }',
  'when { action in Sallyport::Action::"reading" || action == Sallyport::Action::"alone" }',
  'when { principal in Sallyport::Group::"blue" && resource in Sallyport::System::"ours" }',
  'when { principal.environment == resource.environment }',
];

const policyTexts = fc.array(
  fc
    .tuple(
      fc.constantFrom('permit', 'permit', 'forbid'),
      fc.constantFrom(...principalScopes),
      fc.constantFrom(...actionScopes),
      fc.constantFrom(...resourceScopes),
      fc.constantFrom(...conditions),
    )
    .map(([effect, principal, action, resource, condition]) => {
      return `${effect} (${principal}, ${action}, ${resource}) ${condition};`;
    }),
  { minLength: 1, maxLength: 12 },
);

const groups = fc.subarray(['red', 'blue', 'green']);
const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  parties: fc
    .tuple(fc.constantFrom('ann', 'ben', 'bot'), groups)
    .map(([id, of]) => [id === 'bot' ? machine('agent', id, 'ann', ...of) : person(id, ...of)] as const),
  resource: fc
    .record({ id: fc.constantFrom('one', 'two'), system: fc.constantFrom('ours', 'theirs') })
    .map((over) => targetResource({ ...ticketing, ...over })),
  channel: fc.constantFrom('web', 'voice'),
  assurance: fc.constantFrom(0, 1, 2).map((aal) => ({ ...nothingProven, aal: aal as 0 | 1 | 2 })),
  provenByActors: fc.constant({}),
  requestedDurationSeconds: fc.constant(HOUR),
  approvals: fc.constantFrom([], [{ approvers: 'owners', quorum: 1, approverAal: 1 as const }]),
});
const permissions = fc.constantFrom('read', 'list', 'write', 'alone');

/** A permit that asks for an approval names its approvers, as the compiler demands. */
function compiled(texts: readonly string[]): CompiledPolicies {
  const facts = factsOf(SCHEMA);
  if ('problem' in facts) throw new Error(facts.problem.message);
  const policies = texts.map((text, place) => {
    const answer = policyToJson(text);
    if (answer.type === 'failure') throw new Error(`${text}: ${answer.errors[0]?.message}`);
    const { effect } = answer.json;
    const wantsApproval = effect === 'permit' && text.includes('approved');
    return {
      id: `policy-${place}`,
      file: 'random.cedar',
      line: place + 1,
      text,
      effect,
      annotations: wantsApproval ? { approvers: 'owners' } : {},
      scope: facts.scopeOf(answer.json),
    };
  });
  return { resources: facts.resources, policies };
}

/** Has Cedar keep all of them. */
function parsedWhole({ policies }: CompiledPolicies): void {
  preparsePolicySet(WHOLE, {
    staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])),
  });
}

/** Every policy is asked, with all that is known of the question. */
function askedWhole({ resources }: CompiledPolicies, asked: PolicyQuestion) {
  const question = cedarQuestion(resources, asked)?.question;
  const action = resources['target']?.actions[asked.permission];
  if (question === undefined || action === undefined) throw new Error('The schema knows no such question');
  const result = statefulIsAuthorized({
    ...question,
    entities: [
      ...question.entities.filter(({ uid }) => JSON.stringify(uid) !== JSON.stringify(action.uid)),
      { uid: action.uid, attrs: {}, parents: action.groups },
    ],
    preparsedPolicySetId: WHOLE,
  });
  if (result.type === 'failure') throw new Error(result.errors[0]?.message);
  const { decision, diagnostics } = result.response;
  return {
    permitted: decision === 'allow' && diagnostics.errors.length === 0,
    determining: diagnostics.reason.toSorted(),
  };
}

test('policies give the answers that they give all together, whatever part of them is asked', () => {
  const outcomes = new Set<boolean>();
  fc.assert(
    fc.property(
      policyTexts,
      fc.array(fc.tuple(permissions, circumstances), { minLength: 3, maxLength: 4 }),
      (texts, asked) => {
        const policies = compiled(texts);
        const engine = cedarPolicyEngine(policies);
        parsedWhole(policies);
        for (const [permission, about] of asked) {
          const question = questionOf(about.parties[0], permission, about);
          const { permitted, determining } = engine.answer(question);
          expect({ permitted, determining: determining.map(({ id }) => id).toSorted() }).toEqual(
            askedWhole(policies, question),
          );
          outcomes.add(permitted);
        }
        engine.release();
      },
    ),
  );
  expect(outcomes.size).toBe(2);
});

test('a decision is the same whether it is known which permits could be about it or not', () => {
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(policyTexts, permissions, circumstances, (texts, permission, about) => {
      const engine = cedarPolicyEngine(compiled(texts));
      const unknowing: PolicyJudge = {
        answer: (question): PolicyAnswer => {
          const { couldPermit: _, ...answer } = engine.answer(question);
          return answer;
        },
      };
      const decision = decidePermission(engine, permission, about);
      expect(decision).toEqual(decidePermission(unknowing, permission, about));
      outcomes.add(decision.outcome);
      engine.release();
    }),
  );
  expect(outcomes).toEqual(new Set(['permitted', 'obliged', 'denied']));
});
