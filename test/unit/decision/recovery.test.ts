import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deployedPolicies } from '../../../cdk/read-policies.ts';
import { type Circumstances, decidePermission } from '../../../lambdas/decision/decide.ts';
import { cedarPolicyEngine } from '../../../lambdas/decision/policy-engine.cedar.ts';
import { targetResource } from '../../../lambdas/decision/resource.ts';
import { Channel } from '../../../lambdas/platform/channel.ts';
import { nothingProven } from '../../../lambdas/verification/assurance.ts';
import { HOUR, machine, person, ticketing } from '../../support/access-case.ts';

const engine = cedarPolicyEngine(deployedPolicies());
const carla = person('carla', 'customers');
const dieter = person('dieter', 'desk-staff');
const voiceGateway = machine('service_account', 'voice-gateway', 'omar', 'channel-gateways');
const accounts = {
  ...ticketing,
  id: 'account-recovery',
  system: 'accounts',
  permissions: ['accounts:recover'],
};

const proofed = { ...nothingProven, ial: 2, secondsSinceProofing: 60 } as const;
const everything = { ...proofed, aal: 3, phishingResistant: true, secondsSinceAuthentication: 0 } as const;

const decide = (over: Partial<Circumstances>) =>
  decidePermission(engine, 'accounts:recover', {
    parties: [carla, dieter],
    resource: targetResource(accounts),
    channel: 'in-person',
    assurance: proofed,
    provenByActors: { dieter: nothingProven },
    requestedDurationSeconds: HOUR,
    approvals: [],
    ...over,
  });

describe('recovering an account', () => {
  test('is permitted at the desk, for a quarter of an hour after the proofing', () => {
    expect(decide({})).toEqual({
      permission: 'accounts:recover',
      outcome: 'permitted',
      policies: ['customers-recover-after-fresh-proofing-in-person', 'desk-staff-work-on-recoveries'],
      maximumDurationSeconds: 15 * 60,
    });
    expect(decide({ assurance: { ...proofed, secondsSinceProofing: 900 } }).outcome).toBe('permitted');
    expect(decide({ assurance: { ...proofed, secondsSinceProofing: 901 } }).outcome).toBe('denied');
  });

  test.for<[string, Partial<Circumstances>]>([
    ['without proofing, however strongly authenticated', { assurance: { ...everything, ial: 0 } }],
    ['by the clerk alone', { parties: [dieter], assurance: everything }],
    [
      'with somebody who is no staff',
      { parties: [carla, person('eve', 'customers')], provenByActors: { eve: nothingProven } },
    ],
    ['of somebody who is no customer', { parties: [person('erin', 'engineering'), dieter] }],
  ])('is denied %s', ([, circumstances]) => {
    expect(decide(circumstances).outcome).toBe('denied');
  });

  test('is denied to a call, finally, whatever was proven before it', () => {
    expect(
      decide({
        parties: [carla, voiceGateway],
        provenByActors: {},
        channel: 'voice',
        assurance: everything,
      }),
    ).toEqual({
      permission: 'accounts:recover',
      outcome: 'denied',
      policies: ['no-recovery-by-a-call-alone'],
    });
  });

  test('is denied outside the desk, whatever is proven, and neither a step-up nor an approval helps', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Channel.options.filter((channel) => channel !== 'in-person')),
        fc.constantFrom(0, 1, 2, 3),
        fc.constantFrom(0, 2),
        fc.option(fc.nat(2000), { nil: undefined }),
        (channel, aal, ial, secondsSinceProofing) => {
          const proven = { ...everything, aal, ial, ...(secondsSinceProofing && { secondsSinceProofing }) };
          expect(decide({ parties: [carla], provenByActors: {}, channel, assurance: proven }).outcome).toBe(
            'denied',
          );
        },
      ),
    );
  });
});
