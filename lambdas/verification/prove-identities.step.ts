import type { Ledger } from '../platform/ledger.port.ts';
import { oauthError } from '../platform/problem.ts';
import { loadPrincipals } from './directory.ts';
import { ineligibility, type Principal } from './principal.ts';
import type { ProvenIdentity, TokenVerifier } from './token-verifier.port.ts';

interface Dependencies {
  readonly verifier: TokenVerifier;
  readonly ledger: Pick<Ledger, 'readAll'>;
}

/** A token of a trusted issuer, and the parameter that it came as. */
export interface ShownToken {
  readonly parameter: 'subject_token' | 'actor_token';
  readonly token: string;
}

/** What a token proves, and of which principal in good standing. */
export interface ProvenPrincipal extends ProvenIdentity {
  readonly principal: Principal;
}

/**
 * Proves who shows these tokens, one by one. Nothing tells a caller whether a principal exists.
 * @throws Problem 400 where a token proves nobody who may use this service
 */
export function proveIdentities({ verifier, ledger }: Dependencies) {
  return async (
    shown: readonly ShownToken[],
    nowEpochSeconds: number,
  ): Promise<readonly ProvenPrincipal[]> => {
    const identities: ProvenIdentity[] = [];
    for (const one of shown) identities.push(await prove(one, nowEpochSeconds));
    const known = await loadPrincipals(
      ledger,
      identities.map(({ principalId }) => principalId),
    );
    return identities.map((identity) => ({ ...identity, principal: eligible(identity, known) }));
  };

  async function prove({ parameter, token }: ShownToken, now: number): Promise<ProvenIdentity> {
    const identity = await verifier.verify(token, now);
    if (identity === undefined) {
      throw oauthError(
        'invalid_request',
        `The ${parameter} is not a valid token of an issuer that is trusted here.`,
      );
    }
    return identity;
  }
}

function eligible(identity: ProvenIdentity, known: ReadonlyMap<string, Principal>): Principal {
  const principal = known.get(identity.principalId);
  const fits = principal !== undefined && (principal.kind === 'user') === (identity.of === 'person');
  if (!fits || ineligibility(identity.principalId, known) !== undefined) {
    throw oauthError('invalid_request', 'The identity that the token proves may not use this service.');
  }
  return principal;
}
