import { type Deployment, findTarget, permissionsOf, type Target } from '../platform/deployment.ts';
import type { RequestedResource } from './requested-resource.ts';

/** The type of a resource that is a target itself. */
export const TARGET = 'target';

/** What a decision is about: a target, or a thing that belongs to an enforced one. */
export interface Resource {
  /** As AuthZEN requests name it. */
  readonly type: string;
  readonly id: string;
  /** The target that it is, or belongs to: that one is frozen, requested and granted. */
  readonly target: Target;
  /** What is said of it from outside; the schema says what of it counts. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A target as a resource. */
export function targetResource(target: Target): Resource {
  return { type: TARGET, id: target.id, target, properties: {} };
}

/** What is named, if the deployment governs access to it. */
export function findResource(
  deployment: Deployment,
  named: {
    readonly type: string;
    readonly id: string;
    readonly properties?: Readonly<Record<string, unknown>> | undefined;
  },
): Resource | undefined {
  if (named.type === TARGET) {
    const target = findTarget(deployment, named.id);
    return target && targetResource(target);
  }
  const target = deployment.targets.find(
    (one) => one.connector === 'enforced' && one.resourceTypes.includes(named.type),
  );
  if (target === undefined) return undefined;
  return { type: named.type, id: named.id, target, properties: named.properties ?? {} };
}

/** What a request or a grant is for, if the deployment still governs access to it. */
export function wantedResource(
  deployment: Deployment,
  { target, resource }: { readonly target: string; readonly resource?: RequestedResource | undefined },
): Resource | undefined {
  const found = findResource(deployment, resource ?? { type: TARGET, id: target });
  return found?.target.id === target ? found : undefined;
}

/** Whether the deployment knows this action there at all. */
export function isPermissionOf(resource: Resource, action: string): boolean {
  return permissionsOf(resource.target).includes(action);
}
