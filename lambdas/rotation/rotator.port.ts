import type { Material } from '../minting/connector.port.ts';
import type { Connection, ConnectionKind, ConnectionOf } from './connection.ts';

/** Of what a step of a rotation speaks. */
export interface Standing {
  /** The token of the value that is being made. */
  readonly token: string;
  /** The value that is used now; none before the first rotation. */
  readonly current: Material | undefined;
  /** The value before, where it may still be used. */
  readonly previous: Material | undefined;
}

/** What came of using a value. */
export interface TestAnswer {
  readonly answer:
    | 'works'
    /** It is not accepted: it is dead. */
    | 'refused'
    /** It is accepted, and good for nothing: neither dead nor of use. */
    | 'useless'
    | 'unknown';
  /** What was done, and what came back; no secret in it. */
  readonly how: string;
}

/** Speaks to one kind of system where the secret of an account can be changed. Whatever it does, it can do again. */
export interface Rotator<At extends Connection = Connection> {
  /**
   * Makes the next value, and at the system what has to be there before it can be known. Made again for a token, it
   * takes the place of what a try before has made.
   * @throws DependencyUnavailable where the system did not confirm
   */
  make(connection: At, standing: Standing): Promise<Material>;

  /**
   * Has the system accept the value; the current one goes on working where the system can have two.
   * @throws DependencyUnavailable where the system did not confirm
   */
  set(connection: At, pending: Material, standing: Standing): Promise<void>;

  /** Uses a value as its consumers do. */
  test(
    connection: At,
    value: Material,
    published: readonly Readonly<Record<string, string>>[],
  ): Promise<TestAnswer>;

  /**
   * Takes back what `make` and `set` have done: what stood before works on, and the pending value does not.
   * @param pending the value, where it was kept before the rotation failed
   * @throws DependencyUnavailable where the system did not confirm
   */
  withdraw(connection: At, pending: Material | undefined, standing: Standing): Promise<void>;

  /**
   * Ends a value that is not to work any more. Ending what is gone is success; the current value is never touched.
   * @param exposed whether somebody has it who should not: what was opened with it is ended too
   * @throws DependencyUnavailable where the system did not confirm
   */
  end(connection: At, value: Material, current: Material, exposed: boolean): Promise<void>;

  /** The public half of a value, where it has one, to be published before the value is used (RFC 7517). */
  publicKey?(value: Material): Readonly<Record<string, string>>;
}

export type Rotators = { readonly [Kind in ConnectionKind]: Rotator<ConnectionOf<Kind>> };

export function rotatorFor(rotators: Rotators, connection: Connection): Rotator {
  return rotators[connection.kind];
}
