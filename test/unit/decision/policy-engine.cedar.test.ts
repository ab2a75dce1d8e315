import { describe, expect, test } from 'vitest';
import { deployedPolicies } from '../../../cdk/read-policies.ts';
import { compilePolicies } from '../../../lambdas/decision/compile-policies.cedar.ts';
import { decidePermission } from '../../../lambdas/decision/decide.ts';
import { cedarPolicyEngine } from '../../../lambdas/decision/policy-engine.cedar.ts';
import type { PolicyContext } from '../../../lambdas/decision/policy-engine.port.ts';
import { targetResource } from '../../../lambdas/decision/resource.ts';
import type { Channel } from '../../../lambdas/platform/channel.ts';
import type { Target } from '../../../lambdas/platform/deployment.ts';
import { nothingProven } from '../../../lambdas/verification/assurance.ts';
import type { Aal } from '../../../lambdas/verification/evidence.ts';
import type { Principal } from '../../../lambdas/verification/principal.ts';
import {
  dana,
  deployBot,
  HOUR,
  machine,
  omar,
  person,
  ticketing,
  triageBot,
} from '../../support/access-case.ts';

const engine = cedarPolicyEngine(deployedPolicies());

const web: Target = { ...ticketing, id: 'ticketing-web' };
const staging: Target = { ...ticketing, environment: 'staging' };
const payroll: Target = { ...ticketing, system: 'payroll' };
const account = machine('service_account', 'nightly', 'omar', 'deployments');
const promoted = machine('agent', 'promoted-bot', 'dana', 'engineering', 'deployments');

function ask(
  principal: Principal,
  permission: string,
  target: Target,
  channel: Channel,
  assurance: PolicyContext['assurance'],
  approved = false,
) {
  const { permitted, determining } = engine.answer({
    principal,
    permission: `tickets:${permission}`,
    resource: targetResource(target),
    context: { channel, assurance, approved, delegated: false, requestedDurationSeconds: HOUR },
  });
  return [permitted ? 'permitted' : 'denied', ...determining.map(({ id }) => id).sort()];
}

describe('people', () => {
  test.for<[Principal, string, Target, Channel, Aal, boolean, string[]]>([
    [dana, 'read', ticketing, 'web', 1, false, ['permitted', 'engineers-read-tickets']],
    [dana, 'read', web, 'desktop', 2, false, ['permitted', 'engineers-read-tickets']],
    [dana, 'read', staging, 'web', 1, false, ['permitted', 'engineers-read-tickets']],
    [dana, 'read', ticketing, 'web', 0, false, ['denied']],
    [dana, 'read', payroll, 'web', 3, true, ['denied']],
    [dana, 'comment', ticketing, 'web', 1, false, ['permitted', 'engineers-comment-on-tickets']],
    [dana, 'delete', ticketing, 'web', 3, false, ['denied']],
    [dana, 'delete', ticketing, 'web', 1, true, ['denied']],
    [dana, 'delete', ticketing, 'web', 2, true, ['permitted', 'engineers-delete-tickets-when-approved']],
    [dana, 'delete', web, 'web', 3, true, ['denied']],
    [omar, 'read', ticketing, 'web', 3, true, ['denied']],
    [person('nobody'), 'read', ticketing, 'web', 3, true, ['denied']],
    [dana, 'close', ticketing, 'web', 3, true, ['denied']],
  ])(
    '%#: $0.id, tickets:$1, $2.id, $3, AAL $4',
    ([who, permission, target, channel, aal, approved, answer]) => {
      expect(ask(who, permission, target, channel, { ...nothingProven, aal }, approved)).toEqual(answer);
    },
  );
});

describe('machines', () => {
  test.for<[Principal, string, Target, boolean, boolean, string[]]>([
    [triageBot, 'read', ticketing, true, false, ['permitted', 'triage-agents-read-tickets']],
    [triageBot, 'read', ticketing, false, false, ['denied', 'machines-are-attested']],
    [triageBot, 'comment', ticketing, true, false, ['denied']],
    [triageBot, 'comment', ticketing, true, true, ['permitted', 'triage-agents-comment-when-approved']],
    [triageBot, 'comment', web, true, true, ['denied']],
    [triageBot, 'delete', ticketing, true, true, ['denied', 'agents-never-delete-tickets']],
    [promoted, 'delete', ticketing, true, true, ['denied', 'agents-never-delete-tickets']],
    [triageBot, 'read', staging, true, true, ['denied', 'agents-stay-in-their-environment']],
    [deployBot, 'read', ticketing, true, false, ['permitted', 'deployments-read-and-comment-on-tickets']],
    [deployBot, 'comment', ticketing, true, false, ['permitted', 'deployments-read-and-comment-on-tickets']],
    [deployBot, 'comment', ticketing, false, true, ['denied', 'machines-are-attested']],
    [deployBot, 'delete', ticketing, true, true, ['denied']],
    [deployBot, 'read', staging, true, true, ['denied', 'workloads-stay-in-their-environment']],
    [account, 'read', ticketing, true, false, ['permitted', 'deployments-read-and-comment-on-tickets']],
    [account, 'read', staging, true, true, ['denied', 'service-accounts-stay-in-their-environment']],
  ])(
    '%#: $0.id, tickets:$1, $2.environment, attested: $3',
    ([who, permission, target, attested, approved, answer]) => {
      expect(ask(who, permission, target, 'machine', { ...nothingProven, attested }, approved)).toEqual(
        answer,
      );
    },
  );
});

