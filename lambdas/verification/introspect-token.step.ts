import { fingerprintOf, grantType, hasLiveCredential, isHeld } from '../minting/grant.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { type Deployment, findTarget, type Target } from '../platform/deployment.ts';
import type { IssuedTokenClaims, IssuedTokenVerifier } from '../platform/issued-token.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Caller, isInAny, isParty } from './caller.ts';
import { principalsWanted, withOwners } from './directory.ts';
import { isTargetFrozen, targetFreezesWanted } from './freeze.ts';
import { ineligibility } from './principal.ts';
import { isLive, partiesIn, presenceOf, sessionType } from './session.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly tokens: IssuedTokenVerifier;
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly clock: Clock;
}

/** RFC 7662 §2.2. Nothing is said of a token that does not work or is none of the caller's business. */
export type Introspection =
  | { readonly active: false }
  | { readonly active: true; readonly [claim: string]: unknown };

/**
 * Whether a token works at this moment: its signature and time, and then what our own record says of its
 * session or its grant. A credential is introspected by the resource server of its target or by its own
 * parties; a session token by an enforcement point or by its own principal.
 */
export function introspectToken({ deployment, tokens, ledger, clock }: Dependencies) {
  return async (caller: Caller, token: string): Promise<Introspection> => {
    const now = epochSeconds(clock);
    const issued = await tokens.verify(token, now);
    if (issued === undefined) return { active: false };
    const works =
      issued.of === 'grant'
        ? await grantWorks(caller, token, issued, now)
        : await sessionWorks(caller, issued, now);
    return works
      ? { active: true, token_type: issued.keyThumbprint === undefined ? 'Bearer' : 'DPoP', ...issued.claims }
      : { active: false };
  };

  async function grantWorks(
    caller: Caller,
    token: string,
    issued: IssuedTokenClaims,
    now: number,
  ): Promise<boolean> {
    const grant = (await ledger.read(grantType, issued.grantId ?? ''))?.entity;
    if (grant === undefined || !hasLiveCredential(grant, now)) return false;
    // A claim that stopped half-way may have made a token of the same name that was never handed out.
    if (!grant.credential.fingerprints.includes(fingerprintOf(token))) return false;
    const mayAsk = isResourceServerOf(grant.target, caller) || isParty(caller, grant);
    if (!mayAsk || !(await ancestorsStand(grant.ancestors, now))) return false;
    return partiesStand(
      [grant.principal.id, ...grant.actors.map(({ id }) => id)],
      findTarget(deployment, grant.target),
    );
  }

  async function sessionWorks(caller: Caller, issued: IssuedTokenClaims, now: number): Promise<boolean> {
    const session = (await ledger.read(sessionType, issued.sessionId ?? ''))?.entity;
    if (session === undefined || !isLive(session, now) || presenceOf(session, issued) === undefined)
      return false;
    const [principal, ...actors] = partiesIn(session);
    const mayAsk =
      isInAny(caller, deployment.roles.enforcementPoints) || isParty(caller, { principal, actors });
    return mayAsk && (await partiesStand([issued.subject, ...issued.actors]));
  }

  function isResourceServerOf(targetId: string, caller: Caller): boolean {
    const target = findTarget(deployment, targetId);
    return (
      caller.actors.length === 0 &&
      target?.connector === 'oauth-jwt' &&
      target.resourceServer === caller.principal.id
    );
  }

  /** A part of a grant stops with it, wherever its own revocation has got to. */
  async function ancestorsStand(ids: readonly string[], now: number): Promise<boolean> {
    if (ids.length === 0) return true;
    const found = await ledger.readAll(ids.map((id) => [grantType, id] as const));
    return found.every((stored) => stored !== undefined && isHeld(stored.entity, now));
  }

  /** The tokens of who is suspended or frozen stop at once, as do those for a target that is frozen, wherever their revocation has got to. */
  async function partiesStand(ids: readonly string[], target?: Target): Promise<boolean> {
    const found = await ledger.readAll([
      ...principalsWanted(ids),
      ...(target === undefined ? [] : targetFreezesWanted(target)),
    ]);
    const known = await withOwners(ledger, found);
    const isFrozen = target !== undefined && isTargetFrozen(target, found);
    return !isFrozen && ids.every((id) => ineligibility(id, known) === undefined);
  }
}
