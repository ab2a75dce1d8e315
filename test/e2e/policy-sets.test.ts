import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policiesDirectory, readPolicySources } from '../../cdk/read-policies.ts';
import type { ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const SETS = '/v1/policy-sets';

let world: World;
let author: ApiClient;
let reviewer: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  author = await world.as('policy-author');
  reviewer = await world.as('policy-reviewer');
});
afterAll(() => world.stop());

/** The deployed files, with a comment that makes them a set of their own: nothing is decided otherwise. */
const files = () => ({
  ...readPolicySources(policiesDirectory),
  'notes.cedar': `// ${crypto.randomUUID()}\n`,
});

const propose = (client: ApiClient, body: object) => client.post(SETS, body);

describe('a policy set', () => {
  it('is proposed by one person, and put in force and left again by another', async () => {
    const sent = files();
    const proposed = await propose(author, { files: sent, justification: 'A test of the path' });
    expect(proposed).toMatchObject({
      status: 201,
      body: {
        policy_set: {
          status: 'proposed',
          changes: { policies: { changed: { count: 0 } }, files: { removed: { count: 0 } } },
        },
      },
    });
    const { policy_set: set, active } = proposed.body;
    const path = `${SETS}/${set.id}`;
    expect((await reviewer.get(`${path}/files`)).body).toEqual({ policy_set: set.id, files: sent });
    expectProblem(
      await changingNothing(world.sallyport, () => author.post(`${path}/activation`)),
      403,
      'own-proposal',
    );

    const activated = await reviewer.post(`${path}/activation`);
    expect(activated).toMatchObject({
      status: 200,
      body: { active: set.id, policy_set: { status: 'active', activated_by: 'policy-reviewer' } },
    });
    expect((await author.get(`${SETS}?limit=1`)).body).toMatchObject({
      active: set.id,
      policy_sets: [{ id: set.id }],
    });

    const back = { policy_set: set.id, reason: 'The test is over' };
    expect((await reviewer.post(`${SETS}/rollback`, back)).body).toMatchObject({
      active,
      policy_set: { status: 'rolled_back' },
    });
    expect((await reviewer.get(path)).body.policy_set.status).toBe('rolled_back');
    const auditor = await world.as('responder');
    const { events } = (await auditor.get(`/v1/audit/${set.id}`)).body;
    expect(events.map(({ type }: { type: string }) => type)).toEqual([
      'policy-set.proposed',
      'policy-set.activated',
      'policy-set.rolled-back',
    ]);
  });

  it('that is not valid is refused with the place of the mistake, and stored nowhere', async () => {
    const wrong = { ...files(), 'wrong.cedar': '\npermit (principal, action, resource);' };
    const refused = await changingNothing(world.sallyport, () =>
      propose(author, { files: wrong, justification: 'A mistake' }),
    );
    expectProblem(refused, 400, 'invalid-request');
    expect(refused.body.errors).toEqual([{ path: 'policies/wrong.cedar:2', message: 'needs an @id' }]);
  });

  it.each([
    ['a path that leaves the folder', { '../schema.cedarschema': '' }],
    ['another kind of file', { 'policies.json': '{}' }],
  ])('of %s is refused', async (_what, more) => {
    expectProblem(
      await changingNothing(world.sallyport, () =>
        propose(author, { files: { ...files(), ...more }, justification: 'A mistake' }),
      ),
      400,
      'invalid-request',
    );
  });

  it('of more than any other request may send is taken, and of more than that is not', async () => {
    const padded = (bytes: number) => ({ ...files(), 'notes.cedar': `// ${'x'.repeat(bytes)}\n` });
    const taken = await propose(author, { files: padded(200_000), justification: 'Long notes' });
    expect(taken.status).toBe(201);
    const tooMuch = { files: padded(5_000_000), justification: 'Longer notes' };
    expectProblem(await propose(author, tooMuch), 413, 'body-too-large');
  });

  it('is nobody else’s to see or to change', async () => {
    const engineer = await world.as('engineer');
    for (const answer of [
      await engineer.get(SETS),
      await engineer.get(`${SETS}/deployed/files`),
      await propose(engineer, { files: files(), justification: 'I would like that' }),
      await engineer.post(`${SETS}/any/activation`),
      await engineer.post(`${SETS}/rollback`, { policy_set: 'any', reason: 'I would like that' }),
    ])
      expectProblem(answer, 403, 'not-policy-administrator');
  });
});
