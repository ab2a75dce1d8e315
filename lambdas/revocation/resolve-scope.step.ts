import { fingerprintOf, type Grant, grantType } from '../minting/grant.ts';
import { type Deployment, findTarget } from '../platform/deployment.ts';
import type { IssuedTokenRecogniser } from '../platform/issued-token.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { principalType } from '../verification/principal.ts';
import { partiesIn, sessionType } from '../verification/session.ts';
import type { Scope } from './revocation.ts';
import type { ScopeBody } from './revocations.routes.ts';
import type { SecretRotations } from './secret-rotations.port.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Pick<Ledger, 'read' | 'list'>;
  readonly tokens: IssuedTokenRecogniser;
  readonly secrets: Pick<SecretRotations, 'isManaged' | 'exposedBy'>;
}

/** A scope that is there, and whom it is about. */
export interface ResolvedScope {
  readonly scope: Scope;
  /** The sessions that a leaked credential was given out in, or is a token of. */
  readonly sessions: readonly string[];
  /** The managed secrets that are known to be exposed. */
  readonly exposed: readonly string[];
  /** Whether a containment of it concerns this principal, who then may not start it. */
  readonly concerns: (principal: { readonly id: string; readonly owner?: string }) => boolean;
}

/** How many grants of a fingerprint are read at a time: more than one has had the same secret checked out. */
const PAGE = 50;

/**
 * Finds what a scope names.
 * @returns the scope alone where there is no such thing; a credential that is nobody's still has its fingerprint
 */
export function resolveScope({ deployment, ledger, tokens, secrets }: Dependencies) {
  return async (body: ScopeBody): Promise<ResolvedScope | { readonly unknown: Scope }> => {
    if (body.credential !== undefined) return ofCredential(body.credential);
    const [[kind, id] = ['grant', ''] as const] = Object.entries(body) as [
      Exclude<Scope['kind'], 'credential'>,
      string,
    ][];
    const scope: Scope = { kind, id };
    return (await found(scope)) ?? { unknown: scope };
  };

  async function found(scope: Scope): Promise<ResolvedScope | undefined> {
    const { kind, id } = scope;
    switch (kind) {
      case 'principal':
        return (await ledger.read(principalType, id)) && of(scope, [id]);
      case 'owner': {
        const owner = (await ledger.read(principalType, id))?.entity;
        if (owner?.kind !== 'user') return undefined;
        return { scope, sessions: [], exposed: [], concerns: (one) => one.id === id || one.owner === id };
      }
      case 'session': {
        const session = (await ledger.read(sessionType, id))?.entity;
        return session && of(scope, idsOf(partiesIn(session)));
      }
      case 'grant': {
        const grant = (await ledger.read(grantType, id))?.entity;
        return grant && of(scope, idsOf([grant.principal, ...grant.actors]));
      }
      case 'target':
        return findTarget(deployment, id) && of(scope, []);
      case 'secret':
        return (await secrets.isManaged(id)) ? { ...of(scope, []), exposed: [id] } : undefined;
      // The one is looked up by its fingerprint, the other one started by the directory alone.
      case 'credential':
      case 'suspended':
        return undefined;
    }
  }

  /**
   * By its fingerprint, or by its signature where it is a token of a session, of which no fingerprint is kept. Grants
   * that are over count: what was leaked then may have been leaked with what is live in the same session now.
   */
  async function ofCredential(credential: string): Promise<ResolvedScope | { readonly unknown: Scope }> {
    const scope: Scope = { kind: 'credential', id: fingerprintOf(credential) };
    const grants = await grantsOf(scope.id);
    const exposed = await secrets.exposedBy(scope.id);
    const issued = await tokens.recognise(credential);
    const session =
      issued?.of === 'session' && issued.sessionId !== undefined
        ? (await ledger.read(sessionType, issued.sessionId))?.entity
        : undefined;
    if (grants.length === 0 && exposed.length === 0 && session === undefined) return { unknown: scope };
    const parties = [
      ...grants.flatMap(({ principal, actors }) => [principal, ...actors]),
      ...(session === undefined ? [] : partiesIn(session)),
    ];
    return {
      ...of(scope, idsOf(parties)),
      exposed,
      sessions: [...new Set([...grants.map((grant) => grant.session), ...(session ? [session.id] : [])])],
    };
  }

  async function grantsOf(fingerprint: string): Promise<Grant[]> {
    const grants: Grant[] = [];
    let after: string | undefined;
    do {
      const page = await ledger.list(
        grantType,
        { kind: 'FINGERPRINT', name: fingerprint },
        { limit: PAGE, ...(after === undefined ? {} : { after }) },
      );
      grants.push(...page.items);
      after = page.next;
    } while (after !== undefined);
    return grants;
  }
}

function of(scope: Scope, concerned: readonly string[]): ResolvedScope {
  return { scope, sessions: [], exposed: [], concerns: ({ id }) => concerned.includes(id) };
}

function idsOf(parties: readonly { readonly id: string }[]): string[] {
  return parties.map(({ id }) => id);
}
