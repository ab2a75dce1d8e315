import { isDeepStrictEqual } from 'node:util';
import type { EmbeddedWorld } from './world.ts';

/** What one step of a scenario came to. */
export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  /** What was seen where it was not what was expected. */
  readonly detail?: string;
}

export interface ScenarioResult {
  readonly name: string;
  readonly ok: boolean;
  readonly steps: readonly StepResult[];
  /** Why it was not played, where it was not. */
  readonly skipped?: string;
}

/** Tells a scenario as it goes. */
export interface Narrator {
  scenario(name: string): void;
  step(result: StepResult): void;
  skipped?(reason: string): void;
}

/** How a scenario plays: each step is done and checked, and what it gives goes on to the next. */
export type Step = <Given>(name: string, play: () => Promise<Given>) => Promise<Given>;

export interface Scenario {
  readonly name: string;
  /** What the machine lacks that it needs, if anything. */
  lacks?(world: EmbeddedWorld): string | undefined;
  play(world: EmbeddedWorld, step: Step): Promise<void>;
}

/** Plays a scenario. It stops at the first step that fails: what follows would stand on nothing. */
export async function playScenario(
  scenario: Scenario,
  world: EmbeddedWorld,
  narrator: Narrator,
): Promise<ScenarioResult> {
  narrator.scenario(scenario.name);
  const lacking = scenario.lacks?.(world);
  if (lacking !== undefined) {
    narrator.skipped?.(lacking);
    return { name: scenario.name, ok: true, steps: [], skipped: lacking };
  }
  const steps: StepResult[] = [];
  const step: Step = async (name, play) => {
    const startedAt = performance.now();
    const record = (ok: boolean, detail?: string): void => {
      const ms = Math.round((performance.now() - startedAt) * 10) / 10;
      const result = { name, ok, ms, ...(detail === undefined ? {} : { detail }) };
      steps.push(result);
      narrator.step(result);
    };
    try {
      const given = await play();
      record(true);
      return given;
    } catch (error) {
      record(false, error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
  try {
    await scenario.play(world, step);
  } catch {
    return { name: scenario.name, ok: false, steps };
  }
  return { name: scenario.name, ok: true, steps };
}

/** @throws Error that says what was expected and what was seen */
export function expect(what: string, seen: unknown, expected: unknown): void {
  if (isDeepStrictEqual(seen, expected)) return;
  throw new Error(`${what}: expected ${JSON.stringify(expected)}, saw ${JSON.stringify(seen)}`);
}
