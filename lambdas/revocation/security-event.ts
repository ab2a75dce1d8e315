import type { Grant } from '../minting/grant.ts';
import type { SignalReceiver } from '../platform/deployment.ts';
import type { Session } from '../verification/session.ts';
import type { Revocation } from './revocation.ts';

/** The event types of OpenID CAEP 1.0 that a revocation gives rise to (§3.1, §3.3). */
const CAEP = 'https://schemas.openid.net/secevent/caep/event-type';

export type SecurityEvent = Readonly<Record<string, unknown>>;

interface Told {
  readonly issuer: string;
  readonly revocation: Revocation;
  readonly receiver: SignalReceiver;
  readonly nowEpochSeconds: number;
}

/** The claims of a Security Event Token (RFC 8417 §2.2) that says that a session was ended. */
export function sessionRevoked(told: Told, session: Session): SecurityEvent {
  return {
    ...envelope(told, `session:${session.id}`),
    sub_id: {
      format: 'complex',
      user: issSub(told, session.principal.id),
      session: { format: 'opaque', id: session.id },
    },
    events: { [`${CAEP}/session-revoked`]: circumstances(told) },
  };
}

/** The claims of one that says that the credential of a grant was revoked. */
export function credentialRevoked(told: Told, grant: Grant): SecurityEvent {
  return {
    ...envelope(told, `grant:${grant.id}`),
    // Members beyond those of SSF 1.0 §3.2 name what a complex subject is about besides.
    sub_id: {
      format: 'complex',
      user: issSub(told, grant.principal.id),
      application: { format: 'opaque', id: grant.target },
      grant: { format: 'opaque', id: grant.id },
    },
    events: {
      [`${CAEP}/credential-change`]: {
        ...circumstances(told),
        credential_type: 'app',
        change_type: 'revoke',
        ...('credential' in grant ? { friendly_name: grant.credential.handle } : {}),
      },
    },
  };
}

/** The same thing has the same `jti` however often it is sent, so that a receiver can tell. */
function envelope({ issuer, revocation, receiver, nowEpochSeconds }: Told, what: string) {
  return {
    iss: issuer,
    jti: `${revocation.id}:${what}`,
    iat: nowEpochSeconds,
    aud: receiver.audience,
    txn: revocation.txn,
  };
}

function issSub({ issuer }: Told, principal: string) {
  return { format: 'iss_sub', iss: issuer, sub: principal };
}

function circumstances({ revocation, nowEpochSeconds }: Told) {
  return {
    event_timestamp: nowEpochSeconds,
    initiating_entity: 'admin',
    reason_admin: { en: `Contained by ${revocation.id}` },
  };
}
