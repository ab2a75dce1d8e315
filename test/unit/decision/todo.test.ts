import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { deployedPolicies } from '../../../cdk/read-policies.ts';
import { demoDeployment } from '../../../demo/deployment.ts';
import { todoUsers } from '../../../demo/todo-users.ts';
import { cedarPolicyEngine } from '../../../lambdas/decision/policy-engine.cedar.ts';
import { findResource } from '../../../lambdas/decision/resource.ts';
import { DeploymentSchema } from '../../../lambdas/platform/deployment.ts';
import { nothingProven } from '../../../lambdas/verification/assurance.ts';
import { Principal } from '../../../lambdas/verification/principal.ts';

const recorded = join(import.meta.dirname, '../../../../shared/corpus/authzen-todo-decisions.json');
const engine = cedarPolicyEngine(deployedPolicies());
const deployment = DeploymentSchema.parse(demoDeployment({ identityProviderUrl: 'http://127.0.0.1' }));

const Entity = z.object({
  type: z.string(),
  id: z.string(),
  properties: z.record(z.string(), z.unknown()).optional(),
});
const Request = z.object({ subject: Entity, action: z.object({ name: z.string() }), resource: Entity });
const Recorded = z.object({
  evaluation: z.array(z.object({ request: Request, expected: z.boolean() })),
});

function decide({ subject, action, resource }: z.infer<typeof Request>): boolean {
  const found = findResource(deployment, {
    type: resource.type,
    id: resource.id,
    properties: resource.properties ?? {},
  });
  if (found === undefined) throw new Error(`There is no ${resource.type}`);
  return engine.answer({
    principal: Principal.parse(todoUsers.find(({ id }) => id === subject.id)),
    permission: action.name,
    resource: found,
    context: {
      channel: 'web',
      assurance: nothingProven,
      approved: false,
      delegated: false,
      requestedDurationSeconds: 60,
    },
  }).permitted;
}

describe.skipIf(!existsSync(recorded))('the interoperability decisions recorded elsewhere', () => {
  const { evaluation } = existsSync(recorded)
    ? Recorded.parse(JSON.parse(readFileSync(recorded, 'utf8')))
    : { evaluation: [] };
  test.for(evaluation.map((one, place) => [place, one] as const))(
    'number %i',
    ([, { request, expected }]) => {
      expect(decide(request)).toBe(expected);
    },
  );
});

describe('an editor', () => {
  const [, morty] = todoUsers;
  const update = (properties: Record<string, unknown>) =>
    decide({
      subject: { type: 'user', id: morty?.id ?? '' },
      action: { name: 'can_update_todo' },
      resource: { type: 'todo', id: '1', properties },
    });

  test.for<[string, Record<string, unknown>, boolean]>([
    ['changes what is their own', { ownerID: 'morty@the-citadel.com' }, true],
    ['does not change what is another’s', { ownerID: 'rick@the-citadel.com' }, false],
    ['changes nothing that nobody is said to own', {}, false],
    ['changes nothing whose owner is no text', { ownerID: ['morty@the-citadel.com'] }, false],
  ])('%s', ([, properties, permitted]) => {
    expect(update(properties)).toBe(permitted);
  });
});
