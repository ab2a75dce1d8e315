import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import * as z from 'zod';
import { DeploymentSchema } from '../lambdas/platform/deployment.ts';
import { bundleFunctions, cedarWasm } from './bundle.ts';
import { declarations, functionNames } from './functions.ts';
import { ControlPlaneStack } from './stacks/control-plane-stack.ts';
import { StateStack } from './stacks/state-stack.ts';

export interface SynthesisProps {
  /** Where the cloud assembly is written. */
  readonly outdir: string;
  /** Path of the deployment document, if CDK's context does not name it. */
  readonly deployment?: string | undefined;
}

/**
 * Bundles the functions and writes the cloud assembly. The same sources and the same deployment document give
 * the same bytes, by CDK's command as by `node cdk/app.ts`.
 * @throws Error that says what is wrong with the deployment document or with a policy.
 */
export async function synthesize({ outdir, deployment }: SynthesisProps): Promise<CloudAssembly> {
  const app = new App({
    outdir,
    analyticsReporting: false,
    treeMetadata: false,
    stackTraces: false,
    // What CDK's command sets, so that the template is the same without it.
    context: { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:enable-asset-metadata': true },
  });
  const document = readDeploymentDocument(app.node.tryGetContext('deployment') ?? deployment);
  const bundles = join(outdir, 'bundles');
  const wasm = readFileSync(cedarWasm.path);
  await bundleFunctions(
    functionNames.map((name) => {
      const { capability, carries = [] } = declarations[name];
      return {
        name,
        capability,
        files: {
          ...(carries.includes('deployment') && { 'deployment.json': document }),
          ...(carries.includes('cedar') && { [cedarWasm.name]: wasm }),
        },
      };
    }),
    bundles,
  );

  const state = new StateStack(app, 'SallyportState', {
    description: 'Sallyport: its table, keys and secret',
  });
  new ControlPlaneStack(app, 'SallyportControlPlane', {
    description: 'Sallyport: its functions, workflow and API',
    state,
    bundles,
  });
  return app.synth();
}

/** The document as the functions carry it. There is no default: a default would trust somebody. */
function readDeploymentDocument(path: unknown): string {
  if (typeof path !== 'string' || path === '')
    throw new Error(
      'No deployment document: say which issuers are trusted and which targets are guarded. Name its file with ' +
        '--context deployment=<file> or in SALLYPORT_DEPLOYMENT; demo/deployment.json is an example.',
    );
  const document: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const parsed = DeploymentSchema.safeParse(document);
  if (!parsed.success)
    throw new Error(`${path} is no deployment document:\n${z.prettifyError(parsed.error)}`);
  return JSON.stringify(document);
}
