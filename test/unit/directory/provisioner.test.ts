import { expect, test } from 'vitest';
import { requireProvisioner } from '../../../lambdas/directory/provisioner.ts';
import type { Caller } from '../../../lambdas/verification/caller.ts';
import { callerOf, deployment, machine, person } from '../../support/access-case.ts';

const GROUP = 'provisioners';
const provisioned = { ...deployment, roles: { ...deployment.roles, directoryProvisioners: [GROUP] } };
const proving = (caller: Caller, proven: Partial<Caller['assurance']>): Caller => ({
  ...caller,
  assurance: { ...caller.assurance, ...proven },
});

const service = callerOf(machine('service_account', 'sync', 'dana', GROUP));

test('the attested service of the identity provider may', () => {
  expect(() => requireProvisioner(provisioned, proving(service, { attested: true }))).not.toThrow();
});

test.for<[string, Caller]>([
  ['a service that nothing attests', proving(service, { attested: false })],
  ['another service', proving(callerOf(machine('service_account', 'other', 'dana')), { attested: true })],
  [
    'a person of the group, however strong',
    proving(callerOf(person('dana', GROUP)), { aal: 3, attested: true }),
  ],
])('%s may not', ([, caller]) => {
  expect(() => requireProvisioner(provisioned, caller)).toThrow(expect.objectContaining({ status: 403 }));
});
