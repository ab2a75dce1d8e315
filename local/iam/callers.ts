import { createHash, randomBytes } from 'node:crypto';
import type { AssumedRole, Principal } from './principal.ts';

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

/** Tells callers by the access key that they sign with. */
export class Callers {
  readonly #callers = new Map<string, Caller>([[OPERATOR.credentials.accessKeyId, OPERATOR]]);

  /** Gives `principal` credentials of its own. */
  admit(principal: AssumedRole): Required<Credentials> {
    const digest = createHash('sha256').update(`${principal.roleArn}/${principal.sessionName}`).digest('hex');
    const credentials = {
      accessKeyId: `ASIA${digest.slice(0, 16).toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(30).toString('base64'),
    };
    this.#callers.set(credentials.accessKeyId, { principal, credentials });
    return credentials;
  }

  find(accessKeyId: string): Caller | undefined {
    return this.#callers.get(accessKeyId);
  }
}
