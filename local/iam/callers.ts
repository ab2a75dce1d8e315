import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { RecordStore } from '../aws/record-store.ts';
import { Policy } from './policy.ts';
import type { AssumedRole, Principal, RoleSession } from './principal.ts';

/** What a caller signs with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of a role's credentials, which are temporary. */
  readonly sessionToken?: string;
}

/** Someone who makes calls. */
export interface Caller {
  readonly principal: Principal;
  readonly credentials: Credentials;
}

/** Whoever works with this machine. */
export const OPERATOR: Caller = {
  principal: { kind: 'operator' },
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
};

/** A session that was asked for, as it is kept. */
export interface RequestedSession extends Omit<RoleSession, 'policy'> {
  readonly roleArn: string;
  readonly sessionName: string;
  /** The session policy as it was given. */
  readonly policyText: string | undefined;
}

interface KeptSession extends RequestedSession {
  readonly credentials: Required<Credentials>;
}

/** What the keys of temporary credentials begin with (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes). */
const TEMPORARY = 'ASIA';

/** Tells callers by the access key that they sign with. */
export class Callers {
  readonly #callers = new Map<string, Caller>([[OPERATOR.credentials.accessKeyId, OPERATOR]]);
  readonly #sessions: RecordStore<KeptSession>;

  /** @param directory where sessions outlive this process; none where it is left out */
  constructor(directory?: string) {
    this.#sessions = new RecordStore(directory && join(directory, 'sts'));
    for (const session of this.#sessions.values()) this.#remember(session);
  }

  /** Gives `principal` credentials of its own. */
  admit(principal: AssumedRole): Required<Credentials> {
    const digest = createHash('sha256').update(`${principal.roleArn}/${principal.sessionName}`).digest('hex');
    const credentials = newCredentials(digest.slice(0, 16).toUpperCase());
    this.#callers.set(credentials.accessKeyId, { principal, credentials });
    return credentials;
  }

  /** Begins a session with credentials of its own. */
  begin(session: RequestedSession): Required<Credentials> {
    const credentials = newCredentials(randomBytes(8).toString('hex').toUpperCase());
    const kept = { ...session, credentials };
    this.#sessions.set(credentials.accessKeyId, kept);
    this.#remember(kept);
    return credentials;
  }

  /** @returns undefined where the key is nobody's */
  find(accessKeyId: string): Caller | undefined {
    return this.#callers.get(accessKeyId);
  }

  /** Who calls with this key, if he is believed: the operator, unless it is the key of temporary credentials. */
  believe(accessKeyId: string): Caller | undefined {
    return this.find(accessKeyId) ?? (accessKeyId.startsWith(TEMPORARY) ? undefined : OPERATOR);
  }

  #remember({ roleArn, sessionName, policyText, credentials, ...rest }: KeptSession): void {
    const policy = policyText === undefined ? undefined : Policy.parse(JSON.parse(policyText));
    const principal: AssumedRole = { kind: 'role', roleArn, sessionName, session: { ...rest, policy } };
    this.#callers.set(credentials.accessKeyId, { principal, credentials });
  }
}

function newCredentials(keyDigits: string): Required<Credentials> {
  return {
    accessKeyId: `${TEMPORARY}${keyDigits}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(30).toString('base64'),
  };
}
