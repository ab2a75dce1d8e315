import { expect, test } from 'vitest';
import { scimFilter } from '../../../lambdas/directory/scim-filter.ts';
import { userSchema } from '../../../lambdas/directory/scim-schemas.ts';

const erin = {
  id: 'Erin',
  userName: 'erin@example.com',
  displayName: 'Erin Okafor',
  active: true,
  emails: [{ value: 'erin@example.com', type: 'work', primary: true }],
  roles: [{ value: 'Editor' }],
  meta: { lastModified: '2026-01-05T09:00:00.000Z' },
};

test.for<[string, boolean]>([
  ['userName eq "ERIN@example.com"', true],
  [`${userSchema.id}:userName eq "erin@example.com"`, true],
  ['id eq "Erin"', true],
  ['id eq "erin"', false],
  ['roles.value eq "editor"', false],
  ['USERNAME sw "erin" and (active eq false or displayName co "OKA")', true],
  ['not (userName sw "erin" and active eq false)', true],
  ['not (userName sw "erin" or active eq false)', false],
  ['emails[type eq "Work" and value ew "example.com"]', true],
  ['emails[type eq "home"]', false],
  ['displayName eq "this and that"', false],
  ['displayName eq "a \\" b"', false],
  ['nickName pr', false],
  ['userName pr', true],
  ['active ne true', false],
  ['meta.lastModified gt "2026-01-01T00:00:00Z"', true],
])('%s: %s', ([filter, matches]) => {
  expect(scimFilter(userSchema, filter).matches(erin)).toBe(matches);
});

test.for<[string, Record<string, string>]>([
  ['userName eq "Erin"', { username: 'Erin' }],
  ['active eq true and externalId eq "x"', { externalid: 'x' }],
  ['groups[value eq "g"]', { 'groups.value': 'g' }],
  ['userName eq "a" or userName eq "b"', {}],
  ['not (userName eq "a")', {}],
  ['userName sw "a"', {}],
])('%s is looked up by what it requires', ([filter, required]) => {
  expect(Object.fromEntries(scimFilter(userSchema, filter).required)).toEqual(required);
});

test('however many brackets there are, it is told in time', () => {
  expect(() => scimFilter(userSchema, `${'('.repeat(500)}userName pr`)).toThrow();
  expect(() => scimFilter(userSchema, `${'not '.repeat(250)}(userName pr)`)).not.toThrow(RangeError);
});
