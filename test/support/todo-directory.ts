import { deployedPolicies } from '../../cdk/read-policies.ts';
import { demoDeployment } from '../../demo/deployment.ts';
import { todoUsers } from '../../demo/todo-users.ts';
import { cedarPolicyEngine } from '../../lambdas/decision/policy-engine.cedar.ts';
import { DeploymentSchema } from '../../lambdas/platform/deployment.ts';
import type { Ledger } from '../../lambdas/platform/ledger.port.ts';
import { Principal, principalType } from '../../lambdas/verification/principal.ts';
import { callerOf, clockAt, countedIds, machine, policiesOf } from './access-case.ts';
import { type InMemoryLedger, inMemoryLedger } from './in-memory-ledger.ts';

/** The people of the Todo application, by their first names. */
export const [rick, morty, summer, beth, jerry] = todoUsers.map((user) => Principal.parse(user)) as [
  Principal,
  Principal,
  Principal,
  Principal,
  Principal,
];

/** The Todo application itself: it asks about those who use it. */
export const todoApplication = callerOf(
  machine('service_account', 'todo-application', 'nobody', 'policy-enforcement-points'),
);

export function todoLedger(): InMemoryLedger {
  const ledger = inMemoryLedger();
  for (const user of [rick, morty, summer, beth, jerry]) ledger.seed(principalType, user);
  return ledger;
}

/** What a step decides with: the deployment and the policies of the demo. */
export const todoDependencies = {
  deployment: DeploymentSchema.parse(demoDeployment({ identityProviderUrl: 'http://127.0.0.1' })),
  policies: policiesOf(cedarPolicyEngine(deployedPolicies())),
  clock: clockAt(),
  ids: countedIds(),
};

/** Counts the calls of a ledger: each is one of DynamoDB's, or two where a list is read. */
export function countingCalls(ledger: InMemoryLedger): { readonly ledger: Ledger; calls: number } {
  const counted = { ledger: {} as Ledger, calls: 0 };
  counted.ledger = new Proxy<Ledger>(ledger, {
    get(target, name, receiver) {
      const member = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => {
        counted.calls += 1;
        return Reflect.apply(member, target, given);
      };
    },
  });
  return counted;
}
