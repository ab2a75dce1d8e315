import type { Material } from './connector.port.ts';

/** What connectors act with at their targets, which who deploys Sallyport has put into Secrets Manager. */
export interface AdministratorSecrets {
  /**
   * The administrator's credential of a target.
   * @throws DependencyUnavailable where it is not there, has not the shape, or could not be read
   */
  read(targetId: string): Promise<Material>;
}
