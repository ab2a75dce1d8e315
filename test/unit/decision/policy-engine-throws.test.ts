import { afterEach, expect, test, vi } from 'vitest';
import { deployedPolicies } from '../../../cdk/read-policies.ts';
import { cedarPolicyEngine } from '../../../lambdas/decision/policy-engine.cedar.ts';
import { targetResource } from '../../../lambdas/decision/resource.ts';
import { log } from '../../../lambdas/platform/logger.powertools.ts';
import { nothingProven } from '../../../lambdas/verification/assurance.ts';
import { dana, HOUR, ticketing } from '../../support/access-case.ts';

const broken = vi.hoisted(() => ({ is: false }));

vi.mock('@cedar-policy/cedar-wasm/nodejs', async (original) => {
  const cedar = await original<typeof import('@cedar-policy/cedar-wasm/nodejs')>();
  return {
    ...cedar,
    statefulIsAuthorized: (...given: Parameters<typeof cedar.statefulIsAuthorized>) => {
      if (broken.is) throw new RangeError('memory access out of bounds');
      return cedar.statefulIsAuthorized(...given);
    },
  };
});

afterEach(() => void vi.restoreAllMocks());

test('whatever happens to Cedar is a denial, and a line in the log that quotes nothing', () => {
  const engine = cedarPolicyEngine(deployedPolicies());
  const ask = () =>
    engine.answer({
      principal: dana,
      permission: 'tickets:read',
      resource: targetResource(ticketing),
      context: {
        channel: 'web',
        assurance: { ...nothingProven, aal: 1 },
        approved: false,
        delegated: false,
        requestedDurationSeconds: HOUR,
      },
    });
  expect(ask().permitted).toBe(true);
  const logged = vi.spyOn(log, 'error').mockImplementation(() => {});
  broken.is = true;
  expect(ask()).toMatchObject({ permitted: false, determining: [] });
  expect(logged).toHaveBeenCalledWith('the policy engine threw', {
    failure: { name: 'RangeError', causes: [], frames: expect.any(Array) },
  });
});
