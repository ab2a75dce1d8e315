import type { Material } from '../minting/connector.port.ts';

/** Which versions of a secret bear which label. */
export interface Labels {
  /** None before the first rotation. */
  readonly current?: string;
  readonly pending?: string;
}

/** The values of managed secrets, by their versions' tokens. */
export interface SecretVersions {
  /** Makes a place for the values of a secret, with none in it, unless it is there. @throws DependencyUnavailable */
  open(secretId: string): Promise<void>;

  /** None where there is no such secret. @throws DependencyUnavailable */
  labels(secretId: string): Promise<Labels>;

  /**
   * The value of a version, whatever label it bears, if any.
   * @returns undefined where there is none
   * @throws DependencyUnavailable
   */
  read(secretId: string, token: string): Promise<Material | undefined>;

  /**
   * Keeps a value as the pending one. A token keeps the value that it was given first.
   * @throws DependencyUnavailable
   */
  keepPending(secretId: string, token: string, value: Material): Promise<void>;

  /**
   * Makes the pending version the current one, which becomes the previous one.
   * @throws StateConflict where another version is the current one by now; nothing changed
   * @throws DependencyUnavailable
   */
  promote(secretId: string, token: string, current: string | undefined): Promise<void>;

  /** Takes the pending label from a version, if it bears it. @throws DependencyUnavailable */
  dropPending(secretId: string, token: string): Promise<void>;
}
