import type { SingleUse } from '../../lambdas/platform/single-use.port.ts';

/** Forgets nothing while the test lasts. */
export function inMemorySingleUse(): SingleUse {
  const spent = new Set<string>();
  return {
    spend: async (kind, value) => {
      const key = JSON.stringify([kind, value]);
      const isNew = !spent.has(key);
      spent.add(key);
      return isNew;
    },
  };
}
