import { newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { jweCursors } from '../platform/page-cursor.jose.ts';
import { activatePolicySet } from './activate-policy-set.step.ts';
import { readCompiledPolicies, readPolicySources } from './compiled-policies.file.ts';
import { ManagePolicySetsEnvironment } from './environment.ts';
import { cedarPolicyCompiler } from './policy-compiler.cedar.ts';
import type { PolicySet } from './policy-set.ts';
import { policySetDocument } from './policy-set-document.ts';
import {
  activatePolicySetRoute,
  listPolicySetsRoute,
  proposePolicySetRoute,
  readPolicyFilesRoute,
  readPolicySetRoute,
  rollBackPolicySetRoute,
} from './policy-sets.routes.ts';
import { proposePolicySet } from './propose-policy-set.step.ts';
import { listPolicySets, readPolicyFiles, readPolicySet } from './read-policy-sets.step.ts';
import { rollBackPolicySet } from './roll-back-policy-set.step.ts';

const environment = parseEnvironment(ManagePolicySetsEnvironment, process.env);
const dependencies = {
  deployment: readDeployment(import.meta.dirname),
  deployed: {
    sources: readPolicySources(import.meta.dirname),
    compiled: readCompiledPolicies(import.meta.dirname),
  },
  compiler: cedarPolicyCompiler,
  ledger: newLedger(environment.TABLE_NAME),
  clock: systemClock,
};
const propose = proposePolicySet({ ...dependencies, ids: randomIds });
const activate = activatePolicySet(dependencies);
const rollBack = rollBackPolicySet(dependencies);
const list = listPolicySets({
  ...dependencies,
  cursors: jweCursors(newSecretsManager(), environment.DERIVATION_SECRET_ID),
});
const read = readPolicySet(dependencies);
const readFiles = readPolicyFiles(dependencies);

function answerWith(status: number, { set, active }: { readonly set: PolicySet; readonly active: string }) {
  return { status, body: { policy_set: policySetDocument(set), active } };
}

export const handler = httpHandler('manage-policy-sets', [
  serve(proposePolicySetRoute, async ({ caller, body }) => answerWith(201, await propose(caller, body))),
  serve(listPolicySetsRoute, async ({ caller, query }) => {
    const { sets, ...more } = await list(caller, query);
    return { status: 200, body: { policy_sets: sets.map(policySetDocument), ...more } };
  }),
  serve(readPolicySetRoute, async ({ caller, parameters }) =>
    answerWith(200, await read(caller, parameters['id'] ?? '')),
  ),
  serve(readPolicyFilesRoute, async ({ caller, parameters }) => {
    const { set, files } = await readFiles(caller, parameters['id'] ?? '');
    return { status: 200, body: { policy_set: set, files } };
  }),
  serve(activatePolicySetRoute, async ({ caller, parameters }) =>
    answerWith(200, await activate(caller, parameters['id'] ?? '')),
  ),
  serve(rollBackPolicySetRoute, async ({ caller, body }) => answerWith(200, await rollBack(caller, body))),
]);
