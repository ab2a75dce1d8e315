import { verifyChain } from '../../lambdas/audit/chain.ts';
import { ApiClient } from '../api-client.ts';
import { expect, type Scenario } from '../scenario.ts';
import { executionHistory } from './execution-history.ts';

/** An agent asks, a person approves, a downscoped credential is minted, used, and ended. */
export const agentCommentsWithApproval: Scenario = {
  name: 'An AI agent asks to comment on tickets; a person approves; the credential is used and ended',

  async play(world, step) {
    const agent = await step('triage-bot signs in, acting for the engineer; both are proven', () =>
      world.as('triage-bot', { for: 'engineer' }),
    );

    const requestId = await step(
      'it asks to comment on and delete tickets of project OPS for 20 minutes',
      async () => {
        const { status, body } = await agent.post('/v1/access-requests', {
          target: 'ticketing-ops',
          permissions: ['tickets:comment', 'tickets:delete'],
          duration: 'PT20M',
          justification: 'Tell reporters of OPS what was found, close duplicates',
          actor: { type: 'agent', id: 'triage-bot' },
        });
        expect('status', status, 202);
        return body.task.id as string;
      },
    );

    const approvalId = await step(
      'deleting is refused by policy; commenting waits for an owner of OPS',
      async () => {
        const task = await agent.follow(requestId, ({ approval }) => approval !== undefined);
        const outcomes = task.permissions.map(({ permission, outcome, policies }: Decided) => [
          permission,
          outcome,
          policies.includes('agents-never-delete-tickets'),
        ]);
        expect('decision', outcomes, [
          ['tickets:comment', 'obliged', false],
          ['tickets:delete', 'denied', true],
        ]);
        return task.approval.id as string;
      },
    );

    await step('the engineer cannot approve their own agent', async () => {
      const engineer = await world.as('engineer');
      const { status, body } = await engineer.post(`/v1/approvals/${approvalId}/decision`, {
        decision: 'approve',
      });
      expect('refusal', [status, body.type], [403, 'urn:sallyport:problem:self-approval']);
    });

    await step('the owner sees exactly what is asked for, and approves', async () => {
      const owner = await world.as('owner');
      const { body } = await owner.get('/v1/approvals?status=pending');
      const [pending] = body.approvals;
      expect(
        'pending',
        [pending.id, pending.permissions, pending.duration],
        [approvalId, ['tickets:comment'], 'PT20M'],
      );
      const { status, body: decided } = await owner.post(`/v1/approvals/${approvalId}/decision`, {
        decision: 'approve',
        comment: 'Comments only, fine',
      });
      expect('decision', [status, decided.approval.status], [200, 'approved']);
    });

    const grantId = await step('a grant to comment, and nothing else, becomes active', async () => {
      const task = await agent.follow(requestId, ({ status }) => status !== 'pending');
      expect('grant', [task.status, task.grant.permissions], ['approved', ['tickets:comment']]);
      return task.grant.id as string;
    });

    const credential = await step(
      'the agent claims its credential, which is made at this moment',
      async () => {
        const { status, body } = await agent.post(`/v1/grants/${grantId}/credential`);
        expect('claim', [status, body.scope], [200, 'tickets:comment']);
        return body.access_token as string;
      },
    );
    const ticketing = new ApiClient(world.ticketingUrl, credential);

    await step('it comments on OPS-1, in its own name and the engineer’s', async () => {
      const { status, body } = await ticketing.post('/projects/OPS/tickets/OPS-1/comments', {
        body: 'Same cause as OPS-2.',
      });
      expect('comment', [status, body.author], [201, { sub: 'engineer', act: { sub: 'triage-bot' } }]);
    });

    await step('it is refused a delete', async () => {
      const { status } = await ticketing.delete('/projects/OPS/tickets/OPS-1');
      expect('status', status, 403);
    });

    await step('it is refused a second claim', async () => {
      const { status, body } = await agent.post(`/v1/grants/${grantId}/credential`);
      expect('refusal', [status, body.type], [409, 'urn:sallyport:problem:already-claimed']);
    });

    await step('it gives the grant back', async () => {
      const { status, body } = await agent.delete(`/v1/grants/${grantId}`);
      expect('return', [status, body.grant.reason], [202, 'returned']);
    });

    await step('the token is inactive at once', async () => {
      const { body } = await agent.postForm('/oauth2/introspect', { token: credential });
      expect('introspection', body, { active: false });
    });

    await step('the ticketing API refuses it', async () => {
      const { status } = await ticketing.post('/projects/OPS/tickets/OPS-1/comments', { body: 'Once more' });
      expect('status', status, 401);
    });

    await step('its end is confirmed with a receipt', async () => {
      await world.runtime.settled();
      const { body } = await agent.get(`/v1/grants/${grantId}`);
      expect('grant', [body.grant.status, body.grant.credential.receipt?.answer], ['ended', 'dead']);
    });

    await step('the audit chain of the request verifies', async () => {
      const responder = await world.as('responder');
      const { body } = await responder.get(`/v1/audit/${requestId}`);
      expect('verdict', verifyChain(requestId, body.events).verified, true);
    });

    await step('the execution’s history holds no secret', async () => {
      const history = await executionHistory(world, requestId);
      const [, , signature = ''] = credential.split('.');
      expect('secrets', [history.length > 0, history.includes(signature)], [true, false]);
    });
  },
};

interface Decided {
  readonly permission: string;
  readonly outcome: string;
  readonly policies: readonly string[];
}
