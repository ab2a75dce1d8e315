import { expect, test } from 'vitest';
import { deployedPolicies } from '../../../cdk/read-policies.ts';
import { compilePolicies } from '../../../lambdas/decision/compile-policies.cedar.ts';

const SCHEMA = `entity Group;
entity User in [Group] = { level: Long };
entity Door;
action open appliesTo { principal: User, resource: Door, context: { approved: Bool } };
`;

const OPEN = `permit (principal, action == Action::"open", resource)`;

/** Compiles these files; `schema.cedarschema` is SCHEMA unless given. */
function compilationOf(files: Record<string, string>) {
  return compilePolicies({ 'schema.cedarschema': SCHEMA, ...files });
}

function compile(files: Record<string, string>) {
  const compilation = compilationOf(files);
  if ('problems' in compilation) throw new Error(compilation.problems.join('\n'));
  return compilation.compiled;
}

test('the policies of this repository are valid', () => {
  expect(deployedPolicies().policies).not.toHaveLength(0);
});

test('each policy comes with its place, its effect, its text and its annotations', () => {
  const { policies } = compile({
    'b.cedar': `// Nobody.\n@id("nobody")\nforbid (principal, action, resource)\nwhen { principal.level < 0 };\n`,
    'a.cedar': `

@id("guests")
@max_duration("PT8H")
@approvers("owners")
@quorum("2")
@approver_assurance("nist-aal2")
${OPEN} when { context.approved };

@id("staff") ${OPEN} when { principal.level > 1 };`,
  });

  expect(policies.map(({ text: _, scope: __, ...policy }) => policy)).toEqual([
    {
      id: 'guests',
      file: 'a.cedar',
      line: 3,
      effect: 'permit',
      annotations: {
        max_duration: 'PT8H',
        approvers: 'owners',
        quorum: '2',
        approver_assurance: 'nist-aal2',
      },
    },
    { id: 'staff', file: 'a.cedar', line: 10, effect: 'permit', annotations: {} },
    { id: 'nobody', file: 'b.cedar', line: 2, effect: 'forbid', annotations: {} },
  ]);
  expect(policies[1]?.text).toBe(`@id("staff") ${OPEN} when { principal.level > 1 };`);
});

test('more than ten policies keep the order of their file', () => {
  const ids = Array.from({ length: 12 }, (_, index) => `policy-${index}`);
  const { policies } = compile({ 'a.cedar': ids.map((id) => `@id("${id}") ${OPEN};`).join('\n') });

  expect(policies.map(({ id, line }) => [id, line])).toEqual(ids.map((id, index) => [id, index + 1]));
});

test('a file is gone through once, however long it is and whatever it is made of', () => {
  const long = 1_000_000;
  const id = 'x;'.repeat(20);
  const { policies } = compile({
    'a.cedar': `// ${'a;"'.repeat(long / 3)}\n${' '.repeat(long)}\n@id("${id}") ${OPEN};${'\n'.repeat(long)}`,
  });
  expect(policies.map(({ line, ...policy }) => [policy.id, line])).toEqual([[id, 3]]);
});

test('a policy that is commented out does not move the line of the same policy below', () => {
  const { policies } = compile({ 'a.cedar': `// @id("a") ${OPEN};\n\n@id("a") ${OPEN};` });

  expect(policies.map(({ line }) => line)).toEqual([3]);
});

function problemsOf(files: Record<string, string>): readonly string[] {
  const compilation = compilationOf(files);
  return 'problems' in compilation ? compilation.problems : [];
}

