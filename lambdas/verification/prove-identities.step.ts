import type { Ledger } from '../platform/ledger.port.ts';
import { oauthError, type Problem } from '../platform/problem.ts';
import type { SingleUse } from '../platform/single-use.port.ts';
import { loadPrincipals } from './directory.ts';
import type { ShownTokenType } from './oauth.routes.ts';
import { ineligibility, type Principal } from './principal.ts';
import type { ProvenIdentity, TokenVerifier } from './token-verifier.port.ts';

/** Who verifies what is shown, by what it is called. */
export type TokenVerifiers = Readonly<Record<ShownTokenType, TokenVerifier>>;

interface Dependencies {
  readonly verifiers: TokenVerifiers;
  readonly singleUse: SingleUse;
  readonly ledger: Pick<Ledger, 'readAll'>;
}

/** What somebody shows to prove who they are, and what they call it. */
export interface ShownToken {
  readonly token: string;
  readonly type: ShownTokenType;
}

/** What a token proves, and of which principal in good standing. */
export interface ProvenPrincipal extends ProvenIdentity {
  readonly principal: Principal;
}

/**
 * Proves who shows a token, and who acts for them by a token of their own, and uses up the tokens that are good
 * for one exchange. What follows issues something at once: whoever gets no answer shows a new token.
 * @throws Problem 400, one and the same whatever the reason: nothing tells a caller which check failed, or whether
 * a principal exists
 * @throws DependencyUnavailable where a verifier or the table did not answer; the tokens may be used up
 */
export function proveIdentities({ verifiers, singleUse, ledger }: Dependencies) {
  return async (
    subject: ShownToken,
    actor: ShownToken | undefined,
    nowEpochSeconds: number,
  ): Promise<readonly [ProvenPrincipal, ...ProvenPrincipal[]]> => {
    const identities = [await identify(subject, nowEpochSeconds)];
    if (actor !== undefined) identities.push(await identify(actor, nowEpochSeconds));
    const known = await loadPrincipals(
      ledger,
      identities.map(({ principalId }) => principalId),
    );
    const [proven, ...actors] = identities.map((identity) => eligible(identity, known)) as [
      ProvenPrincipal,
      ...ProvenPrincipal[],
    ];
    if (!actors.every(({ principal }) => mayActFor(principal, proven.principal))) throw refusal();
    for (const { usedOnce } of [proven, ...actors]) {
      if (usedOnce === undefined) continue;
      if (!(await singleUse.spend('subject-token', usedOnce.value, usedOnce.untilEpochSeconds)))
        throw refusal();
    }
    return [proven, ...actors];
  };

  async function identify({ token, type }: ShownToken, now: number): Promise<ProvenIdentity> {
    const identity = await verifiers[type].verify(token, now);
    if (identity === undefined) throw refusal();
    return identity;
  }
}

function eligible(identity: ProvenIdentity, known: ReadonlyMap<string, Principal>): ProvenPrincipal {
  const principal = known.get(identity.principalId);
  const fits = principal !== undefined && (principal.kind === 'user') === (identity.of === 'person');
  if (!fits || ineligibility(identity.principalId, known) !== undefined) throw refusal();
  return { ...identity, principal };
}

/** An agent acts for its owner and for nobody else. */
function mayActFor(actor: Principal, subject: Principal): boolean {
  return actor.kind === 'agent' && actor.owner === subject.id;
}

/** RFC 8693 §2.2.2. */
function refusal(): Problem {
  return oauthError(
    'invalid_request',
    'What was shown proves nobody here, or nobody who may act in this way.',
  );
}
