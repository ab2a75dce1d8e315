import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jwsDenialBindings } from '../../../lambdas/decision/denial-bindings.jose.ts';
import type { BoundDenial, DeniedQuestion } from '../../../lambdas/decision/denied-question.ts';
import { timeDocument } from '../../../lambdas/platform/documents.ts';
import { followedDenial } from '../../../lambdas/requests/followed-denial.ts';
import { denialBindings, NOW } from '../../support/access-case.ts';

fc.configureGlobal({ seed: 20260105 });

const name = fc.string({ minLength: 1, maxLength: 8 });
const anyNamed = fc.record({ type: name, id: name });
const anyMembers = fc.dictionary(
  name.filter((member) => member !== '__proto__'),
  fc.jsonValue({ maxDepth: 2 }),
  { minKeys: 1, maxKeys: 3, noNullPrototype: true },
) as fc.Arbitrary<NonNullable<DeniedQuestion['context']>>;
const anyQuestion: fc.Arbitrary<DeniedQuestion> = fc
  .tuple(
    fc.record({ subject: anyNamed, actors: fc.array(anyNamed, { maxLength: 2 }), action: name }),
    anyNamed,
    fc.option(anyMembers, { nil: undefined }),
    fc.option(anyMembers, { nil: undefined }),
  )
  .map(([question, thing, properties, context]) => ({
    ...question,
    resource: { ...thing, ...(properties === undefined ? {} : { properties }) },
    ...(context === undefined ? {} : { context }),
  }));

const EXPIRES = NOW + 600;
const bound = (question: DeniedQuestion): BoundDenial => ({
  ...question,
  id: 'f'.repeat(32),
  expiresAtEpochSeconds: EXPIRES,
});
const expires_at = timeDocument(EXPIRES);

async function denialsOf(question: DeniedQuestion) {
  const { evaluationId: evaluation_id, bindingToken: binding_token } = await denialBindings.bind(
    bound(question),
  );
  return [
    { evaluation_id },
    { evaluation_id, expires_at },
    { binding_token, expires_at },
    { evaluation_id, binding_token, expires_at },
  ];
}

const invalid = { type: 'urn:openid:authzen:access-request:error:invalid_denial_binding', status: 400 };

test('what is repeated as it was denied is followed, by reference and by value', async () => {
  await fc.assert(
    fc.asyncProperty(anyQuestion, async (question) => {
      for (const denial of await denialsOf(question))
        expect(await followedDenial(denialBindings, question, denial, EXPIRES - 1)).toEqual(bound(question));
    }),
  );
});

test('whatever member of it is another one, it is not', async () => {
  const changes: ((question: DeniedQuestion) => DeniedQuestion)[] = [
    (it) => ({ ...it, subject: { ...it.subject, id: `${it.subject.id}x` } }),
    (it) => ({ ...it, subject: { ...it.subject, type: `${it.subject.type}x` } }),
    (it) => ({ ...it, actors: [...it.actors, { type: 'agent', id: 'more' }] }),
    (it) => ({ ...it, actors: it.actors.length === 0 ? [it.subject] : it.actors.slice(1) }),
    (it) => ({ ...it, action: `${it.action}x` }),
    (it) => ({ ...it, resource: { ...it.resource, id: `${it.resource.id}x` } }),
    (it) => ({ ...it, resource: { ...it.resource, type: `${it.resource.type}x` } }),
  ];
  const ofMembers: typeof changes = [
    (it) => ({ ...it, resource: { ...it.resource, properties: changed(it.resource.properties) } }),
    (it) => ({ ...it, resource: { type: it.resource.type, id: it.resource.id } }),
    (it) => ({ ...it, context: changed(it.context) }),
    ({ context: _, ...it }) => it,
  ];
  const said = anyQuestion.filter(
    ({ resource, context }) => resource.properties !== undefined && context !== undefined,
  );
  await fc.assert(
    fc.asyncProperty(said, fc.constantFrom(...changes, ...ofMembers), async (question, change) => {
      for (const denial of await denialsOf(question))
        await expect(followedDenial(denialBindings, change(question), denial, NOW)).rejects.toMatchObject(
          invalid,
        );
    }),
  );
});

/** The same members, the first with another value. */
function changed(members: DeniedQuestion['context'] = {}): NonNullable<DeniedQuestion['context']> {
  const [first = ''] = Object.keys(members);
  return { ...members, [first]: ['another', members[first] ?? null] };
}

const question: DeniedQuestion = {
  subject: { type: 'user', id: 'dana' },
  actors: [],
  action: 'tickets:comment',
  resource: { type: 'target', id: 'ticketing-ops' },
};

describe('a denial', () => {
  test('by value may be repeated with more than was bound, by reference of what the subject itself said nothing', async () => {
    const more = {
      ...question,
      resource: { ...question.resource, properties: { colour: 'red' } },
      context: { why: 'because' },
    };
    for (const denial of await denialsOf(question))
      expect(await followedDenial(denialBindings, more, denial, NOW)).toEqual(bound(question));
  });

  test('is over at its time', async () => {
    for (const denial of await denialsOf(question))
      await expect(followedDenial(denialBindings, question, denial, EXPIRES)).rejects.toMatchObject({
        type: 'urn:openid:authzen:access-request:error:expired_denial',
        status: 410,
      });
  });

  test('cannot be made to last', async () => {
    for (const denial of await denialsOf(question)) {
      const later = { ...denial, expires_at: timeDocument(EXPIRES + 3600) };
      await expect(followedDenial(denialBindings, question, later, NOW)).rejects.toMatchObject(invalid);
    }
  });

  test('of another deployment, or changed anywhere, is none', async () => {
    const other = jwsDenialBindings(
      { send: async () => ({ SecretString: 'theirs' }) } as never,
      'derivation',
    );
    const { evaluationId, bindingToken } = await other.bind(bound(question));
    const [own] = await denialsOf(question);
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    for (const denial of [
      { evaluation_id: evaluationId, expires_at },
      { binding_token: bindingToken },
      { binding_token: `${unsigned}.${bindingToken.split('.')[1]}.` },
      { binding_token: 'a.b.c' },
      { evaluation_id: `${own?.evaluation_id}A`, expires_at },
      { evaluation_id: `x${own?.evaluation_id}`, expires_at },
      { evaluation_id: own?.evaluation_id?.replace(`.${EXPIRES}.`, `.${EXPIRES + 3600}.`) },
      { evaluation_id: own?.evaluation_id?.replace(`.${EXPIRES}.`, '.soon.') },
      { evaluation_id: own?.evaluation_id?.replace(`.${EXPIRES}.`, '.') },
      { expires_at },
    ])
      await expect(followedDenial(denialBindings, question, denial, NOW)).rejects.toMatchObject(invalid);
    await expect(followedDenial(denialBindings, question, undefined, NOW)).rejects.toMatchObject(invalid);
  });

  test('whose id binds nothing was none that can be followed', async () => {
    const denial = { evaluation_id: 'f'.repeat(32), expires_at };
    await expect(followedDenial(denialBindings, question, denial, NOW)).rejects.toMatchObject({
      type: 'urn:openid:authzen:access-request:error:not_requestable',
      status: 400,
    });
  });
});