describe('what a permit says of itself', () => {
  const decide = (principal: Principal, permission: string, aal: Aal) =>
    decidePermission(engine, permission, {
      parties: [principal],
      resource: targetResource(ticketing),
      channel: 'web',
      assurance: { ...nothingProven, aal, attested: true },
      provenByActors: {},
      requestedDurationSeconds: HOUR,
      approvals: [],
    });

  test('deleting asks a weak session to step up and two strong owners to approve, for half an hour', () => {
    expect(decide(dana, 'tickets:delete', 1)).toMatchObject({
      outcome: 'obliged',
      obligations: { approvals: [{ approvers: 'ops-owners', quorum: 2, approverAal: 2 }], stepUpAal: 2 },
      maximumDurationSeconds: HOUR / 2,
    });
  });

  test('a quorum that is not said is one approver', () => {
    expect(decide(triageBot, 'tickets:comment', 0)).toMatchObject({
      obligations: { approvals: [{ approvers: 'ops-owners', quorum: 1, approverAal: 2 }] },
    });
  });
});

describe('other policies', () => {
  const SCHEMA = `namespace Sallyport {
    entity Group;
    entity User in [Group];
    entity System;
    entity Target in [System] = { environment: String };
    action harmless;
    action reading in [harmless];
    action destroying;
    action "tickets:read" in [reading] appliesTo {
      principal: User, resource: Target, context: { assurance: { aal: Long }, approved: Bool }
    };
    action "tickets:delete" in [destroying] appliesTo {
      principal: User, resource: Target, context: { assurance: { aal: Long }, approved: Bool }
    };
  }`;
  const compiled = (texts: Record<string, string>, annotations: Record<string, string> = {}) => {
    const terms = Object.entries(annotations).map(([name, value]) => `@${name}("${value}")`);
    const policies = Object.entries(texts).map(([id, text]) => `@id("${id}") ${terms.join(' ')} ${text}`);
    const compilation = compilePolicies({ 'a.cedarschema': SCHEMA, 'a.cedar': policies.join('\n') });
    if ('problems' in compilation) throw new Error(compilation.problems.join('\n'));
    return compilation.compiled;
  };
  const answerOf = (
    texts: Record<string, string>,
    annotations: Record<string, string> = {},
    approved = false,
  ) =>
    cedarPolicyEngine(compiled(texts, annotations)).answer({
      principal: dana,
      permission: 'tickets:read',
      resource: targetResource(ticketing),
      context: {
        channel: 'web',
        assurance: { ...nothingProven, aal: 1, attested: false },
        approved,
        delegated: false,
        requestedDurationSeconds: HOUR,
      },
    });
  const permit = 'permit (principal, action, resource);';

  test('a forbid that cannot be evaluated denies', () => {
    const overflow =
      'forbid (principal, action, resource) when { 9223372036854775807 + context.assurance.aal < 0 };';
    expect(answerOf({ permit }).permitted).toBe(true);
    expect(answerOf({ permit, overflow }).permitted).toBe(false);
  });

  test.for<[string, boolean]>([
    ['reading', true],
    ['harmless', true],
    ['destroying', false],
  ])('a forbid of the group %s holds for an action in it, also through another group', ([group, holds]) => {
    const forbid = `forbid (principal, action in Sallyport::Action::"${group}", resource);`;
    expect(answerOf({ permit, forbid }).permitted).toBe(!holds);
  });

  test('a principal that Cedar cannot even name is denied', () => {
    const { permitted } = cedarPolicyEngine(compiled({ permit })).answer({
      principal: { ...dana, groups: [undefined as unknown as string] },
      permission: 'tickets:read',
      resource: targetResource(ticketing),
      context: {
        channel: 'web',
        assurance: { ...nothingProven, aal: 1, attested: false },
        approved: false,
        delegated: false,
        requestedDurationSeconds: HOUR,
      },
    });
    expect(permitted).toBe(false);
  });

  test('what is no Unicode is denied, and thousands of it stop nobody’s decisions', () => {
    const some = cedarPolicyEngine(compiled({ permit }));
    const asked = (group: string) =>
      some.answer({
        principal: { ...dana, groups: [group] },
        permission: 'tickets:read',
        resource: targetResource(ticketing),
        context: {
          channel: 'web',
          assurance: { ...nothingProven, aal: 1, attested: false },
          approved: false,
          delegated: false,
          requestedDurationSeconds: HOUR,
        },
      }).permitted;
    // Cedar's memory was spent after some 1,500.
    for (let time = 0; time < 3000; time += 1) expect(asked('\ud800')).toBe(false);
    expect(asked('engineering')).toBe(true);
  });

  test('without any policy everything is denied', () => {
    expect(answerOf({})).toEqual({ permitted: false, determining: [], couldPermit: [] });
  });

  test('annotations become terms', () => {
    const annotations = {
      max_duration: 'PT2H',
      approvers: 'g',
      quorum: '3',
      approver_assurance: 'nist-aal3',
    };
    const whenApproved = 'permit (principal, action, resource) when { context.approved };';
    expect(answerOf({ permit: whenApproved }, annotations, true).determining).toEqual([
      {
        id: 'permit',
        maximumDurationSeconds: 2 * HOUR,
        approval: { approvers: 'g', quorum: 3, approverAal: 3 },
      },
    ]);
  });
});
