import type { Deployment } from '../platform/deployment.ts';
import { oauthError } from '../platform/problem.ts';
import { type Caller, isInAny } from './caller.ts';

/**
 * Holds that the caller speaks for a channel whose users have no client of their own: a service, for itself.
 * @throws Problem `unauthorized_client` (RFC 6749 §5.2) for whoever is no gateway
 */
export function requireGateway({ roles }: Deployment, caller: Caller): void {
  const isGateway =
    caller.principal.kind === 'service_account' &&
    caller.actors.length === 0 &&
    isInAny(caller, roles.channelGateways);
  if (!isGateway) throw oauthError('unauthorized_client', 'Only a gateway of a channel may do this.');
}
