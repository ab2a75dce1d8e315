import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Channel } from '../../../lambdas/platform/channel.ts';
import {
  type Assurance,
  assuranceOf,
  nothingProven,
  type Proven,
} from '../../../lambdas/verification/assurance.ts';
import { type Evidence, EvidenceMethod, RiskLevel } from '../../../lambdas/verification/evidence.ts';
import type { Passage, Place } from '../../../lambdas/verification/reach.ts';
import { NOW } from '../../support/access-case.ts';
import { DAY, evidence, handedOver, opened, proven } from '../../support/proven-session.ts';

fc.configureGlobal({ seed: 20260105, numRuns: 600 });

/** Short of the lifetimes mostly, so that much counts, and beyond them sometimes. */
const ago = fc.oneof(fc.nat(600), fc.nat(2 * DAY), fc.nat(40 * DAY));
const channels = fc.constantFrom(...Channel.options);
/** Most evidence of people is from where people are. */
const whereabouts = fc.oneof(fc.constantFrom<Channel>('web', 'web', 'desktop'), channels);
const people = fc.constantFrom('dana', 'dana', 'dana', 'sam', 'triage-bot');
const actors = fc.constantFrom<string[]>([], [], ['sam'], ['triage-bot']);
const methods = fc.oneof(
  fc.constantFrom<EvidenceMethod>('oidc', 'passkey', 'push'),
  fc.constantFrom(...EvidenceMethod.options),
);
const amr = fc.oneof(
  fc.constantFrom<string[]>(
    ['pwd'],
    ['otp'],
    ['hwk'],
    ['hwk', 'pin'],
    ['swk', 'fpt'],
    ['pwd', 'otp'],
    ['mfa'],
  ),
  fc.subarray(['pwd', 'pin', 'otp', 'hwk', 'swk', 'fpt', 'mfa', 'kba', 'sms', 'vbm', 'geo', 'user']),
);

/** Where what is no authentication of a person is observed. */
const homeOf: Partial<Record<EvidenceMethod, Channel>> = {
  'attested-proofing': 'in-person',
  'workload-token': 'machine',
  'aws-caller': 'machine',
};

const anyEvidence = fc
  .record({
    id: fc.uuid(),
    of: people,
    channel: whereabouts,
    method: methods,
    amr,
    phishingResistant: fc.boolean(),
    observed: ago,
    told: fc.option(ago),
    life: fc.oneof(fc.constant(400 * DAY), fc.nat(400 * DAY)),
    atHome: fc.boolean(),
  })
  .map(({ observed, told, life, atHome, ...rest }): Evidence => {
    const observedAtEpochSeconds = NOW - observed;
    return evidence({
      ...rest,
      channel: (atHome ? homeOf[rest.method] : undefined) ?? rest.channel,
      observedAtEpochSeconds,
      // What is told is told no earlier than it is observed.
      ...(told === null ? {} : { recordedAtEpochSeconds: NOW - Math.min(told, observed) }),
      expiresAtEpochSeconds: observedAtEpochSeconds + life,
    });
  });

const anyHandoff = fc
  .record({
    from: whereabouts,
    to: whereabouts,
    boundBy: fc.constantFrom('code', 'key', 'authenticator'),
    ago,
    actors,
  })
  .map(({ from, to, ago: seconds, ...rest }) => handedOver(from, to, { ...rest, at: NOW - seconds }));

const anySignal = fc
  .record({ id: fc.uuid(), channel: channels, level: fc.constantFrom(...RiskLevel.options), ago })
  .map(({ ago: seconds, ...rest }) => ({
    ...rest,
    kind: 'new-device',
    source: 'contact-centre',
    observedAtEpochSeconds: NOW - seconds,
  }));

