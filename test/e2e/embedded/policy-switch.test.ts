import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policiesDirectory, readPolicySources } from '../../../cdk/read-policies.ts';
import type { ApiClient } from '../../../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { LeapingClock } from '../../../local/clock.ts';
import { type AccessCase, ask, claim, readRequest } from '../../support/access-path.ts';
import { expectProblem } from '../../support/problem-expectations.ts';
import { chainOf } from '../../support/system-state.ts';

const SETS = '/v1/policy-sets';
const TEN_SECONDS = 10_000;
/** More than are asked before a switch is seen. */
const MOST_QUESTIONS = 2_000;

let world: EmbeddedWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const as = (persona: Parameters<EmbeddedWorld['as']>[0]): Promise<ApiClient> => world.as(persona);

const evaluate = async (client: ApiClient) =>
  client.post('/access/v1/evaluation', {
    subject: { type: 'user', id: 'engineer' },
    action: { name: 'tickets:read' },
    resource: { type: 'target', id: 'ticketing-ops' },
  });

const decided = async (client: ApiClient) => {
  const { decision, context } = (await evaluate(client)).body;
  return [context.policy_set, decision];
};

/** What the other functions that decide say to the same: at an internal API, and among all that may be done. */
const decidedElsewhere = async (client: ApiClient) => {
  const headers = { 'x-original-host': 'tickets.example' };
  const atApi = await client.send('GET', '/authorize/projects/ops/tickets', undefined, headers);
  const { body } = await client.post('/access/v1/search/action', {
    subject: { type: 'user', id: 'engineer' },
    resource: { type: 'target', id: 'ticketing-ops' },
  });
  const found = body.results.some(({ name }: { name: string }) => name === 'tickets:read');
  return { atApi: atApi.status === 200, found };
};

/** Without waiting until nothing is at work. */
const leapAtOnce = (milliseconds: number): void => {
  const { clock } = world.runtime;
  if (!(clock instanceof LeapingClock)) throw new Error('This world keeps the time of the machine');
  clock.leap(milliseconds);
};

/** What the first event of this type says in the chain of a request. */
const told = async ({ requestId }: AccessCase, type: string) =>
  (await chainOf(world.sallyport, requestId)).find((event) => event.type === type)?.details;

/** Engineers read tickets no more. */
const withoutReading = () => {
  const { 'ticketing.cedar': ticketing = '', ...files } = readPolicySources(policiesDirectory);
  const changed = ticketing.replace(
    'action == Sallyport::Action::"tickets:read"',
    'action == Sallyport::Action::"tickets:delete"',
  );
  expect(changed).not.toBe(ticketing);
  const untested = Object.entries(files).filter(([name]) => !name.endsWith('.test.yaml'));
  return { ...Object.fromEntries(untested), 'ticketing.cedar': changed };
};

const switchTo = async (files: object): Promise<string> => {
  const { policy_set: set } = (
    await (await as('policy-author')).post(SETS, { files, justification: 'A freeze' })
  ).body;
  const activated = await (await as('policy-reviewer')).post(`${SETS}/${set.id}/activation`);
  expect(activated.status).toBe(200);
  return set.id;
};

describe('a rule that two people change', () => {
  it('is seen within ten seconds by functions that run on, and gone again after one call', async () => {
    const engineer = await as('engineer');
    expect(await decided(engineer)).toEqual(['deployed', true]);
    expect(await decidedElsewhere(engineer)).toEqual({ atApi: true, found: true });
    const granted = await ask(world, engineer, readRequest);
    const set = await switchTo(withoutReading());
    await world.leap(TEN_SECONDS);
    expect(await decided(engineer)).toEqual([set, false]);
    expect(await decidedElsewhere(engineer)).toEqual({ atApi: false, found: false });

    // The path decides by it, too, and says so in the chain of the request.
    const refused = await ask(world, engineer, readRequest);
    expect(await told(refused, 'access.decided')).toMatchObject({ outcome: 'denied', policy_set: set });
    // So does the claim of what was granted before.
    expectProblem(await claim(granted), 403, 'no-longer-permitted');

    const back = { policy_set: set, reason: 'Engineers need to read' };
    expect((await (await as('policy-reviewer')).post(`${SETS}/rollback`, back)).body.active).toBe('deployed');
    await world.leap(TEN_SECONDS);
    expect(await decided(engineer)).toEqual(['deployed', true]);
    expect(await decidedElsewhere(engineer)).toEqual({ atApi: true, found: true });
    expect((await claim(granted)).status).toBe(200);
    expect(await told(granted, 'credential.claimed')).toMatchObject({ policy_set: 'deployed' });
  });

  it('is decided by one set or the other while it is switched under load, never by neither', async () => {
    const engineer = await as('engineer');
    const answers: unknown[] = [];
    const isSwitched = async () => {
      const answer = await decided(engineer);
      answers.push(answer);
      return answer[0] !== 'deployed';
    };
    const load = Array.from({ length: 4 }, async () => {
      for (let asked = 0; asked < MOST_QUESTIONS; asked += 1) if (await isSwitched()) return;
    });
    const set = await switchTo(withoutReading());
    leapAtOnce(TEN_SECONDS);
    await Promise.all(load);
    expect([...new Set(answers.map((answer) => JSON.stringify(answer)))].sort()).toEqual(
      [
        ['deployed', true],
        [set, false],
      ]
        .map((answer) => JSON.stringify(answer))
        .sort(),
    );
    const back = { policy_set: set, reason: 'The test is over' };
    await (await as('policy-reviewer')).post(`${SETS}/rollback`, back);
    await world.leap(TEN_SECONDS);
  });
});

it('an activation that was not confirmed happened as a whole or not at all, and can be asked for again', async () => {
  for (const when of ['before', 'after'] as const) {
    const { policy_set: set, active } = (
      await (
        await as('policy-author')
      ).post(SETS, {
        files: { ...readPolicySources(policiesDirectory), 'notes.cedar': `// ${when}\n` },
        justification: 'A stop half-way',
      })
    ).body;
    const reviewer = await as('policy-reviewer');
    const mend = world.runtime.faults.fail({
      service: 'dynamodb',
      operation: 'TransactWriteItems',
      functionName: 'ManagePolicySets',
      when,
      error: { code: 'AccessDeniedException', statusCode: 400 },
      times: 1,
    });
    expectProblem(await reviewer.post(`${SETS}/${set.id}/activation`), 503, 'unavailable');
    mend();
    const { body } = await reviewer.get(`${SETS}/${set.id}`);
    expect(body).toMatchObject(
      when === 'before'
        ? { active, policy_set: { status: 'proposed' } }
        : { active: set.id, policy_set: { status: 'active' } },
    );
    expect((await reviewer.post(`${SETS}/${set.id}/activation`)).body.active).toBe(set.id);
    const { events } = (await (await as('responder')).get(`/v1/audit/${set.id}`)).body;
    expect(events).toHaveLength(2);
  }
});
