import { measureAssurance } from './assurance.ts';
import { measureCapacity } from './consumed-capacity.ts';
import { measureContainment } from './containment.ts';
import { measureDatabaseRoles } from './database-roles.ts';
import { measureDecisions, measureWholePath, type Quantiles } from './decisions/measure.ts';
import { rounded } from './quantiles.ts';
import { countCalls, measureRequests } from './request-to-token.ts';
import { measureTransitionsPerSecond } from './transitions.ts';

/** Beside each figure its aim; machines differ, so compare figures of one run, and ratios between runs. */
console.log('From POST /v1/access-requests, permitted by policy alone, to the claimed token (file store):');
for (const figures of await measureRequests([1, 8])) {
  console.log(
    `  concurrency ${figures.concurrency}: p50 ${figures.p50Milliseconds} ms, p95 ${figures.p95Milliseconds} ms (aim: below 60), ${figures.requestsPerSecond} requests/s (aim: 50)`,
  );
}

console.log('\nWhat one such request costs, in calls:');
for (const [operation, count] of Object.entries(await countCalls()).sort()) {
  console.log(`  ${operation}: ${count}`);
}

const { transitionsPerSecond } = await measureTransitionsPerSecond();
console.log(`\nInterpreter: ${rounded(transitionsPerSecond, 0)} transitions/s (aim: 25000)`);

console.log(
  '\nA decision, p50 / p95 / p99 in ms. The same rules in Cedar, in node-casbin and in Cerbos, with the same',
);
console.log(
  '1,000 questions, which all have answered alike; over HTTP, one question at a time to another process:',
);
const decisions = await inTurn([10, 100, 1000, 10_000], measureDecisions);
for (const { policies, permitted, firstAsked, inside, overHttp, load } of decisions) {
  console.log(`  ${policies} policies (${permitted} permitted):`);
  console.log(`    inside the function: ${inWords(inside.answer)} (aim: p95 below 0.15)`);
  console.log(`      asked for the first time: ${inWords(firstAsked)}`);
  console.log(`      with what a denial lacks: ${inWords(inside.decision)}`);
  console.log(`    node-casbin, inside the process: ${inWords(inside.casbin)}`);
  console.log(`    Sallyport's engine behind a bare HTTP server: ${inWords(overHttp.sallyport)}`);
  console.log(
    overHttp.cerbos
      ? `    Cerbos: ${inWords(overHttp.cerbos)}: ${timesAsLong(overHttp.cerbos, overHttp.sallyport)} times the bare server's p95, ${timesAsLong(overHttp.cerbos, inside.answer)} times the function's (aim at 1000: 8)`
      : '    Cerbos: not measured: npm installs @cerbos/cerbos-linux-x64 on Linux on x64 only',
  );
  console.log(
    `    loaded to the first answer in ${rounded(load.milliseconds, 0)} ms (aim: below 2000), the process grows by ${rounded(load.megabytes, 0)} MB, and with 1,000 questions by ${rounded(load.megabytesAfterQuestions, 0)} MB (aim: below 150)`,
  );
}
const [fewest, most] = [decisions[0], decisions.at(-1)];
if (fewest && most) {
  console.log(
    `  p95 inside with ${most.policies} policies is ${timesAsLong(most.inside.answer, fewest.inside.answer)} times that with ${fewest.policies} (aim: at most 1.25)`,
  );
}
console.log(
  `  the whole way, POST /access/v1/evaluation to the runtime, which reads who asks from its database: ${inWords(await measureWholePath())}`,
);

console.log('\nThe assurance of a session in one channel:');
for (const [evidence, presences] of [
  [100, 5],
  [100, 50],
] as const) {
  const { p50Milliseconds, p95Milliseconds } = measureAssurance(evidence, presences);
  console.log(
    `  ${evidence} pieces of evidence, ${presences} presences: p50 ${p50Milliseconds} ms (aim: below 0.2), p95 ${p95Milliseconds} ms`,
  );
}

console.log('\nA grant of a PostgreSQL role, beside a bare CREATE ROLE with a password:');
const roles = await measureDatabaseRoles();
console.log(
  roles === undefined
    ? '  not measured: there is no PostgreSQL on this machine'
    : `  p95 ${roles.mintP95Milliseconds} ms to ${roles.createP95Milliseconds} ms: ${roles.ratio} times (aim: at most 3)`,
);

console.log('\nContaining a principal with live credentials of every kind:');
const contained = await measureContainment(1000);
console.log(
  `  ${contained.live} of ${contained.kinds.join(', ')}: contained in ${rounded(contained.secondsToContain, 1)} s (aim: 5), over after ${rounded(contained.secondsUntilOver, 1)} s, ${contained.usable} left usable (aim: 0)`,
);

console.log('\nWhat containing a principal consumes of DynamoDB, in read and write units:');
for (const [grants, others] of [
  [100, 0],
  [100, 5000],
  [1000, 0],
  [10_000, 0],
] as const) {
  const { units } = await measureCapacity(grants, others);
  console.log(
    `  ${grants} grants, ${others} of others in the table: ${units} units, ${rounded(units / grants, 1)} a grant`,
  );
}

/** One after the other: they would disturb each other. */
async function inTurn<Item, Result>(
  items: readonly Item[],
  measure: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await measure(item));
  return results;
}

function inWords({ p50, p95, p99 }: Quantiles): string {
  return `${p50} / ${p95} / ${p99}`;
}

/** By their p95. */
function timesAsLong(slower: Quantiles, faster: Quantiles): number {
  return rounded(slower.p95 / faster.p95);
}
