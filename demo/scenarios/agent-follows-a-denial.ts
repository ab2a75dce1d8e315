import { ApiClient } from '../api-client.ts';
import { expect, type Scenario } from '../scenario.ts';
import { startToolGateway } from '../tool-gateway.ts';

/** An agent that knows the standards, and nothing of Sallyport, gets from a refused tool call to an allowed one. */
export const agentFollowsADenial: Scenario = {
  name: 'An agent is refused the call of a tool, follows what the refusal says to an approval, and is let through',

  async play(world, step) {
    const tools = await startToolGateway({ apiUrl: world.sallyport.apiUrl, port: 0 });
    try {
      await play();
    } finally {
      await tools.stop();
    }

    async function play(): Promise<void> {
      const token = await step('triage-bot signs in, acting for the engineer', () =>
        world.token('triage-bot', { for: 'engineer' }),
      );
      /** The agent asks only what it is told to ask, where it is told to. */
      const agent = new ApiClient('', token);
      const call = async (more: object = {}) => {
        const params = {
          name: 'comment_on_ticket',
          arguments: { project: 'ops', ticket: 'OPS-1', body: 'Same cause as OPS-2.' },
          ...more,
        };
        const { body } = await agent.post(`${tools.url}/mcp/ticketing`, {
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params,
        });
        return body;
      };

      const denial = await step('it calls a tool through a gateway, and is refused', async () => {
        const { result, error } = await call();
        expect('refusal', [result, error.data.reason], [undefined, 'obliged']);
        return error.data;
      });

      const task = await step('the refusal says where to ask, until when, and for what', async () => {
        const { endpoint, expires_at, binding_token } = denial.access_request;
        const { status, body } = await agent.post(endpoint, {
          subject: { type: 'user', id: 'engineer' },
          action: { name: 'tickets:comment' },
          resource: { type: 'target', id: 'ticketing-ops' },
          context: { business_justification: 'The reporters of OPS-1 wait for an answer' },
          requested_access: { requested_duration: 'PT20M' },
          denial: { binding_token, expires_at },
        });
        expect('task', [status, body.task.status], [202, 'pending']);
        return body.task;
      });

      await step('an owner of OPS reads what the agent wants, and why, and approves', async () => {
        await world.runtime.settled();
        const owner = await world.as('owner');
        const { body } = await owner.get('/v1/approvals?status=pending');
        const [pending] = body.approvals;
        expect(
          'pending',
          [pending.permissions, pending.duration, pending.justification],
          [['tickets:comment'], 'PT20M', 'The reporters of OPS-1 wait for an answer'],
        );
        const { status } = await owner.post(`/v1/approvals/${pending.id}/decision`, { decision: 'approve' });
        expect('status', status, 200);
        await world.runtime.settled();
      });

      const approval = await step('the task says that it is approved, and until when', async () => {
        const { body } = await agent.get(task.status_endpoint);
        expect('task', [body.task.status, body.result.mode], ['approved', 'reevaluate']);
        return body.result.approval;
      });

      await step('with the approval, the same call goes through', async () => {
        const { result } = await call({ _meta: { 'sallyport.example/approval': { id: approval.id } } });
        expect('result', typeof result?.content[0].text, 'string');
      });

      await step('it opens nothing else: deleting stays refused', async () => {
        const { error } = await call({
          name: 'delete_ticket',
          _meta: { 'sallyport.example/approval': { id: approval.id } },
        });
        expect('refusal', error.data.policies, ['agents-never-delete-tickets']);
      });

      await step('when its time is over, the call is refused again', async () => {
        await world.leap(21 * 60_000);
        const late = await world.token('triage-bot', { for: 'engineer' });
        const { body } = await new ApiClient(tools.url, late).post('/mcp/ticketing', {
          jsonrpc: '2.0',
          id: 2,
          method: 'tools/call',
          params: {
            name: 'comment_on_ticket',
            arguments: { project: 'ops', ticket: 'OPS-1', body: 'Once more' },
            _meta: { 'sallyport.example/approval': { id: approval.id } },
          },
        });
        expect('refusal', [body.result, body.error.data.reason], [undefined, 'approval_not_applicable']);
      });
    }
  },
};
