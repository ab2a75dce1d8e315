import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { creation } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { oauthError } from '../platform/problem.ts';
import type { BackchannelForm } from './backchannel.routes.ts';
import { BACKCHANNEL_SECONDS, type BackchannelIn, backchannelType } from './backchannel.ts';
import { type Caller, whoCalls } from './caller.ts';
import { requireGateway } from './channel-gateway.ts';
import { referenceTo } from './session.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Pick<Ledger, 'commit'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Short enough to be read out, and nothing that a device would show as something else. */
const BINDING_MESSAGE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,64}$/u;

/**
 * Records a call and pushes to whoever the caller says to be (CIBA Core 1.0 §7). It reads nothing about them, so
 * neither what it answers nor how long it takes depends on whether there is such a person, or a device of theirs:
 * the push lies where a device of that person looks.
 */
export function startBackchannel({ deployment, ledger, clock, ids }: Dependencies) {
  return async (caller: Caller, form: BackchannelForm): Promise<BackchannelIn<'pending'>> => {
    requireGateway(deployment, caller);
    const loginHint = hintOf(form);
    if (!BINDING_MESSAGE.test(form.binding_message)) {
      throw oauthError(
        'invalid_binding_message',
        'A binding message is 1 to 64 printable characters on one line.',
      );
    }
    const now = epochSeconds(clock);
    const call: BackchannelIn<'pending'> = {
      id: ids.next(),
      txn: ids.next(),
      gateway: referenceTo(caller.principal),
      loginHint,
      bindingMessage: form.binding_message,
      nonce: ids.next(),
      status: 'pending',
      createdAtEpochSeconds: now,
      expiresAtEpochSeconds: now + BACKCHANNEL_SECONDS,
    };
    await ledger.commit({
      chain: call.id,
      opens: true,
      event: caseEvent(clock, call.txn, 'call.received', whoCalls(caller), {
        loginHint,
        bindingMessage: call.bindingMessage,
      }),
      changes: [creation(backchannelType, call)],
    });
    return call;
  };
}

/** CIBA Core 1.0 §7.1: one hint, and not more than one. */
function hintOf({ login_hint, login_hint_token, id_token_hint }: BackchannelForm): string {
  const given = [login_hint, login_hint_token, id_token_hint].filter((hint) => hint !== undefined);
  if (given.length !== 1) {
    throw oauthError('invalid_request', 'Send exactly one hint of whom to authenticate.');
  }
  if (login_hint === undefined) {
    throw oauthError('invalid_request', 'The only hint that is supported is login_hint, a principal’s id.');
  }
  return login_hint;
}
