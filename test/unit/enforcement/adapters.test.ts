import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demoDeployment } from '../../../demo/deployment.ts';
import type { EvaluationBody } from '../../../lambdas/decision/authzen.routes.ts';
import { authorizeRequest, questionInHeaders } from '../../../lambdas/enforcement/authorize-request.step.ts';
import { authorizeToolCall } from '../../../lambdas/enforcement/authorize-tool-call.step.ts';
import { AccessReview, ToolCallBody } from '../../../lambdas/enforcement/enforcement.routes.ts';
import type { Evaluate } from '../../../lambdas/enforcement/question-asked.ts';
import { reviewAccess } from '../../../lambdas/enforcement/review-access.step.ts';
import { DeploymentSchema } from '../../../lambdas/platform/deployment.ts';
import { Problem } from '../../../lambdas/platform/problem.ts';
import type { Caller } from '../../../lambdas/verification/caller.ts';

const deployment = DeploymentSchema.parse(demoDeployment({}));

const enforcementPoint: Caller = {
  principal: {
    id: 'shop-cluster',
    kind: 'service_account',
    name: 'An enforcement point',
    status: 'active',
    groups: ['policy-enforcement-points'],
    owner: 'owner',
    environment: 'production',
  },
  actors: [],
  session: 's-1',
  txn: 't-1',
  channel: 'machine',
  assurance: {
    aal: 0,
    ial: 0,
    phishingResistant: false,
    attested: true,
    risk: 'low',
    posture: {},
    amr: [],
    evidence: [],
  },
  provenByActors: {},
};

/** Any evaluation at all, and what it was asked. */
function evaluation(outcome: 'permitted' | 'denied' | 'obliged') {
  const asked: EvaluationBody[] = [];
  const evaluate: Evaluate = async (_caller, body) => {
    asked.push(body);
    return {
      decision: outcome === 'permitted',
      context: {
        evaluation_id: 'e-1',
        evaluated_at: '2026-01-01T00:00:00Z',
        policy_set: 'deployed',
        policies: [],
        ...(outcome === 'permitted' ? {} : { reason: outcome }),
        ...(outcome === 'obliged'
          ? { obligations: [{ id: 'step-up', type: 'step-up', properties: { acr_value: 'nist-aal2' } }] }
          : {}),
      },
    };
  };
  return { evaluate, asked };
}

const outcomes = fc.constantFrom('permitted' as const, 'denied' as const, 'obliged' as const);
/** Words of the rules, and words of none. */
const words = fc.constantFrom(
  'orders-db',
  'ops',
  'engineer',
  'todo-1',
  'pods:read',
  'act',
  '',
  '*',
  '..',
  'a/b',
  'system:x',
);

const settled = <Answer>(answer: Promise<Answer>): Promise<Answer | Problem> =>
  answer.catch((error) => {
    if (error instanceof Problem) return error;
    throw error;
  });

