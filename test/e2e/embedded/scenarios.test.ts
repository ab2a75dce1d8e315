import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { playScenario } from '../../../demo/scenario.ts';
import { scenarios } from '../../../demo/scenarios/all.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';

describe('what the demo shows', () => {
  let world: EmbeddedWorld;

  beforeAll(async () => {
    world = await startWorld({ database: true });
  });
  afterAll(() => world.stop());

  it.for(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s',
    async ([, scenario], { skip }) => {
      const lacking = scenario.lacks?.(world);
      if (lacking !== undefined) skip(lacking);
      const { steps } = await playScenario(scenario, world, { scenario: () => {}, step: () => {} });
      expect(steps.filter(({ ok }) => !ok)).toEqual([]);
      expect(steps).not.toEqual([]);
    },
  );
});
