import type { ContainmentWorkflow, Leg } from './containment-workflow.port.ts';

/** Lets a new execution go on, before the history of this one comes near its limit. */
export function handOverContainment({ workflow }: { readonly workflow: ContainmentWorkflow }) {
  return async (next: Leg): Promise<{ outcome: 'handed-over' }> => {
    await workflow.start(next);
    return { outcome: 'handed-over' };
  };
}