describe('an adapter permits just what the evaluation of the mapped question permits', () => {
  it('for a cluster, and denies of what it maps all else', async () => {
    const resource = fc.record({
      verb: fc.constantFrom('get', 'list', 'pods:read', '*', ''),
      group: fc.constantFrom('', 'apps', 'access.sallyport.example', 'todo.example'),
      resource: fc.constantFrom('pods', 'targets', 'todos', '*'),
      subresource: fc.constantFrom('', 'exec'),
      namespace: fc.constantFrom('', 'shop', 'other'),
      name: words,
    });
    const path = fc.record({
      verb: fc.constantFrom('get', 'post'),
      path: fc.constantFrom('/metrics/a', '/metrics//a', '/x'),
    });
    const users = fc.constantFrom(
      'sallyport:engineer',
      'sallyport:',
      'system:node:a',
      'system:serviceaccount:shop:deploy',
      '',
    );
    const specs = fc.oneof(
      fc.record({ user: users, resourceAttributes: resource }),
      fc.record({ user: users, nonResourceAttributes: path }),
    );
    await fc.assert(
      fc.asyncProperty(outcomes, specs, async (outcome, spec) => {
        const { evaluate, asked } = evaluation(outcome);
        const review = AccessReview.parse({
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec,
        });
        const { status } = await reviewAccess({ deployment, evaluate })(enforcementPoint, review);
        expect(asked.length).toBeLessThanOrEqual(1);
        expect(status.allowed).toBe(asked.length === 1 && outcome === 'permitted');
        expect(status.allowed && status.denied === true).toBe(false);
        if (asked.length === 1) expect(status.denied ?? false).toBe(outcome !== 'permitted');
      }),
    );
  });

  it('for a proxy', async () => {
    const segments = fc.array(fc.oneof(words, fc.constantFrom('orders', 'targets', 'todos', 'projects')), {
      maxLength: 4,
    });
    const requests = fc.record({
      'x-original-uri': segments.map((all) => `/${all.join('/')}`),
      'x-original-method': fc.constantFrom('GET', 'POST', 'get', 'DELETE'),
      'x-original-host': fc.constantFrom('tickets.example', 'other.example', ''),
    });
    await fc.assert(
      fc.asyncProperty(outcomes, requests, async (outcome, request) => {
        const { evaluate, asked } = evaluation(outcome);
        const headers = { ...request, 'x-sallyport-subject': 'user/engineer' };
        const authorize = authorizeRequest({ deployment, evaluate });
        const answer = await settled(authorize(enforcementPoint, questionInHeaders(headers), headers));
        expect(asked.length).toBeLessThanOrEqual(1);
        expect(answer instanceof Problem).toBe(asked.length === 0 || outcome !== 'permitted');
        if (answer instanceof Problem)
          expect(answer.status).toBe(asked.length === 1 && outcome === 'obliged' ? 401 : 403);
      }),
    );
  });

  it('for an MCP gateway', async () => {
    const calls = fc.record({
      server: fc.constantFrom('ticketing', 'targets', 'todos', 'other'),
      name: fc.constantFrom('list_tickets', 'act', 'drop'),
      arguments: fc.dictionary(
        fc.constantFrom('project', 'target', 'action', 'todo', 'owner'),
        fc.oneof(words, fc.integer(), fc.boolean(), fc.array(words), fc.constant(null)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(outcomes, calls, async (outcome, { server, ...params }) => {
        const { evaluate, asked } = evaluation(outcome);
        const request = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
        const body = ToolCallBody.parse({ server, subject: { type: 'user', id: 'engineer' }, request });
        const answer = await settled(authorizeToolCall({ deployment, evaluate })(enforcementPoint, body));
        expect(asked.length).toBe(answer instanceof Problem ? 0 : 1);
        if (answer instanceof Problem) return;
        expect(answer.decision).toBe(outcome === 'permitted');
        expect(answer.error === undefined).toBe(answer.decision);
      }),
    );
  });
});

describe('an approval that an agent was given', () => {
  it('goes along with its call, whatever it is', async () => {
    const approval = { id: 'a-1', state: 'x' };
    const { evaluate, asked } = evaluation('permitted');
    const params = {
      name: 'list_tickets',
      arguments: { project: 'ops' },
      _meta: { 'sallyport.example/approval': approval },
    };
    const request = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
    const subject = { type: 'user', id: 'engineer' };
    const body = ToolCallBody.parse({ server: 'ticketing', subject, context: { place: 'here' }, request });
    await authorizeToolCall({ deployment, evaluate })(enforcementPoint, body);
    expect(asked).toEqual([
      {
        subject,
        action: { name: 'tickets:read' },
        resource: { type: 'target', id: 'ticketing-ops' },
        context: { place: 'here', approval },
      },
    ]);
  });

  it('is named by a proxy', async () => {
    const { evaluate, asked } = evaluation('permitted');
    const headers = {
      'x-original-uri': '/orders',
      'x-original-method': 'GET',
      'x-sallyport-subject': 'user/engineer',
      'x-sallyport-approval': 'a-1',
    };
    await authorizeRequest({ deployment, evaluate })(enforcementPoint, questionInHeaders(headers), headers);
    expect(asked).toMatchObject([{ context: { approval: { id: 'a-1' } } }]);
  });
});

it('is no proxy’s answer where the names of those who act got lost', async () => {
  const { evaluate, asked } = evaluation('permitted');
  const headers = {
    'x-original-uri': '/orders',
    'x-original-method': 'GET',
    'x-sallyport-subject': 'user/engineer',
    'x-sallyport-session': 's-1',
  };
  const authorize = authorizeRequest({ deployment, evaluate });
  for (const actors of ['', ' ', ',', 'triage-bot,'])
    await expect(
      authorize(enforcementPoint, questionInHeaders(headers), { ...headers, 'x-sallyport-actors': actors }),
    ).rejects.toMatchObject({ status: 400 });
  expect(asked).toEqual([]);
});