/** What happens to a session, in any order: each list is in the order in which its events came. */
const anySession: fc.Arbitrary<Proven> = fc
  .record({
    kind: fc.constantFrom<Proven['principal']['kind']>('user', 'user', 'user', 'user', 'workload'),
    opening: fc.tuple(whereabouts, actors),
    handoffs: fc.array(anyHandoff, { maxLength: 7 }),
    evidence: fc.array(anyEvidence, { maxLength: 8 }),
    risks: fc.oneof(fc.constant([]), fc.array(anySignal, { maxLength: 3 })),
  })
  .map(({ kind, opening: [channel, by], handoffs, ...rest }) =>
    proven({
      ...rest,
      principal: { kind, id: 'dana' },
      presences: [opened(channel, ...by), ...handoffs],
    }),
  );

const anyPlace: fc.Arbitrary<Place> = fc.oneof(
  whereabouts,
  fc.tuple(whereabouts, actors).map(([channel, by]) => opened(channel, ...by)),
);

const channelOf = (place: Place): Channel => (typeof place === 'string' ? place : place.channel);
const worst = (one: Assurance) => RiskLevel.options.indexOf(one.risk);

/** In no facet does the one prove more than the other. */
function expectNoMore(less: Assurance, more: Assurance): void {
  expect(less.aal).toBeLessThanOrEqual(more.aal);
  expect(less.ial).toBeLessThanOrEqual(more.ial);
  expect([less.phishingResistant, more.phishingResistant]).not.toEqual([true, false]);
  expect([less.attested, more.attested]).not.toEqual([true, false]);
  expect(worst(less)).toBeGreaterThanOrEqual(worst(more));
  for (const since of ['secondsSinceProofing', 'secondsSinceAuthentication'] as const) {
    expect(less[since] ?? Infinity).toBeGreaterThanOrEqual(more[since] ?? Infinity);
  }
  if (less.aal === more.aal && less.authTimeEpochSeconds !== undefined) {
    expect(less.authTimeEpochSeconds).toBeLessThanOrEqual(more.authTimeEpochSeconds ?? -Infinity);
  }
}

const facets = ({ aal, ial, phishingResistant, attested, risk, authTimeEpochSeconds }: Assurance) => ({
  aal,
  ial,
  phishingResistant,
  attested,
  risk,
  authTimeEpochSeconds,
});

