import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { importPrincipals } from '../lambdas/directory/import-principals.step.ts';
import { newLedger } from '../lambdas/platform/clients.aws.ts';
import { systemClock } from '../lambdas/platform/clock.system.ts';
import { randomIds } from '../lambdas/platform/ids.random.ts';
import { Principal } from '../lambdas/verification/principal.ts';

const USAGE = `usage: npm run directory:import -- <principals.json> --table <table name>

Puts the principals of the file into a deployment's directory, with the AWS credentials and region of the
environment. The file is a list of {id, kind, name, status, groups}, and of owner and environment where the kind is
service_account, workload or agent. Principals that the directory holds already stay as they are.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { table: { type: 'string' } },
});
const [file] = positionals;
if (file === undefined || values.table === undefined) {
  console.error(USAGE);
  process.exit(2);
}
const principals = z.array(Principal).safeParse(JSON.parse(readFileSync(file, 'utf8')));
if (!principals.success) {
  console.error(`${file}: ${z.prettifyError(principals.error)}`);
  process.exit(2);
}
const imported = await importPrincipals({
  ledger: newLedger(values.table),
  clock: systemClock,
  ids: randomIds,
})(principals.data);
console.log(
  `${imported.length} of ${principals.data.length} imported: ${imported.join(', ') || 'none is new'}`,
);
