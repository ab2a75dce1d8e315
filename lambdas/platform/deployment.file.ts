import { readFileSync } from 'node:fs';
import { type Deployment, DeploymentSchema } from './deployment.ts';

/** Reads the deployment document that lies beside the function's code. */
export function readDeployment(directory: string): Deployment {
  return DeploymentSchema.parse(JSON.parse(readFileSync(`${directory}/deployment.json`, 'utf8')));
}
