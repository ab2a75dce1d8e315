import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { App } from 'aws-cdk-lib/core';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import * as z from 'zod';
import { routes } from '../lambdas/api.ts';
import { type Deployment, DeploymentSchema } from '../lambdas/platform/deployment.ts';
import { openApiDocument } from '../lambdas/platform/openapi.ts';
import packageDocument from '../package.json' with { type: 'json' };
import { type BundledFunction, bundleFunctions, cedarWasm, handlerFile } from './bundle.ts';
import { type CarriedFile, declarations, functionNames } from './functions.ts';
import { deployedPolicies, policiesDirectory, readPolicySources } from './read-policies.ts';
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
  const app = newApp(outdir);
  const document = readDeploymentDocument(app.node.tryGetContext('deployment') ?? deployment);
  // CDK copies what it needs of them.
  const bundles = await mkdtemp(join(tmpdir(), 'sallyport-bundles-'));
  try {
    await bundleFunctions(bundledFunctions(document), bundles);
    defineStacks(app, { bundles, deployment: DeploymentSchema.parse(JSON.parse(document)) });
    return app.synth();
  } finally {
    await rm(bundles, { recursive: true });
  }
}

/** The app, with the context that it has by any way of starting it. */
export function newApp(outdir: string): App {
  return new App({
    outdir,
    analyticsReporting: false,
    treeMetadata: false,
    // A test runs it; it would take as long as all the rest.
    builtinCloudFormationValidation: false,
    context: {
      // What CDK's command sets, so that the template is the same without it.
      'aws:cdk:enable-path-metadata': true,
      'aws:cdk:enable-asset-metadata': true,
      // They hold the paths of this machine.
      'aws:cdk:disable-creation-stack-traces': true,
      // A test counts them: near the limit CDK says so in the assembly, with the paths of this machine.
      '@aws-cdk/core:stackResourceLimit': 0,
      // CloudFormation refuses to remove from the state what the control plane uses.
      '@aws-cdk/core:defaultCrossStackReferences': 'strong',
    },
  });
}

/** The two stacks; `bundles` holds a directory for each function, by its name. */
export function defineStacks(
  app: App,
  { bundles, deployment }: { readonly bundles: string; readonly deployment: Deployment },
): { state: StateStack; controlPlane: ControlPlaneStack } {
  const state = new StateStack(app, 'SallyportState', {
    description: 'Sallyport: its table, keys and secret',
  });
  const controlPlane = new ControlPlaneStack(app, 'SallyportControlPlane', {
    description: 'Sallyport: its functions, workflow and API',
    state,
    targets: deployment.targets,
    connections: deployment.connections,
    network: deployment.network,
    signalReceivers: deployment.signalReceivers,
    bundles,
  });
  const alarmTopic: unknown = app.node.tryGetContext('alarmTopic');
  if (typeof alarmTopic === 'string') callSomebody(controlPlane, alarmTopic);
  return { state, controlPlane };
}

/** Sends every alarm of the stack to an SNS topic. */
function callSomebody(stack: ControlPlaneStack, alarmActionArn: string): void {
  for (const node of stack.node.findAll()) {
    if (node instanceof Alarm) node.addAlarmAction({ bind: () => ({ alarmActionArn }) });
  }
}

/** Every function, with the files that it carries. */
export function bundledFunctions(deploymentDocument: string): BundledFunction[] {
  const carried: Record<CarriedFile, BundledFunction['files']> = {
    deployment: { 'deployment.json': deploymentDocument },
    cedar: {
      [cedarWasm.name]: readFileSync(cedarWasm.path),
      'policies.json': JSON.stringify(deployedPolicies()),
    },
    'policy-sources': {
      'policy-sources.json': JSON.stringify(readPolicySources(policiesDirectory)),
    },
    openapi: {
      'openapi.json': JSON.stringify(openApiDocument(routes, { version: packageDocument.version })),
    },
  };
  return functionNames.map((name) => {
    const { capability, carries = [] } = declarations[name];
    return {
      name,
      entry: handlerFile(capability, name),
      files: Object.assign({}, ...carries.map((what) => carried[what])),
    };
  });
}

/** The document as the functions carry it. There is no default: a default would trust somebody. */
export function readDeploymentDocument(path: unknown): string {
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
