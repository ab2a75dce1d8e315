import { expect, it } from 'vitest';
import type { RoleUsage } from '../../../local/iam/role.ts';
import { reportOf } from '../../iam/role-report.ts';

const signing = { action: 'kms:Sign', resource: 'arn:aws:kms:us-east-1:000000000000:key/k' };
const query = (leadingKeys: string) => ({ action: 'dynamodb:Query', resource: 't', leadingKeys });

function usage(over: Partial<RoleUsage>): RoleUsage {
  return { constructPath: 'Stack/Claim/Role/Resource', unexercised: {}, granted: [], used: [], ...over };
}

it('is clean where all that is granted was used, in whichever run', () => {
  const granted = [signing, query('A#*')];
  const runs = [usage({ granted, used: [signing] }), usage({ granted, used: [query('A#*')] })];
  expect(reportOf(runs).isClean).toBe(true);
});

it('is not clean where something is granted for nothing, and says what and to whom', () => {
  const { isClean, lines } = reportOf([usage({ granted: [signing] })]);
  expect(isClean).toBe(false);
  expect(lines.slice(0, 3)).toEqual([
    'Granted and used by nothing, without a reason: 1',
    '  kms:Sign on arn:aws:kms:::key/k',
    '    Claim',
  ]);
});

it('takes a reason for an action, or for one kind of item, and for no other', () => {
  const granted = [query('A#*'), query('B#*')];
  expect(reportOf([usage({ granted, unexercised: { 'dynamodb:Query': 'why' } })]).isClean).toBe(true);
  expect(reportOf([usage({ granted, unexercised: { 'dynamodb:Query A#*': 'why' } })]).isClean).toBe(false);
});

it('shows what a wildcard has granted, and is not clean with an action that is one', () => {
  const anywhere = { action: 'logs:PutLogEvents', resource: '*' };
  const shown = reportOf([usage({ granted: [anywhere], used: [anywhere] })]);
  expect(shown.lines).toContain('Used and granted by a wildcard: 1');
  expect(shown.isClean).toBe(true);
  const anything = { action: 'kms:*', resource: 'k' };
  expect(reportOf([usage({ granted: [anything], used: [anything] })]).isClean).toBe(false);
});
