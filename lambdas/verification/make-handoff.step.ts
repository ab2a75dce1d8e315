import { caseEvent } from '../platform/case-event.ts';
import type { Channel } from '../platform/channel.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { creation } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { forbidden, invalidRequest, notFound } from '../platform/problem.ts';
import { type Caller, whoCalls } from './caller.ts';
import {
  HANDOFF_SECONDS,
  type Handoff,
  handoffIdOf,
  handoffType,
  mayPass,
  type Recipient,
} from './handoff.ts';
import type { Principal } from './principal.ts';
import { referenceTo } from './session.ts';

interface Dependencies {
  readonly ledger: Pick<Ledger, 'commit'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A handoff and its code, which is told in this answer and nowhere else. */
export interface MadeHandoff {
  readonly code: string;
  readonly handoff: Handoff;
}

/**
 * Hands a session over to another channel: only who is in it can, with a token of this very session. It is for the
 * person who hands it over, or whom a gateway serves, unless they name somebody else.
 * @throws Problem 404 for another session than the caller's own, 403 for an agent, 400 where nothing passes
 * between the channels
 */
export function makeHandoff({ ledger, clock, ids }: Dependencies) {
  return async (
    caller: Caller,
    sessionId: string,
    wanted: { readonly targetChannel: Channel; readonly to?: Recipient | undefined },
  ): Promise<MadeHandoff> => {
    if (caller.session !== sessionId) throw notFound('session');
    if (!mayPass(caller.channel, wanted.targetChannel)) {
      throw invalidRequest(`Nothing is handed over from ${caller.channel} to ${wanted.targetChannel}.`);
    }
    if (caller.actors.some(({ kind }) => kind === 'agent')) {
      throw forbidden(
        'agents-hand-nothing-over',
        'A session is handed over by its person, or by who serves them.',
      );
    }
    const code = ids.next() + ids.next();
    const handoff: Handoff = {
      id: handoffIdOf(code),
      session: sessionId,
      from: {
        channel: caller.channel,
        actors: caller.actors.map(referenceTo),
        keyThumbprint: caller.keyThumbprint,
      },
      targetChannel: wanted.targetChannel,
      to: wanted.to ?? { type: 'user', id: (caller.actors.find(isPerson) ?? caller.principal).id },
      status: 'open',
      expiresAtEpochSeconds: epochSeconds(clock) + HANDOFF_SECONDS,
    };
    await ledger.commit({
      chain: sessionId,
      event: caseEvent(clock, caller.txn, 'handoff.made', whoCalls(caller), {
        handoff: handoff.id,
        target_channel: handoff.targetChannel,
        to: handoff.to,
      }),
      changes: [creation(handoffType, handoff)],
    });
    return { code, handoff };
  };
}

function isPerson({ kind }: Principal): boolean {
  return kind === 'user';
}
