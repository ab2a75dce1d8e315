import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { agentOf } from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
let engineer: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  engineer = await world.as('engineer');
});
afterAll(() => world.stop());

const question = (id: string, action: string) => ({
  subject: { type: 'user', id },
  action: { name: action },
  resource: { type: 'target', id: 'ticketing-ops' },
});

const explain = (client: ApiClient, body: object) =>
  changingNothing(world.sallyport, () => client.post('/v1/explain', body));

describe('an explanation', () => {
  it('of a permit names the policy with its place, and the evidence', async () => {
    const { status, body } = await explain(engineer, question('engineer', 'tickets:read'));
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        decision: true,
        outcome: 'permitted',
        channel: 'web',
        policies: [
          {
            id: 'engineers-read-tickets',
            effect: 'permit',
            file: 'ticketing.cedar',
            line: expect.any(Number),
          },
        ],
        evidence: [{ of: 'engineer', channel: 'web', method: 'oidc' }],
        parties: [{ party: { type: 'user', id: 'engineer' }, permitted: true, nearest_permits: [] }],
      },
    });
  });

  it('of what approval would permit says whose, and what of the permit does not hold yet', async () => {
    const { body } = await explain(engineer, question('engineer', 'tickets:delete'));
    expect(body).toMatchObject({
      decision: false,
      outcome: 'obliged',
      policies: [{ id: 'engineers-delete-tickets-when-approved' }],
      obligations: [{ type: 'approval' }],
      parties: [
        {
          nearest_permits: [
            { id: 'engineers-delete-tickets-when-approved', unmet: ['when { context.approved }'] },
          ],
        },
      ],
    });
  });

  it('of a denial by default says which part of the nearest permit is about somebody else', async () => {
    const customer = await world.as('customer');
    const { body } = await explain(customer, question('customer', 'tickets:read'));
    expect(body).toMatchObject({ decision: false, outcome: 'denied', policies: [] });
    const [nearest] = body.parties[0].nearest_permits;
    expect(nearest.unmet).toHaveLength(1);
    expect(nearest.unmet[0]).toMatch(/^(principal|resource) (in|==) Sallyport::/);
  });

  it('of a forbid names it, for the party that it stops', async () => {
    const agent = await agentOf(world);
    const { body } = await explain(agent, question('engineer', 'tickets:delete'));
    expect(body).toMatchObject({
      outcome: 'denied',
      policies: [{ id: 'agents-never-delete-tickets', effect: 'forbid', file: 'ticketing.cedar' }],
      parties: [
        { party: { id: 'engineer' } },
        { party: { id: 'triage-bot' }, permitted: false, policies: [{ id: 'agents-never-delete-tickets' }] },
      ],
    });
  });

  it('comes to what an evaluation comes to', async () => {
    for (const action of [
      'tickets:read',
      'tickets:comment',
      'tickets:delete',
      'tickets:configure',
      'tickets:fly',
    ]) {
      const evaluated = await engineer.post('/access/v1/evaluation', question('engineer', action));
      const { body } = await explain(engineer, question('engineer', action));
      expect(body.decision, action).toBe(evaluated.body.decision);
      expect(
        body.policies.map(({ id }: { id: string }) => id),
        action,
      ).toEqual(evaluated.body.context.policies);
    }
  });

  it('about others is for enforcement points and auditors', async () => {
    expectProblem(
      await explain(engineer, question('customer', 'tickets:read')),
      403,
      'not-an-enforcement-point',
    );
    const auditor = await world.as('responder');
    const { body } = await explain(auditor, question('engineer', 'tickets:read'));
    expect(body).toMatchObject({ decision: false, evidence: [], assurance: { aal: 0 } });
    expect(body.parties[0].nearest_permits[0]).toMatchObject({
      id: 'engineers-read-tickets',
      unmet: ['when { context.assurance.aal >= 1 }'],
    });
  });
});
