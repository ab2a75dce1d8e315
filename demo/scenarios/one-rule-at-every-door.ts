import { policiesDirectory, readPolicySources } from '../../cdk/read-policies.ts';
import { ApiClient } from '../api-client.ts';
import { startOrdersApi } from '../orders-api.ts';
import { expect, type Scenario } from '../scenario.ts';
import { startToolGateway } from '../tool-gateway.ts';

/** As long as it may take until a switch is in force everywhere. */
const SWITCH_MILLISECONDS = 10_000;

const RULE = `
// Whoever is on call for customers sees what runs, what was ordered and what is reported, and changes nothing of it.
@id("support-sees-production")
@max_duration("PT1H")
permit (
  principal in Sallyport::Group::"support",
  action in [Sallyport::Action::"pods:read", Sallyport::Action::"orders:read", Sallyport::Action::"tickets:read"],
  resource
)
when { resource.environment == "production" && context.assurance.aal >= 1 };
`;

const TESTS = `
cases:
  - name: support sees the orders of production
    request:
      subject: { type: user, id: support-agent, groups: [support] }
      action: { name: orders:read }
      resource: { type: target, id: orders-db, system: orders }
      context: { assurance: { aal: 1 } }
    decision: permitted
    policies: [support-sees-production]
`;

/** A rule is changed in one place, by two people, and seen wherever access is enforced. */
export const oneRuleAtEveryDoor: Scenario = {
  name: 'One rule is changed once, and seen at a cluster, an internal API and a tool gateway; one call takes it back',

  async play(world, step) {
    const { apiUrl } = world.sallyport;
    const [orders, tools] = await Promise.all([
      startOrdersApi({ apiUrl, port: 0 }),
      startToolGateway({ apiUrl, port: 0 }),
    ]);
    world.backends.cluster.trust({ issuer: apiUrl, authenticate: () => world.token('shop-cluster') });
    try {
      await play();
    } finally {
      await Promise.all([orders.stop(), tools.stop()]);
    }

    async function play(): Promise<void> {
      const token = await step('somebody from support signs in, once', () => world.token('support-agent'));

      /** What each door says to the same person: to the cluster, the API, the tools of the ticketing system. */
      const letIn = async () => {
        const pods = await new ApiClient(world.backends.cluster.url, token).get(
          '/api/v1/namespaces/shop/pods',
        );
        const listed = await new ApiClient(orders.url, token).get('/orders');
        const called = await new ApiClient(tools.url, token).post('/mcp/ticketing', {
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'list_tickets', arguments: { project: 'ops' } },
        });
        return [pods.status === 200, listed.status === 200, called.body.result !== undefined];
      };

      await step(
        'the cluster, the orders API and the ticketing tools each ask, and turn them away',
        async () => {
          expect('let in', await letIn(), [false, false, false]);
        },
      );

      const author = await world.as('policy-author');
      const set = await step('one rule is written, with its test, and proposed', async () => {
        const files = {
          ...readPolicySources(policiesDirectory),
          'on-call.cedar': RULE,
          'on-call.test.yaml': TESTS,
        };
        const { status, body } = await author.post('/v1/policy-sets', {
          files,
          justification: 'Support is on call for the launch',
        });
        expect(
          'proposal',
          [status, body.policy_set?.changes.policies.added.first],
          [201, ['support-sees-production']],
        );
        return body.policy_set.id as string;
      });

      await step('who wrote it cannot put it in force', async () => {
        const { status, body } = await author.post(`/v1/policy-sets/${set}/activation`);
        expect('refusal', [status, body.type], [403, 'urn:sallyport:problem:own-proposal']);
      });

      const reviewer = await world.as('policy-reviewer');
      await step('a second person does; nothing is deployed', async () => {
        const { status, body } = await reviewer.post(`/v1/policy-sets/${set}/activation`);
        expect('activation', [status, body.active], [200, set]);
      });

      await step('within ten seconds every door lets them in', async () => {
        await world.leap(SWITCH_MILLISECONDS);
        expect('let in', await letIn(), [true, true, true]);
      });

      await step('whoever asks why is told the rule, with its file and line', async () => {
        const { body } = await new ApiClient(apiUrl, token).post('/v1/explain', {
          subject: { type: 'user', id: 'support-agent' },
          action: { name: 'orders:read' },
          resource: { type: 'target', id: 'orders-db' },
        });
        const [policy] = body.policies;
        expect(
          'policy',
          [policy.id, policy.file, policy.line],
          ['support-sees-production', 'on-call.cedar', 3],
        );
      });

      await step('one call takes it back, and every door is shut again', async () => {
        const { status } = await reviewer.post('/v1/policy-sets/rollback', {
          policy_set: set,
          reason: 'The launch is over',
        });
        expect('rollback', status, 200);
        await world.leap(SWITCH_MILLISECONDS);
        expect('let in', await letIn(), [false, false, false]);
      });

      await step(
        'who proposed, put in force and took back stands in the audit chain of the set',
        async () => {
          const responder = await world.as('responder');
          const { body } = await responder.get(`/v1/audit/${set}`);
          const told = body.events.map(({ type, who }: Told) => [type, who.principal]);
          expect('events', told, [
            ['policy-set.proposed', { kind: 'user', id: 'policy-author' }],
            ['policy-set.activated', { kind: 'user', id: 'policy-reviewer' }],
            ['policy-set.rolled-back', { kind: 'user', id: 'policy-reviewer' }],
          ]);
        },
      );
    }
  },
};

interface Told {
  readonly type: string;
  readonly who: { readonly principal: object };
}
