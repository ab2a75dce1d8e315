import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Channel } from '../../../lambdas/platform/channel.ts';
import { Problem } from '../../../lambdas/platform/problem.ts';
import { attestProofing } from '../../../lambdas/verification/attest-proofing.step.ts';
import type { Caller } from '../../../lambdas/verification/caller.ts';
import {
  enrolmentRightId,
  enrolmentRightType,
  isUsable,
} from '../../../lambdas/verification/enrolment-right.ts';
import { principalType } from '../../../lambdas/verification/principal.ts';
import {
  callerOf,
  clockAt,
  countedIds,
  dana,
  deployment,
  ledgerOfEverybody,
  NOW,
  person,
  triageBot,
} from '../../support/access-case.ts';

const dieter = person('dieter', 'desk-staff');
const passport = {
  document: { type: 'passport', issuing_country: 'PT', verified_by: 'chip' },
  face_matched: true,
} as const;

const clerk = (over: Partial<Caller> = {}): Caller => ({ ...callerOf(dieter), channel: 'desktop', ...over });

function desk() {
  const ledger = ledgerOfEverybody();
  ledger.seed(principalType, dieter);
  const attest = attestProofing({
    deployment,
    ledger,
    clock: clockAt(),
    ids: countedIds(),
    issuer: 'https://sallyport.example',
    issueToken: async () => ({ accessToken: 'issued', tokenType: 'Bearer', expiresInSeconds: 900 }),
  });
  return { ledger, attest };
}

describe('the right to enrol', () => {
  test('is the attested person’s alone, for a quarter of an hour', async () => {
    const { ledger, attest } = desk();
    const { code } = await attest(clerk(), dana.id, passport);
    const right = (await ledger.read(enrolmentRightType, enrolmentRightId(code)))?.entity;
    if (right === undefined) throw new Error('The code gives no right');
    expect(isUsable(right, dana.id, NOW + 899)).toBe(true);
    expect(isUsable(right, dana.id, NOW + 900)).toBe(false);
    expect(isUsable(right, dieter.id, NOW)).toBe(false);
    expect(isUsable({ ...right, status: 'used' }, dana.id, NOW)).toBe(false);
  });

  test('is kept without its code', async () => {
    const { ledger, attest } = desk();
    const { code, session } = await attest(clerk(), dana.id, passport);
    expect(JSON.stringify([ledger.entities(), ledger.chain(session.id)])).not.toContain(`"${code}"`);
  });
});

test('the visit lasts an hour, with the member of staff in it', async () => {
  const { session } = await desk().attest(clerk(), dana.id, passport);
  expect(session).toMatchObject({
    principal: { kind: 'user', id: 'dana' },
    presences: [{ channel: 'in-person', actors: [{ kind: 'user', id: 'dieter' }] }],
    evidence: [{ of: 'dana', method: 'attested-proofing', channel: 'in-person', recordedBy: 'dieter' }],
    expiresAtEpochSeconds: NOW + 3600,
  });
});

test.for(['suspended', 'offboarded'] as const)('nobody who is %s is attested', async (status) => {
  const { ledger, attest } = desk();
  ledger.seed(principalType, { ...dana, status });
  await expect(attest(clerk(), dana.id, passport)).rejects.toMatchObject({ status: 404 });
});

test('only a person who is staff, strongly authenticated and at the desk attests, and never themself', async () => {
  const caller = fc.record({
    principal: fc.constantFrom(dieter, dana, { ...triageBot, groups: ['desk-staff'] }),
    actors: fc.constantFrom<Caller['actors'][]>([], [triageBot], [{ ...triageBot, groups: ['desk-staff'] }]),
    channel: fc.constantFrom(...Channel.options),
    aal: fc.constantFrom(0, 1, 2, 3),
  });
  await fc.assert(
    fc.asyncProperty(
      caller,
      fc.constantFrom(dana.id, dieter.id),
      async ({ principal, actors, channel, aal }, whom) => {
        const { ledger, attest } = desk();
        const { assurance } = callerOf(dieter);
        const staff = clerk({ principal, actors, channel, assurance: { ...assurance, aal } });
        const isAttested = await attest(staff, whom, passport).then(
          () => true,
          (error) => {
            expect(error).toBeInstanceOf(Problem);
            return false;
          },
        );
        expect(isAttested).toBe(
          principal === dieter &&
            actors.length === 0 &&
            (channel === 'desktop' || channel === 'in-person') &&
            aal >= 2 &&
            whom !== dieter.id,
        );
        expect(ledger.commits).toBe(isAttested ? 1 : 0);
      },
    ),
    { numRuns: 400 },
  );
});
