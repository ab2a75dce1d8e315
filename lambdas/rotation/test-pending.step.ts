import { BrokenInvariant, DependencyUnavailable, RotationOver } from '../platform/failures.ts';
import {
  loadRotation,
  type RotationDependencies,
  type RotationInput,
  requireRunning,
} from './rotation-case.ts';

/** Whether the pending value works: it was used, as its consumers will. */
export type TestOutcome =
  | { readonly outcome: 'works' }
  /** `why` says what was tried and what came back. */
  | { readonly outcome: 'refused'; readonly why: string };

/**
 * Uses the pending value.
 * @throws DependencyUnavailable where the system does not say
 * @throws RotationOver where the version bears the pending label no more
 */
export function testPending(dependencies: RotationDependencies) {
  return async ({ rotationId: token }: RotationInput): Promise<TestOutcome> => {
    const found = await loadRotation(dependencies, token);
    requireRunning(found);
    const { secret, connection, rotator } = found;
    const { current, pending } = await dependencies.versions.labels(secret.entity.id);
    if (current !== token && pending !== token)
      throw new RotationOver(`The version of ${token} is not pending any more`);
    const value = await dependencies.versions.read(secret.entity.id, token);
    if (value === undefined) throw new BrokenInvariant('A pending version has no value');
    const published = secret.entity.publishedKeys.map(({ jwk }) => jwk);
    const { answer, how } = await rotator.test(connection, value, published);
    switch (answer) {
      case 'works':
        return { outcome: 'works' };
      case 'refused':
      case 'useless':
        return { outcome: 'refused', why: how };
      case 'unknown':
        throw new DependencyUnavailable(
          `The system of ${secret.entity.id} does not say whether the value works`,
        );
    }
  };
}
