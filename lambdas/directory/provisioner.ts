import type { Deployment } from '../platform/deployment.ts';
import { forbidden } from '../platform/problem.ts';
import { type Caller, isInAny } from '../verification/caller.ts';

/**
 * Lets nobody but the directory's provisioners on: services of an identity provider, which the issuer of their identity
 * attests. A person changes the directory at the provider: whoever could here would put themself into every group, and
 * would be both of the two people whom some things want.
 * @throws Problem 403
 */
export function requireProvisioner({ roles }: Deployment, caller: Caller): void {
  const isService = caller.principal.kind !== 'user' && caller.assurance.attested;
  if (!isService || !isInAny(caller, roles.directoryProvisioners))
    throw forbidden(
      'not-a-provisioner',
      'The directory is kept by the service of its identity provider. Change it at the provider.',
    );
}