describe('whatever happens to a session, in whatever order,', () => {
  test('taking evidence away never raises what it proves', () => {
    fc.assert(
      fc.property(
        anySession.chain((session) => fc.tuple(fc.constant(session), fc.subarray([...session.evidence]))),
        anyPlace,
        ([session, some], place) => {
          expectNoMore(
            assuranceOf({ ...session, evidence: some }, place, NOW),
            assuranceOf(session, place, NOW),
          );
        },
      ),
    );
  });

  test('time never raises it', () => {
    fc.assert(
      fc.property(
        anySession,
        anyPlace,
        fc.oneof(fc.nat(2 * DAY), fc.nat(400 * DAY)),
        (session, place, passed) => {
          expectNoMore(assuranceOf(session, place, NOW + passed), assuranceOf(session, place, NOW));
        },
      ),
    );
  });

  test('risk never raises it', () => {
    fc.assert(
      fc.property(
        anySession,
        anyPlace,
        fc.array(anySignal, { minLength: 1, maxLength: 3 }),
        (session, place, more) => {
          expectNoMore(
            assuranceOf({ ...session, risks: [...session.risks, ...more] }, place, NOW),
            assuranceOf(session, place, NOW),
          );
        },
      ),
    );
  });

  test('a channel with no evidence of its own and no handoff into it has none', () => {
    fc.assert(
      fc.property(anySession, anyPlace, ({ presences, ...session }, place) => {
        const channel = channelOf(place);
        const elsewhere = {
          ...session,
          evidence: session.evidence.filter((one) => one.channel !== channel),
          presences: presences.filter((one) => one.handedOver === undefined || one.channel !== channel),
        };
        const { risk: _, ...nothing } = nothingProven;
        expect(assuranceOf(elsewhere, place, NOW)).toMatchObject({ ...nothing, amr: [], evidence: [] });
      }),
    );
  });

  test('what is handed over is no stronger than it was', () => {
    fc.assert(
      fc.property(anySession, anyHandoff, ({ presences, ...rest }, last) => {
        const session = {
          ...rest,
          evidence: rest.evidence.filter(({ channel }) => channel !== last.channel),
        };
        const there = assuranceOf({ ...session, presences: [...presences, last] }, last, NOW);
        const origins = presences.filter(({ channel }) => channel === last.handedOver?.from);
        const most = Math.max(
          0,
          ...origins.map((origin) => assuranceOf({ ...session, presences }, origin, NOW).aal),
        );
        expect(there.aal).toBeLessThanOrEqual(most);
        expect(there.aal).toBeLessThanOrEqual(last.handedOver?.boundBy === 'code' ? 1 : 2);
      }),
    );
  });

  test('whoever comes by a code has of all that was proven before no more than AAL 1', () => {
    fc.assert(
      fc.property(anySession, anyHandoff, ({ presences, ...rest }, handoff) => {
        const last: Passage = {
          ...handoff,
          handedOver: { from: handoff.handedOver?.from ?? 'web', boundBy: 'code', atEpochSeconds: NOW + 1 },
        };
        const session = { ...rest, presences: [...presences, last] };
        expect(assuranceOf(session, last, NOW + 1).aal).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('what others in it prove changes nothing of its principal’s level, nor answers a signal', () => {
    fc.assert(
      fc.property(anySession, anyPlace, (session, place) => {
        const own = { ...session, evidence: session.evidence.filter(({ of }) => of === 'dana') };
        const { attested: _, ...alone } = facets(assuranceOf(own, place, NOW));
        expect(assuranceOf(session, place, NOW)).toMatchObject(alone);
      }),
    );
  });

  test('a machine has no level', () => {
    fc.assert(
      fc.property(anySession, anyPlace, (session, place) => {
        const machine = { ...session, principal: { kind: 'agent' as const, id: 'dana' } };
        expect(assuranceOf(machine, place, NOW)).toMatchObject({ aal: 0, phishingResistant: false });
      }),
    );
  });

  test('AAL 3 is phishing-resistant', () => {
    fc.assert(
      fc.property(anySession, anyPlace, (session, place) => {
        const { aal, phishingResistant } = assuranceOf(session, place, NOW);
        fc.pre(aal === 3);
        expect(phishingResistant).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('a voiceprint, a question, a text message, a call or a place named besides raises nothing', () => {
    fc.assert(
      fc.property(
        anySession,
        anyPlace,
        fc.constantFrom('vbm', 'kba', 'sms', 'tel', 'geo', 'rba', 'user'),
        (session, place, named) => {
          const more = session.evidence.map((one) => ({ ...one, amr: [...one.amr, named] }));
          expectNoMore(
            assuranceOf({ ...session, evidence: more }, place, NOW),
            assuranceOf(session, place, NOW),
          );
        },
      ),
    );
  });

  test('the order in which evidence and signals are told does not matter', () => {
    fc.assert(
      fc.property(anySession, anyPlace, (session, place) => {
        const reversed = {
          ...session,
          evidence: session.evidence.toReversed(),
          risks: session.risks.toReversed(),
        };
        expect(facets(assuranceOf(reversed, place, NOW))).toEqual(facets(assuranceOf(session, place, NOW)));
      }),
    );
  });
});

test('the random sessions are about something: they reach each level, each risk and each facet', () => {
  const seen = fc
    .sample(fc.tuple(anySession, anyPlace), 3000)
    .map(([session, place]) => assuranceOf(session, place, NOW));
  for (const aal of [0, 1, 2, 3]) expect(seen.filter((one) => one.aal === aal).length).toBeGreaterThan(30);
  for (const risk of RiskLevel.options) {
    expect(seen.filter((one) => one.risk === risk).length).toBeGreaterThan(30);
  }
  expect(seen.filter(({ ial }) => ial === 2).length).toBeGreaterThan(20);
  expect(seen.filter(({ attested }) => attested).length).toBeGreaterThan(20);
  expect(seen.filter(({ phishingResistant }) => phishingResistant).length).toBeGreaterThan(30);
});
