import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deployedPolicies } from '../../../cdk/read-policies.ts';
import { type Circumstances, decidePermission } from '../../../lambdas/decision/decide.ts';
import { cedarPolicyEngine } from '../../../lambdas/decision/policy-engine.cedar.ts';
import {
  decideRecorded,
  RecordedRequest,
  recordedRequest,
} from '../../../lambdas/decision/recorded-request.ts';
import { targetResource } from '../../../lambdas/decision/resource.ts';
import { Channel } from '../../../lambdas/platform/channel.ts';
import { nothingProven, type ProvenFacts } from '../../../lambdas/verification/assurance.ts';
import { dana, deployBot, HOUR, person, ticketing, triageBot } from '../../support/access-case.ts';

const engine = cedarPolicyEngine(deployedPolicies());
const sam = person('sam', 'support');
const permissions = ['tickets:read', 'tickets:comment', 'tickets:delete', 'tickets:configure'];

const proven: fc.Arbitrary<ProvenFacts> = fc.record(
  {
    aal: fc.constantFrom(0, 1, 2, 3),
    ial: fc.constantFrom(0, 2),
    phishingResistant: fc.boolean(),
    attested: fc.boolean(),
    risk: fc.constantFrom('low', 'elevated', 'high'),
    secondsSinceAuthentication: fc.nat(2000),
    secondsSinceProofing: fc.nat(2000),
  },
  { requiredKeys: ['aal', 'ial', 'phishingResistant', 'attested', 'risk'] },
);

const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  parties: fc.constantFrom<Circumstances['parties']>(
    [dana],
    [dana, triageBot],
    [dana, sam],
    [triageBot],
    [deployBot],
    [{ ...deployBot, environment: 'staging' }],
  ),
  resource: fc.constantFrom(
    targetResource(ticketing),
    targetResource({ ...ticketing, environment: 'staging' }),
    targetResource({ ...ticketing, id: 'ticketing-web' }),
  ),
  channel: fc.constantFrom(...Channel.options),
  assurance: proven,
  provenByActors: proven.map((facts) => ({ sam: facts })),
  requestedDurationSeconds: fc.integer({ min: 1, max: 8 * HOUR }),
  approvals: fc.constantFrom([], [{ approvers: 'ops-owners', quorum: 2, approverAal: 2 as const }]),
});

test('what is recorded is decided again as it was, also after it was written down', () => {
  fc.assert(
    fc.property(fc.constantFrom(...permissions), circumstances, (permission, asked) => {
      const written = JSON.stringify(recordedRequest({ permission, circumstances: asked }));
      const { decision, policies } = decideRecorded(engine, RecordedRequest.parse(JSON.parse(written)));
      const { outcome, policies: determining } = decidePermission(engine, permission, asked);
      expect([decision, policies]).toEqual([outcome, determining]);
    }),
    { numRuns: 300 },
  );
});

const asked: Circumstances = {
  parties: [dana],
  resource: targetResource(ticketing),
  channel: 'web',
  assurance: nothingProven,
  provenByActors: {},
  requestedDurationSeconds: HOUR,
  approvals: [],
};

test.for<[string, Partial<Circumstances>]>([
  ['of a resource', { resource: { ...asked.resource, properties: { ownerID: 'rick@the-citadel.com' } } }],
  ['of the circumstances', { said: { amount: 12 } }],
])('what an enforcement point says %s is not recorded', ([, over]) => {
  expect(
    recordedRequest({ permission: 'tickets:read', circumstances: { ...asked, ...over } }),
  ).toBeUndefined();
});

test('what is said of the duration alone is recorded as that', () => {
  expect(
    recordedRequest({
      permission: 'tickets:read',
      circumstances: { ...asked, said: { requested_duration: 'PT1H' } },
    }),
  ).toMatchObject({ context: { requested_duration: 'PT1H', said: {} } });
});

test('no address of a person is recorded, of whoever takes part', () => {
  const [one, other] = [dana, sam].map((someone) => ({ ...someone, email: `${someone.id}@example.com` }));
  const recorded = recordedRequest({
    permission: 'tickets:read',
    circumstances: {
      parties: [one, other] as Circumstances['parties'],
      resource: targetResource(ticketing),
      channel: 'web',
      assurance: nothingProven,
      provenByActors: { sam: nothingProven },
      requestedDurationSeconds: HOUR,
      approvals: [],
    },
  });
  expect(recorded?.subject.id).toBe('dana');
  expect(JSON.stringify(recorded)).not.toContain('@example.com');
});
