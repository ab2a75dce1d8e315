import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EvaluationBody, EvaluationsBody } from '../../../lambdas/decision/authzen.routes.ts';
import { evaluateAccess } from '../../../lambdas/decision/evaluate-access.step.ts';
import { evaluateBatch } from '../../../lambdas/decision/evaluate-batch.step.ts';
import { freezeOf, freezeType } from '../../../lambdas/verification/freeze.ts';
import { principalType } from '../../../lambdas/verification/principal.ts';
import { callerOf, dana, machine } from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import {
  beth,
  countingCalls,
  jerry,
  morty,
  rick,
  summer,
  todoApplication,
  todoDependencies,
  todoLedger,
} from '../../support/todo-directory.ts';

const subjectOf = ({ kind, id }: { kind: string; id: string }) => ({ type: kind, id });
const todoOf = (ownerID: string) => ({ type: 'todo', id: '1', properties: { ownerID } });
const mortysTodo = todoOf('morty@the-citadel.com');
const ricksTodo = todoOf('rick@the-citadel.com');
const update = { name: 'can_update_todo' };

async function decisions(body: object, ledger: Pick<InMemoryLedger, 'read' | 'readAll'> = todoLedger()) {
  const answer = await evaluateBatch({ ...todoDependencies, ledger })(
    todoApplication,
    EvaluationsBody.parse(body),
  );
  if (!('evaluations' in answer)) throw new Error('One evaluation was answered, not several');
  return answer.evaluations.map(({ decision, context }) => context.reason ?? decision);
}

describe('what an evaluation leaves out', () => {
  const defaults = { subject: subjectOf(morty), action: update, resource: mortysTodo };

  test.for<[string, object, unknown]>([
    ['is the default', {}, true],
    ['is replaced by what it says', { subject: subjectOf(beth) }, 'denied'],
    ['is replaced as a whole: properties do not stay', { resource: { type: 'todo', id: '1' } }, 'denied'],
    ['is replaced as a whole: a type does not stay', { resource: { id: '1' } }, 'invalid_evaluation'],
    ['is not there where it says null', { action: null }, 'invalid_evaluation'],
  ])('%s', async ([, item, expected]) => {
    expect(await decisions({ ...defaults, evaluations: [item] })).toEqual([expected]);
  });

  test('may be a part of a default that no evaluation uses', async () => {
    const evaluations = [{ resource: mortysTodo }];
    const resource = { type: 'todo' };
    expect(await decisions({ ...defaults, resource, evaluations })).toEqual([true]);
  });
});

describe('an evaluation that cannot be read is a denial among the others, and says why', () => {
  test.for<[string, unknown, string]>([
    ['without a resource', {}, 'resource: '],
    ['with an action without a name', { resource: mortysTodo, action: {} }, 'action.name: '],
    ['with a subject that is a text', { resource: mortysTodo, subject: 'morty' }, 'subject: '],
    ['with a context that is a list', { resource: mortysTodo, context: [] }, 'context: '],
    ['with an id that is no Unicode', { resource: { type: 'todo', id: '\ud800' } }, 'resource.id: '],
    ['that is nothing', null, ''],
    ['that is a number', 7, ''],
    ['that is a list', [{ resource: mortysTodo }], ''],
  ])('%s', async ([, item, place]) => {
    const body = { subject: subjectOf(morty), action: update, evaluations: [item, { resource: mortysTodo }] };
    const answer = await evaluateBatch({ ...todoDependencies, ledger: todoLedger() })(
      todoApplication,
      EvaluationsBody.parse(body),
    );
    expect(answer).toMatchObject({
      evaluations: [
        {
          decision: false,
          context: {
            reason: 'invalid_evaluation',
            error: { status: 400, message: expect.stringContaining(place) },
          },
        },
        { decision: true },
      ],
    });
  });
});

test('whoever may not ask about others is refused, for all of it', async () => {
  const own = { subject: subjectOf(dana), action: update, resource: mortysTodo };
  const body = { evaluations: [own, { ...own, subject: subjectOf(morty) }] };
  const asked = evaluateBatch({ ...todoDependencies, ledger: todoLedger() })(callerOf(dana), body);
  await expect(asked).rejects.toMatchObject({ status: 403 });
});

describe('calls of the table', () => {
  const everybody = [rick, morty, summer, beth, jerry];
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      subject: subjectOf(everybody[index % everybody.length] ?? rick),
      resource: { ...mortysTodo, id: `${index}` },
    }));
  const callsFor = async (
    evaluations: readonly object[],
    extra: (ledger: InMemoryLedger) => void = () => {},
  ) => {
    const ledger = todoLedger();
    extra(ledger);
    const counted = countingCalls(ledger);
    await decisions({ action: update, evaluations }, counted.ledger);
    return counted.calls;
  };

  test('are as many for a hundred as for one', async () => {
    expect([await callsFor(many(1)), await callsFor(many(100))]).toEqual([1, 1]);
  });

  test('are one more where owners are to be read, however many', async () => {
    const bots = Array.from({ length: 50 }, (_, index) => machine('agent', `bot-${index}`, `owner-${index}`));
    const about = bots.map((bot) => ({ subject: subjectOf(bot), resource: mortysTodo }));
    const seeded = (ledger: InMemoryLedger) => {
      for (const bot of bots) ledger.seed(principalType, bot);
    };
    expect(await callsFor(about, seeded)).toBe(2);
  });
});

describe('any evaluations', () => {
  const people = fc.constantFrom(rick, morty, beth).map(subjectOf);
  const resources = fc.constantFrom(mortysTodo, ricksTodo, { type: 'target', id: 'ticketing-ops' });
  const names = fc.constantFrom('can_read_todos', 'can_update_todo', 'can_delete_todo', 'tickets:read');
  const whole: fc.Arbitrary<EvaluationBody> = fc.record({
    subject: people,
    action: names.map((name) => ({ name })),
    resource: resources,
  });
  const batches = fc.array(whole, { minLength: 1, maxLength: 8 });
  const ledger = todoLedger();
  ledger.seed(freezeType, { id: freezeOf.principal(beth.id), heldBy: { principal: 'revocation-1' } });
  const alone = async (body: EvaluationBody) =>
    (await evaluateAccess({ ...todoDependencies, ledger })(todoApplication, body)).decision;
  const together = async (evaluations: readonly EvaluationBody[], evaluations_semantic?: string) => {
    const options = evaluations_semantic === undefined ? {} : { options: { evaluations_semantic } };
    const answer = await evaluateBatch({ ...todoDependencies, ledger })(
      todoApplication,
      EvaluationsBody.parse({ evaluations, ...options }),
    );
    return 'evaluations' in answer ? answer.evaluations.map(({ decision }) => decision) : [];
  };

  test('are decided as each would be alone, in their order', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (evaluations) => {
        const expected = await Promise.all(evaluations.map(alone));
        expect(await together(evaluations)).toEqual(expected);
        expect(await together(evaluations, 'execute_all')).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('end at the first that decides all, where that is asked for', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (evaluations) => {
        const all = await together(evaluations);
        const upTo = (decisive: boolean) =>
          all.includes(decisive) ? all.slice(0, all.indexOf(decisive) + 1) : all;
        expect(await together(evaluations, 'deny_on_first_deny')).toEqual(upTo(false));
        expect(await together(evaluations, 'permit_on_first_permit')).toEqual(upTo(true));
      }),
      { numRuns: 40 },
    );
  });
});
