import type { Deployment } from '../platform/deployment.ts';
import { forbidden, insufficientAuthentication } from '../platform/problem.ts';
import { acrOf } from '../verification/assurance.ts';
import { type Caller, isInAny } from '../verification/caller.ts';

type Roles = Pick<Deployment, 'roles'>;

/** What a person proves who changes what is permitted. */
const ADMINISTRATOR_AAL = 2;

/**
 * Who may see policy sets: those who administer them, and auditors.
 * @throws Problem 403
 */
export function requirePolicyReader({ roles }: Roles, caller: Caller): void {
  if (!isInAny(caller, [...roles.policyAdministrators, ...roles.auditors]))
    throw forbidden('not-policy-administrator', 'Policy sets are for policy administrators and auditors.');
}

/**
 * Who may propose a set: a policy administrator who is strongly authenticated, or one of their machines that is attested,
 * such as the job that builds the policies.
 * @throws Problem 403 for whoever else, 401 for who is too weakly authenticated
 */
export function requirePolicyAdministrator({ roles }: Roles, caller: Caller): void {
  const isPerson = caller.principal.kind === 'user';
  if (!isInAny(caller, roles.policyAdministrators) || (!isPerson && !caller.assurance.attested))
    throw forbidden('not-policy-administrator', 'Policy sets are for policy administrators to change.');
  if (isPerson && caller.assurance.aal < ADMINISTRATOR_AAL)
    throw insufficientAuthentication(
      acrOf(ADMINISTRATOR_AAL) ?? '',
      'Who changes policies is strongly authenticated',
    );
}

/**
 * Who may put a set in force: a policy administrator in person, through nobody.
 * @throws Problem as `requirePolicyAdministrator`
 */
export function requirePolicyAdministratorInPerson(roles: Roles, caller: Caller): void {
  if (caller.principal.kind !== 'user' || caller.actors.length > 0)
    throw forbidden('not-a-person', 'A person switches policies, in their own session.');
  requirePolicyAdministrator(roles, caller);
}
