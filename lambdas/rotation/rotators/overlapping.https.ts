import * as z from 'zod';
import type { AdministratorSecrets } from '../../minting/administrator-secrets.port.ts';
import type { Material } from '../../minting/connector.port.ts';
import { DependencyUnavailable } from '../../platform/failures.ts';
import type { Connection } from '../connection.ts';
import type { Rotator, TestAnswer } from '../rotator.port.ts';
import { type MadeSecret, type NamedSecrets, namedSecrets } from './named-secrets.https.ts';

/** What systems differ in that make their secrets themselves, and let an account have two at a time. */
interface OverlappingSystem<At extends Connection> {
  readonly secretsUrl: (connection: At) => string;
  readonly valueFrom: (connection: At, made: MadeSecret) => Material;
  /** The name that the system has given the value. */
  readonly idOf: (value: Material) => string | undefined;
  readonly test: (connection: At, value: Material) => Promise<TestAnswer>;
}

const Administrator = z.object({ token: z.string().min(1) });

/**
 * Rotates a secret that its system makes itself. It is made under the name of its rotation, so that one that a crash has
 * left unkept is found and deleted by the next try; it works from then on, beside the current one.
 */
export function overlappingRotator<At extends Connection & { readonly administrator: string }>(
  secrets: AdministratorSecrets,
  { secretsUrl, valueFrom, idOf, test }: OverlappingSystem<At>,
): Rotator<At> {
  return {
    make: async (connection, { token }) =>
      valueFrom(connection, await (await at(connection)).make(nameOf(token))),

    async set() {
      // The system accepts it since it has made it.
    },

    test: (connection, value) => test(connection, value),

    withdraw: async (connection, _pending, { token }) => (await at(connection)).removeNamed(nameOf(token)),

    async end(connection, value) {
      const id = idOf(value);
      if (id !== undefined) await (await at(connection)).remove(id);
    },
  };

  async function at(connection: At): Promise<NamedSecrets> {
    const held = Administrator.safeParse(await secrets.read(connection.administrator));
    if (!held.success)
      throw new DependencyUnavailable(
        `The administrator's secret of ${connection.administrator} needs a token`,
      );
    return namedSecrets(connection.id, secretsUrl(connection), held.data.token);
  }
}

function nameOf(token: string): string {
  return `sallyport-${token}`;
}
