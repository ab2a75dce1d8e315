import { grantType } from '../minting/grant.ts';
import { returnGrant } from '../minting/return-grant.step.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { IssuedTokenVerifier } from '../platform/issued-token.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { oauthError } from '../platform/problem.ts';
import type { WaitingWorkflow } from '../platform/task-tokens.port.ts';
import { type Caller, isParty } from './caller.ts';
import { endSession } from './end-session.step.ts';

interface Dependencies {
  readonly tokens: IssuedTokenVerifier;
  readonly ledger: Ledger;
  readonly workflow: WaitingWorkflow;
  readonly clock: Clock;
}

/**
 * Ends what a token stands for (RFC 7009): a session, or the grant of a credential. A token that is none of
 * ours or works no longer needs nothing done, and that is success (§2.2).
 */
export function revokeToken({ tokens, ledger, workflow, clock }: Dependencies) {
  return async (caller: Caller, token: string): Promise<void> => {
    const issued = await tokens.verify(token, epochSeconds(clock));
    if (issued === undefined) return;
    await (issued.of === 'grant'
      ? endGrant(caller, issued.grantId ?? '')
      : endOwnSession(caller, issued.sessionId ?? ''));
  };

  async function endGrant(caller: Caller, grantId: string): Promise<void> {
    const grant = await ledger.read(grantType, grantId);
    if (grant === undefined) return;
    if (!isParty(caller, grant.entity)) throw notYours();
    await returnGrant({ ledger, workflow, clock })(caller, grantId);
  }

  async function endOwnSession(caller: Caller, sessionId: string): Promise<void> {
    if ((await endSession({ ledger, clock })(caller, sessionId)) === 'not_a_party') throw notYours();
  }
}

/** RFC 7009 §2.1: a client that the token was not issued to is refused and told so. */
function notYours() {
  return oauthError(
    'unauthorized_client',
    'The token is not one of the caller, so the caller cannot revoke it.',
  );
}