const failing: [name: string, text: string, problems: string[]][] = [
  [
    'an attribute that the schema does not know, at its own line',
    `@id("a")\n${OPEN}\nwhen {\n  principal.rank > 1\n};`,
    ['policies/a.cedar:4: attribute `rank` on entity type `User` not found'],
  ],
  [
    'an entity type that the schema does not know',
    `@id("a")\npermit (principal is Robot, action, resource);`,
    [
      'policies/a.cedar:2: unrecognized entity type `Robot`',
      'policies/a.cedar:1: unable to find an applicable action',
      'policies/a.cedar:1: policy is impossible',
    ],
  ],
  [
    'a policy that can never apply, of which Cedar only warns',
    `\n@id("a")\n${OPEN} when { principal.level > 1 && false };`,
    ['policies/a.cedar:2: policy is impossible'],
  ],
  [
    'a syntax error, also after letters of more than one byte',
    `// é → ü\n@id("a")\npermit (principal, action, resource) when { principal. };`,
    ['policies/a.cedar:3: unexpected token `}`; expected identifier'],
  ],
  ['a policy without an id', `\n\n${OPEN};`, ['policies/a.cedar:3: needs an @id']],
  [
    'a template',
    `@id("a")\npermit (principal == ?principal, action, resource);`,
    ['policies/a.cedar:1: a template'],
  ],
  [
    'an id that is taken',
    `@id("a") ${OPEN};\n\n@id("a") ${OPEN} when { principal.level > 1 };`,
    ['policies/a.cedar:3: @id("a") is taken by policies/a.cedar:1'],
  ],
  [
    'an unknown annotation',
    `@id("a") @owner("me") ${OPEN};`,
    ['policies/a.cedar:1: @owner is no annotation'],
  ],
  [
    'a duration that is none',
    `@id("a") @max_duration("8h") ${OPEN};`,
    ['policies/a.cedar:1: @max_duration: must be'],
  ],
  [
    'a quorum of nobody',
    `@id("a") @approvers("g") @quorum("0") ${OPEN};`,
    ['policies/a.cedar:1: @quorum: must be'],
  ],
  [
    'a quorum without approvers',
    `@id("a") @quorum("2") ${OPEN};`,
    ['policies/a.cedar:1: @quorum needs @approvers'],
  ],
  [
    'an assurance level that does not exist',
    `@id("a") @approvers("g") @approver_assurance("high") ${OPEN};`,
    ['policies/a.cedar:1: @approver_assurance: '],
  ],
  [
    'an assurance of nobody in particular',
    `@id("a") @approver_assurance("nist-aal2") ${OPEN};`,
    ['policies/a.cedar:1: @approver_assurance needs @approvers'],
  ],
  [
    'a forbid with terms',
    `\n@id("a") @max_duration("PT1H")\nforbid (principal, action, resource) when { principal.level < 0 };`,
    ['policies/a.cedar:2: only a permit carries terms'],
  ],
  [
    'a permit that names approvers and does not ask for their approval',
    `\n\n@id("a") @approvers("g") ${OPEN};`,
    ['policies/a.cedar:3: a permit that wants an approval'],
  ],
  [
    'a permit that asks for an approval and names no approvers',
    `@id("a") ${OPEN};\n@id("b") ${OPEN} when { context.approved };`,
    ['policies/a.cedar:2: a permit that wants an approval'],
  ],
  [
    'every problem, not only the first',
    `@id("a") @quorum("2") ${OPEN};\n${OPEN};\n@id("c") ${OPEN} when { principal.rank > 1 };`,
    [
      'policies/a.cedar:1: @quorum needs @approvers',
      'policies/a.cedar:2: needs an @id',
      'policies/a.cedar:3: attribute `rank`',
    ],
  ],
];

test.for(failing)('%s fails', ([, text, problems]) => {
  expect(problemsOf({ 'a.cedar': text })).toEqual(
    problems.map((problem) => expect.stringContaining(problem)),
  );
});

test('an id that another file has taken fails', () => {
  expect(() => compile({ 'a.cedar': `\n@id("a") ${OPEN};`, 'b.cedar': `@id("a") ${OPEN};` })).toThrow(
    'policies/b.cedar:1: @id("a") is taken by policies/a.cedar:2',
  );
});

test('a schema that does not parse fails at its line', () => {
  expect(() =>
    compile({ 'schema.cedarschema': 'entity User;\nentity {', 'a.cedar': `@id("a") ${OPEN};` }),
  ).toThrow('policies/schema.cedarschema:2: ');
});

test('schemas of several files are one, and a mistake is told at its own line', () => {
  const files = {
    'shop.cedarschema':
      'namespace Shop { entity PurchaseOrder = { paid?: Bool }; action pay appliesTo { principal: User, resource: PurchaseOrder, context: { approved: Bool, till: String } }; }',
    'a.cedar': `@id("a") permit (principal, action == Shop::Action::"pay", resource);`,
  };
  expect(compile(files).resources['purchase_order']).toEqual({
    entityType: 'Shop::PurchaseOrder',
    attributes: { paid: { type: 'Boolean', required: false } },
    actions: {
      pay: {
        uid: { type: 'Shop::Action', id: 'pay' },
        groups: [],
        principals: ['User'],
        context: { till: { type: 'String', required: true } },
      },
    },
  });
  expect(problemsOf({ ...files, 'z.cedarschema': '\n\nentity {' })).toEqual([
    expect.stringContaining('policies/z.cedarschema:3: '),
  ]);
});

test.for<[string, string, string]>([
  [
    'two types of resources that requests would call alike',
    'namespace Shop { entity Hall; action shut appliesTo { principal: User, resource: Hall, context: {} }; } namespace Club { entity Hall; action enter appliesTo { principal: User, resource: Hall, context: {} }; }',
    'would both be called hall',
  ],
  [
    'two actions of one name on a type',
    'namespace Shop { action shut appliesTo { principal: User, resource: Door, context: {} }; } namespace Club { action shut appliesTo { principal: User, resource: Door, context: {} }; }',
    'two actions on Door are called shut',
  ],
])('%s fail', ([, schema, problem]) => {
  expect(problemsOf({ 'shop.cedarschema': schema, 'a.cedar': '' })).toEqual([
    expect.stringContaining(problem),
  ]);
});

test('a group of actions is all that are in it', () => {
  const { policies } = compile({
    'schema.cedarschema': `${SCHEMA} action visiting; action ring in [visiting] appliesTo { principal: User, resource: Door, context: {} }; action knock in [ring] appliesTo { principal: User, resource: Door, context: {} };`,
    'a.cedar': `@id("a") permit (principal == User::"u", action in Action::"visiting", resource in Door::"d");`,
  });
  expect(policies[0]?.scope).toEqual({
    actions: expect.arrayContaining(['Action::"ring"', 'Action::"knock"']),
    principal: 'User::"u"',
    resource: 'Door::"d"',
  });
});
