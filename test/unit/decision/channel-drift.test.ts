import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deployedPolicies } from '../../../cdk/read-policies.ts';
import { cedarPolicyEngine } from '../../../lambdas/decision/policy-engine.cedar.ts';
import type { PolicyContext } from '../../../lambdas/decision/policy-engine.port.ts';
import { targetResource } from '../../../lambdas/decision/resource.ts';
import { Channel } from '../../../lambdas/platform/channel.ts';
import { assuranceOf, nothingProven } from '../../../lambdas/verification/assurance.ts';
import type { Evidence } from '../../../lambdas/verification/evidence.ts';
import type { Passage } from '../../../lambdas/verification/reach.ts';
import { HOUR, NOW, person, ticketing } from '../../support/access-case.ts';

const engine = cedarPolicyEngine(deployedPolicies());
const carla = person('carla', 'customers');
const payments = { ...ticketing, id: 'payments', system: 'payments', permissions: ['transfers:create'] };

const strong = {
  ...nothingProven,
  aal: 2,
  phishingResistant: true,
  secondsSinceAuthentication: 900,
} as const;

function transfer(over: Partial<PolicyContext> = {}) {
  const { permitted, determining } = engine.answer({
    principal: carla,
    permission: 'transfers:create',
    resource: targetResource(payments),
    context: {
      channel: 'web',
      assurance: strong,
      approved: false,
      delegated: false,
      requestedDurationSeconds: HOUR,
      ...over,
    },
  });
  return [permitted ? 'permitted' : 'denied', ...determining.map(({ id }) => id).sort()];
}

describe('a transfer', () => {
  test.for<[string, Partial<PolicyContext>, string[]]>([
    ['by a passkey in its own channel', {}, ['permitted', 'customers-make-transfers']],
    ['at AAL 1', { assurance: { ...strong, aal: 1 } }, ['denied', 'high-impact-is-proven-in-its-channel']],
    ['at AAL 2 by what can be phished', { assurance: { ...strong, phishingResistant: false } }, ['denied']],
    ['in a call, however strong', { channel: 'voice' }, ['denied', 'high-impact-not-by-voice']],
    [
      'when the proof is older than a quarter of an hour',
      { assurance: { ...strong, secondsSinceAuthentication: 901 } },
      ['denied', 'high-impact-is-proven-afresh'],
    ],
    ['at high risk', { assurance: { ...strong, risk: 'high' } }, ['denied', 'high-impact-not-at-risk']],
    ['by somebody else', { delegated: true }, ['denied', 'high-impact-not-for-somebody-else']],
  ])('%s', ([, context, answer]) => {
    expect(transfer(context)).toEqual(answer);
  });
});

const passkeyIn = (channel: Evidence['channel'], age: number): Evidence => ({
  id: `passkey-${channel}`,
  of: carla.id,
  channel,
  method: 'passkey',
  issuer: 'https://sallyport.example',
  amr: ['hwk', 'pin'],
  phishingResistant: true,
  observedAtEpochSeconds: NOW - age,
  expiresAtEpochSeconds: NOW - age + 30 * 24 * HOUR,
});

test('whatever other channels have proved and handed over, no transfer without AAL 2 in its own', () => {
  const channel = fc.constantFrom(...Channel.options);
  const handover = fc.record({
    channel,
    from: channel,
    boundBy: fc.constantFrom('code', 'key', 'authenticator'),
    ago: fc.nat(HOUR),
  });
  fc.assert(
    fc.property(
      channel,
      fc.array(fc.tuple(channel, fc.nat(HOUR)), { maxLength: 4 }),
      fc.array(handover, { maxLength: 4 }),
      (inUse, proofs, handovers) => {
        const presences = handovers.map(
          ({ channel: to, from, boundBy, ago }): Passage => ({
            channel: to,
            actors: [],
            handedOver: { from, boundBy, atEpochSeconds: NOW - ago },
          }),
        );
        const evidence = proofs.filter(([at]) => at !== inUse).map(([at, age]) => passkeyIn(at, age));
        const session = { principal: carla, evidence, presences, risks: [] };
        const assurance = assuranceOf(session, inUse, NOW);
        const [answer] = transfer({ channel: inUse, assurance });
        // A handoff to the same person's other screen may carry AAL 2; into a call, or by code alone, it never does.
        fc.pre(assurance.aal < 2 || inUse === 'voice');
        expect(answer).toBe('denied');
      },
    ),
  );
});
