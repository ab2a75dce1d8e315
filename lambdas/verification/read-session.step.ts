import type { Deployment } from '../platform/deployment.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { notFound } from '../platform/problem.ts';
import { type Caller, isInAny, isParty } from './caller.ts';
import { partiesIn, type Session, sessionType } from './session.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Pick<Ledger, 'read'>;
}

/**
 * One session, for its parties and for auditors.
 * @throws Problem 404 for anybody else
 */
export function readSession({ deployment, ledger }: Dependencies) {
  return async (caller: Caller, sessionId: string): Promise<Session> => {
    const session = (await ledger.read(sessionType, sessionId))?.entity;
    if (session === undefined) throw notFound('session');
    const [principal, ...actors] = partiesIn(session);
    const mayRead = isParty(caller, { principal, actors }) || isInAny(caller, deployment.roles.auditors);
    if (!mayRead) throw notFound('session');
    return session;
  };
}
