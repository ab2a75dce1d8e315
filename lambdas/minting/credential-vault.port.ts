import type { Material } from './connector.port.ts';

/** Keeps the credentials that are needed again: one a grant, from its claim until it is known to be dead. */
export interface CredentialVault {
  /**
   * Keeps the credential of a grant, in place of one that a try before has left. From before it is there, nobody may
   * read it but `reader` and those of Sallyport's functions that end it.
   * @param reader ARN of the IAM role that may read it besides Sallyport, if any
   * @returns where it is
   * @throws DependencyUnavailable where it was not confirmed; there may be something to destroy
   */
  keep(grantId: string, material: Material, reader: string | undefined): Promise<{ readonly secret: string }>;

  /** @returns undefined where there is none */
  read(grantId: string): Promise<Material | undefined>;

  /** Destroys it, past recovery. Destroying what is gone is success. */
  destroy(grantId: string): Promise<void>;
}
