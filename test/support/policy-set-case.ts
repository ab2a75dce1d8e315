import { activatePolicySet } from '../../lambdas/decision/activate-policy-set.step.ts';
import { compilePolicies } from '../../lambdas/decision/compile-policies.cedar.ts';
import type { PolicySources } from '../../lambdas/decision/compiled-policies.ts';
import type { DeployedPolicies } from '../../lambdas/decision/deployed-policies.ts';
import { cedarPolicies } from '../../lambdas/decision/policies.cedar.ts';
import type { Policies } from '../../lambdas/decision/policies.port.ts';
import { cedarPolicyCompiler } from '../../lambdas/decision/policy-compiler.cedar.ts';
import { proposePolicySet } from '../../lambdas/decision/propose-policy-set.step.ts';
import {
  listPolicySets,
  readPolicyFiles,
  readPolicySet,
} from '../../lambdas/decision/read-policy-sets.step.ts';
import { targetResource } from '../../lambdas/decision/resource.ts';
import { rollBackPolicySet } from '../../lambdas/decision/roll-back-policy-set.step.ts';
import type { Ledger } from '../../lambdas/platform/ledger.port.ts';
import type { PageCursors } from '../../lambdas/platform/page-cursor.port.ts';
import { nothingProven } from '../../lambdas/verification/assurance.ts';
import {
  callerOf,
  clockAt,
  countedIds,
  dana,
  deployment,
  HOUR,
  inert,
  machine,
  person,
  type SetClock,
  ticketing,
} from './access-case.ts';
import { type InMemoryLedger, inMemoryLedger } from './in-memory-ledger.ts';

const SCHEMA = `namespace Sallyport {
  entity Group;
  entity Role;
  entity User in [Group, Role] = { email?: String };
  entity System;
  entity Target in [System] = { environment: String };
  action "tickets:read", "tickets:comment" appliesTo {
    principal: [User],
    resource: [Target],
    context: { channel: String, approved: Bool },
  };
}`;

/** One rule: who is in this group reads tickets. */
export function filesFor(group: string, id = 'readers'): PolicySources {
  return {
    'schema.cedarschema': SCHEMA,
    'tickets.cedar': `@id("${id}")
permit (principal in Sallyport::Group::"${group}", action == Sallyport::Action::"tickets:read", resource);
`,
  };
}

function deployedFrom(sources: PolicySources): DeployedPolicies {
  const compilation = compilePolicies(sources);
  if ('compiled' in compilation) return { sources, compiled: compilation.compiled };
  throw new Error(compilation.problems.join('\n'));
}

export const author = person('author', 'policy-administrators');
export const reviewer = person('reviewer', 'policy-administrators');
export const policyJob = machine('workload', 'policy-job', 'reviewer', 'policy-administrators');

/** Policy sets over a ledger in memory; what is deployed lets `engineering` read. */
export interface PolicySets {
  readonly ledger: InMemoryLedger;
  readonly clock: SetClock;
  readonly propose: ReturnType<typeof proposePolicySet>;
  readonly activate: ReturnType<typeof activatePolicySet>;
  readonly rollBack: ReturnType<typeof rollBackPolicySet>;
  readonly list: ReturnType<typeof listPolicySets>;
  readonly read: ReturnType<typeof readPolicySet>;
  readonly readFiles: ReturnType<typeof readPolicyFiles>;
  /** What other functions do over the same ledger, that carry these policies. */
  afterDeploymentOf(files: PolicySources): Pick<PolicySets, 'activate'>;
  /** Proposed by one and activated by the other. */
  switchTo(files: PolicySources): Promise<string>;
  /** What a function decides by; `unloadable` counts its alarms. */
  function(over?: Partial<Ledger>): { policies: Policies; unloadable: number };
}

export function policySets(): PolicySets {
  const ledger = inMemoryLedger();
  const clock = clockAt();
  const deployed = deployedFrom(filesFor('engineering'));
  const dependencies = { deployment, deployed, compiler: cedarPolicyCompiler, ledger, clock };
  const propose = proposePolicySet({ ...dependencies, ids: countedIds() });
  const activate = activatePolicySet(dependencies);
  return {
    ledger,
    clock,
    propose,
    activate,
    rollBack: rollBackPolicySet(dependencies),
    list: listPolicySets({ ...dependencies, cursors: inert<PageCursors>('PageCursors') }),
    read: readPolicySet(dependencies),
    readFiles: readPolicyFiles(dependencies),
    afterDeploymentOf: (files) => ({
      activate: activatePolicySet({ ...dependencies, deployed: deployedFrom(files) }),
    }),
    async switchTo(files) {
      const { set } = await propose(callerOf(author), { files, justification: 'A test wants it' });
      await activate(callerOf(reviewer), set.id);
      return set.id;
    },
    function(over = {}) {
      const made = {
        unloadable: 0,
        policies: cedarPolicies({
          deployed: deployed.compiled,
          ledger: {
            read: (type, id) => (over.read ?? ledger.read)(type, id),
            readAll: (wanted) => (over.readAll ?? ledger.readAll)(wanted),
          },
          metrics: {
            unloadablePolicySet: () => {
              made.unloadable += 1;
            },
          },
          clock,
        }),
      };
      return made;
    },
  };
}

/** Which set decides, and whether it lets the engineer Dana read tickets. */
export async function asked(policies: Policies): Promise<[policySet: string, permitted: boolean]> {
  const engine = await policies.current();
  const { permitted } = engine.answer({
    principal: dana,
    permission: 'tickets:read',
    resource: targetResource(ticketing),
    context: {
      channel: 'web',
      assurance: nothingProven,
      approved: false,
      delegated: false,
      requestedDurationSeconds: HOUR,
    },
  });
  return [engine.policySet, permitted];
}
