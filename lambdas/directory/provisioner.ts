import type { Deployment } from '../platform/deployment.ts';
import { forbidden, insufficientAuthentication } from '../platform/problem.ts';
import { acrOf } from '../verification/assurance.ts';
import { type Caller, isInAny } from '../verification/caller.ts';

/** What a person who changes the directory proves: whoever writes it decides who may do what. */
const PROVISIONER_AAL = 2;

/**
 * Lets nobody but the directory's provisioners on: an identity provider's service, which the issuer of its identity
 * attests, or a strongly authenticated person of theirs.
 * @throws Problem 403, or 401 for a session that is too weak
 */
export function requireProvisioner({ roles }: Deployment, caller: Caller): void {
  if (!isInAny(caller, roles.directoryProvisioners))
    throw forbidden('not-a-provisioner', 'The directory is kept by its provisioners, and read by them here.');
  const { aal, attested } = caller.assurance;
  const isStrong = caller.principal.kind === 'user' ? aal >= PROVISIONER_AAL : attested;
  if (!isStrong)
    throw insufficientAuthentication(
      acrOf(PROVISIONER_AAL) ?? '',
      'Who changes the directory is strongly authenticated. Step up, then send it again.',
    );
}
