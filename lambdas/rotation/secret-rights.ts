import type { Deployment } from '../platform/deployment.ts';
import { forbidden, insufficientAuthentication } from '../platform/problem.ts';
import { type Caller, isInAny } from '../verification/caller.ts';
import type { ManagedSecret } from './managed-secret.ts';

/**
 * Who may put secrets under management and have them rotated: people at AAL2 or above, and machines that were attested.
 * @throws Problem 403 for whoever else, 401 for who is too weakly authenticated
 */
export function requireSecretAdministrator({ roles }: Pick<Deployment, 'roles'>, caller: Caller): void {
  const isPerson = caller.principal.kind === 'user';
  if (!isInAny(caller, roles.secretAdministrators) || (!isPerson && !caller.assurance.attested))
    throw forbidden('not-secret-administrator', 'Managed secrets are for secret administrators to change.');
  if (isPerson && caller.assurance.aal < 2)
    throw insufficientAuthentication('nist-aal2', 'Who changes managed secrets is strongly authenticated');
}

/** Whether the caller may see all managed secrets, which never shows their values. */
export function maySeeSecrets({ roles }: Pick<Deployment, 'roles'>, caller: Caller): boolean {
  return isInAny(caller, [...roles.secretAdministrators, ...roles.responders]);
}

/** Whether the caller may see this one: also its owner may. */
export function maySeeSecret(
  deployment: Pick<Deployment, 'roles'>,
  caller: Caller,
  { owner }: ManagedSecret,
): boolean {
  const isOwner = caller.principal.id === owner && caller.actors.length === 0;
  return isOwner || maySeeSecrets(deployment, caller);
}
