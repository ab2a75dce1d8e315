import { parseArgs } from 'node:util';
import { type Narrator, playScenario, type ScenarioResult } from './scenario.ts';
import { scenarios } from './scenarios/all.ts';
import { startWorld } from './world.ts';

const aloud: Narrator = {
  scenario: (name) => console.log(`\n${name}\n`),
  step: ({ name, ok, ms, detail }) => {
    console.log(`  ${ok ? '✓' : '✗'} ${name}  (${ms} ms)`);
    if (detail !== undefined) console.log(`      ${detail}`);
  },
  skipped: (reason) => console.log(`  – not played: ${reason}`),
};
const silent: Narrator = { scenario: () => {}, step: () => {} };

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const world = await startWorld({ database: true });
const results: ScenarioResult[] = [];
try {
  for (const scenario of scenarios) {
    results.push(await playScenario(scenario, world, values.json ? silent : aloud));
  }
} finally {
  await world.stop();
}
const allOk = results.every(({ ok }) => ok);
if (values.json) console.log(JSON.stringify({ scenarios: results }, null, 2));
else console.log(allOk ? '\nEvery step went as it should.' : '\nSomething did not go as it should.');
process.exitCode = allOk ? 0 : 1;
