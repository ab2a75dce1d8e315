import type { Channel } from '../platform/channel.ts';
import type { Clock } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { conflict, notFound } from '../platform/problem.ts';
import { type Caller, isInAny, whoCalls } from './caller.ts';
import { changeSession } from './change-session.ts';
import type { RiskSignal } from './evidence.ts';
import type { Session } from './session.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A session is one item, and each call reads the whole of it. */
const MOST_SIGNALS = 200;

/**
 * Keeps on a session what a channel has noticed: a gateway for a channel that it serves and the session is in, a
 * member of staff for the one in which they act in the session. A signal raises nothing.
 * @throws Problem 404 for anybody else, and where the session is over
 */
export function recordSignal({ deployment, ledger, clock, ids }: Dependencies) {
  return async (
    caller: Caller,
    sessionId: string,
    noticed: Pick<RiskSignal, 'kind' | 'level'>,
  ): Promise<RiskSignal> => {
    const id = ids.next();
    const { risks } = await changeSession({ ledger, clock }, sessionId, (session, now) => {
      const from = watchpostOf(caller, session);
      if (from === undefined) throw notFound('session');
      if (session.risks.length >= MOST_SIGNALS) {
        throw conflict('too-many-signals', 'The session has as many signals as it can hold. End it.');
      }
      const signal: RiskSignal = { id, ...from, ...noticed, observedAtEpochSeconds: now };
      return {
        session: { ...session, risks: [...session.risks, signal] },
        event: { type: 'risk.noticed', who: whoCalls(caller), details: { signal } },
      };
    });
    return risks.at(-1) as RiskSignal;
  };

  function watchpostOf(caller: Caller, session: Session): Pick<RiskSignal, 'channel' | 'source'> | undefined {
    const [nearest] = caller.actors;
    if (nearest?.kind === 'user' && caller.session === session.id) {
      return { channel: caller.channel, source: nearest.id };
    }
    const watched = session.presences.findLast(({ channel }) => watches(caller, channel));
    return watched && { channel: watched.channel, source: caller.principal.id };
  }

  function watches(caller: Caller, channel: Channel): boolean {
    return caller.actors.length === 0 && isInAny(caller, deployment.roles.riskSources[channel] ?? []);
  }
}
