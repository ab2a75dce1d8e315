import { caseEvent } from '../platform/case-event.ts';
import type { Channel } from '../platform/channel.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { creation } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { conflict, forbidden, notFound, tooManyAttempts } from '../platform/problem.ts';
import { assuranceRules } from './assurance-rules.ts';
import { authenticatorsOf, secondsUntilTry } from './authenticator.ts';
import { type Caller, whoCalls } from './caller.ts';
import type { OptionsDocument, Passkeys } from './passkeys.port.ts';
import {
  chooseAuthenticators,
  STEP_UP_SECONDS,
  type StepUp,
  type StepUpMethod,
  stepUpType,
  type Wish,
} from './step-up.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly passkeys: Passkeys;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface BegunStepUp {
  readonly stepUp: StepUp;
  /** What the browser's passkeys are asked with, where they are asked. */
  readonly publicKey?: OptionsDocument;
}

/** Challenges the caller to prove more, in their own session and the channel that they are in. */
export function beginStepUp({ ledger, passkeys, clock, ids }: Dependencies) {
  return async (caller: Caller, sessionId: string, wish: Wish): Promise<BegunStepUp> => {
    const { principal, actors, channel } = caller;
    if (caller.session !== sessionId) throw notFound('session');
    if (principal.kind !== 'user' || actors.length > 0) {
      throw forbidden(
        'not-the-person',
        'A person steps up, with nobody acting for them. The session’s person can, in a presence of their own.',
      );
    }
    const now = epochSeconds(clock);
    const choice = chooseAuthenticators(await authenticatorsOf(ledger, principal.id), wish);
    if (choice === undefined || !countsIn(choice.method, channel)) {
      throw conflict(
        'no-authenticator',
        'No authenticator that the caller has enrolled can show this in this channel. Enrol one, or use another channel.',
      );
    }
    if (choice.method === 'otp') {
      const wait = secondsUntilTry(choice.authenticators[0], now);
      if (wait > 0) throw tooManyAttempts(wait);
    }
    const stepUp: StepUp = {
      id: ids.next(),
      session: sessionId,
      principal: principal.id,
      channel,
      method: choice.method,
      authenticators: choice.authenticators.map(({ id }) => id),
      status: 'open',
      createdAtEpochSeconds: now,
      expiresAtEpochSeconds: now + STEP_UP_SECONDS,
    };
    const publicKey =
      choice.method === 'passkey'
        ? await passkeys.requestOptions(stepUp.id, choice.authenticators)
        : undefined;
    await ledger.commit({
      chain: sessionId,
      event: caseEvent(clock, caller.txn, 'step-up.begun', whoCalls(caller), {
        step_up: stepUp.id,
        method: stepUp.method,
      }),
      changes: [creation(stepUpType, stepUp)],
    });
    return { stepUp, ...(publicKey === undefined ? {} : { publicKey }) };
  };
}

function countsIn(method: StepUpMethod, channel: Channel): boolean {
  const channels: readonly Channel[] = assuranceRules.methods[method].channels;
  return channels.includes(channel);
}
