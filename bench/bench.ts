import { measureAssurance } from './assurance.ts';
import { measureCapacity } from './consumed-capacity.ts';
import { measureContainment } from './containment.ts';
import { measureDatabaseRoles } from './database-roles.ts';
import { decisionLines } from './decisions/report.ts';
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

console.log();
for await (const line of decisionLines()) console.log(line);

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
