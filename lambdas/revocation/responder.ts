import type { Deployment } from '../platform/deployment.ts';
import { forbidden, insufficientAuthentication, type Problem } from '../platform/problem.ts';
import { acrOf } from '../verification/assurance.ts';
import { type Caller, isInAny } from '../verification/caller.ts';

/** What a person who contains an incident proves: what they start cannot be taken back. */
const RESPONDER_AAL = 2;

export function isResponder(deployment: Deployment, caller: Caller): boolean {
  return isInAny(caller, deployment.roles.responders);
}

/**
 * Why the caller may not contain an incident, undefined where they may: a person of the responders who is strongly
 * authenticated, or one of their machines, which the issuer of its identity attests.
 */
export function refusalOfResponder(deployment: Deployment, caller: Caller): Problem | undefined {
  if (!isResponder(deployment, caller))
    return forbidden('not-a-responder', 'Incidents are contained by responders. Call one of them.');
  const { aal, attested } = caller.assurance;
  const isStrong = caller.principal.kind === 'user' ? aal >= RESPONDER_AAL : attested;
  return isStrong
    ? undefined
    : insufficientAuthentication(
        acrOf(RESPONDER_AAL) ?? '',
        'Who contains an incident is strongly authenticated. Step up, then start it again.',
      );
}
