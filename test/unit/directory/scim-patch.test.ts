import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupAttributes, groupBodyOf } from '../../../lambdas/directory/scim-group.ts';
import { cleanOperations, type PatchOperation, patched } from '../../../lambdas/directory/scim-patch.ts';
import { groupSchema, userSchema } from '../../../lambdas/directory/scim-schemas.ts';
import { personFields, userAttributes, userBodyOf } from '../../../lambdas/directory/scim-user.ts';
import { Problem } from '../../../lambdas/platform/problem.ts';
import type { Person } from '../../../lambdas/verification/principal.ts';

const erin: Person = {
  kind: 'user',
  id: 'erin',
  name: 'Erin',
  status: 'active',
  groups: ['engineering'],
  email: 'erin@example.com',
  roles: ['editor'],
};

const applied = (person: object, ...operations: PatchOperation[]) =>
  personFields(userBodyOf(patched(person, cleanOperations(userSchema, 'erin', operations))));
const ofErin = (...operations: PatchOperation[]) => applied(userAttributes(erin), ...operations);

describe('what providers send changes a person', () => {
  test.for<[string, PatchOperation, object]>([
    ['Okta, without a path', { op: 'replace', value: { active: false } }, { active: false }],
    ['Okta, with the id', { op: 'replace', value: { id: 'erin', displayName: 'E.' } }, { name: 'E.' }],
    ['Entra ID, as text', { op: 'replace', path: 'active', value: 'False' }, { active: false }],
    [
      'Entra ID, with a filter',
      { op: 'replace', path: 'emails[type eq "work"].value', value: 'e@b.example' },
      { email: 'e@b.example' },
    ],
    ['names in another case', { op: 'replace', path: 'DISPLAYNAME', value: 'E.' }, { name: 'E.' }],
    ['with the URN', { op: 'replace', path: `${userSchema.id}:displayName`, value: 'E.' }, { name: 'E.' }],
    ['dotted keys', { op: 'replace', value: { 'name.givenName': 'E', title: 'Dr' } }, { name: 'Erin' }],
    [
      'what is not kept',
      { op: 'add', path: 'phoneNumbers[type eq "work"].value', value: '1' },
      { name: 'Erin' },
    ],
    [
      'an extension',
      {
        op: 'add',
        path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department',
        value: 'X',
      },
      { name: 'Erin' },
    ],
    ['null for nothing', { op: 'replace', path: 'emails', value: null }, { email: undefined }],
    [
      'a role more',
      { op: 'add', path: 'roles', value: [{ value: 'admin' }] },
      { roles: ['editor', 'admin'] },
    ],
    ['a role less', { op: 'remove', path: 'roles[value eq "editor"]' }, { roles: [] }],
    ['a role twice', { op: 'add', path: 'roles', value: 'editor' }, { roles: ['editor'] }],
  ])('%s', ([, operation, changed]) => {
    expect(ofErin(operation)).toMatchObject(changed);
  });
});

const anyValue = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.boolean(),
  fc.constant(null),
  fc.record({ value: fc.constantFrom('editor', 'a@b.example', 'x" or value pr or value eq "') }),
  fc.array(fc.record({ value: fc.constantFrom('editor', 'admin', 'a@b.example') }), { maxLength: 3 }),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constant(JSON.parse('{"__proto__": {"polluted": 1}, "constructor.prototype.polluted": 1}')),
);
const anyPath = fc.oneof(
  fc.constantFrom(
    'active',
    'displayName',
    'roles',
    'emails',
    'emails[type eq "work"]',
    'emails[type eq "work"].value',
    'roles[value eq "editor"]',
    'roles[value eq "none"].value',
    '__proto__.polluted',
    'constructor.prototype.polluted',
    'emails[constructor.prototype pr].value',
  ),
  fc.string({ maxLength: 20 }),
);
const anyOperation = fc.record(
  {
    op: fc.constantFrom('add' as const, 'remove' as const, 'replace' as const),
    path: anyPath,
    value: anyValue,
  },
  { requiredKeys: ['op'] },
) as fc.Arbitrary<PatchOperation>;

test('whatever is sent is done or refused in words of SCIM, and reaches nothing else', () => {
  fc.assert(
    fc.property(fc.array(anyOperation, { minLength: 1, maxLength: 4 }), (operations) => {
      try {
        ofErin(...operations);
      } catch (error) {
        expect(error).toBeInstanceOf(Problem);
        expect(error).toMatchObject({ status: 400, extensions: { scimType: expect.any(String) } });
      }
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

const roles = fc.array(fc.constantFrom('editor', 'admin', 'viewer'), { minLength: 1, maxLength: 3 });
const repeatable = fc.oneof(
  fc.constantFrom(true, false).map((value) => ({ path: 'active', value })),
  fc.constantFrom('Erin', 'Erin O.').map((value) => ({ path: 'displayName', value })),
  roles.map((values) => ({ path: 'roles', value: values.map((value) => ({ value })) })),
  fc.constantFrom('a@b.example', 'c@d.example').map((value) => ({
    path: 'emails[type eq "work"].value',
    value,
  })),
);

test('what is added, replaced or removed, and sent again, changes nothing more', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('add' as const, 'replace' as const),
      repeatable,
      roles,
      (op, operation, gone) => {
        const removals = gone.map((role) => ({ op: 'remove' as const, path: `roles[value eq "${role}"]` }));
        for (const operations of [[{ op, ...operation }], removals]) {
          const once = ofErin(...operations);
          const { userName, externalId: _, active, ...described } = once;
          const left: Person = {
            ...erin,
            ...described,
            status: active ? 'active' : 'suspended',
            provisioned: { userName, createdAtEpochMilliseconds: 0, changedAtEpochMilliseconds: 0 },
          };
          expect(applied(userAttributes(left), ...operations)).toEqual(once);
        }
      },
    ),
  );
});

describe('members', () => {
  const group = {
    id: 'g',
    displayName: 'G',
    status: 'present' as const,
    pending: { joining: [], leaving: [] },
    createdAtEpochMilliseconds: 0,
    changedAtEpochMilliseconds: 0,
  };
  const membersAfter = (...operations: PatchOperation[]) =>
    groupBodyOf(
      patched(
        groupAttributes(group, { people: ['a', 'b'], groups: [] }),
        cleanOperations(groupSchema, 'g', operations),
      ),
    ).members?.map(({ value }) => value) ?? [];

  test.for<[string, PatchOperation, string[]]>([
    ['added', { op: 'add', path: 'members', value: [{ value: 'c', display: 'C' }] }, ['a', 'b', 'c']],
    ['added once', { op: 'add', path: 'members', value: [{ value: 'a' }] }, ['a', 'b']],
    ['removed by a filter', { op: 'remove', path: 'members[value eq "a"]' }, ['b']],
    ['removed by value', { op: 'remove', path: 'Members', value: [{ value: 'a' }] }, ['b']],
    [
      'not removed by what looks like a filter',
      { op: 'remove', path: 'members', value: [{ value: 'a" or value pr or value eq "' }] },
      ['a', 'b'],
    ],
    ['not removed for who is none', { op: 'remove', path: 'members[value eq "z"]' }, ['a', 'b']],
    ['all replaced', { op: 'replace', path: 'members', value: [{ value: 'z' }] }, ['z']],
    ['all removed', { op: 'remove', path: 'members' }, []],
  ])('are %s', ([, operation, members]) => {
    expect(membersAfter(operation)).toEqual(members);
  });
});
