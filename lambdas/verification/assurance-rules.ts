import * as z from 'zod';
import document from '../../policies/assurance.json' with { type: 'json' };
import { Channel } from '../platform/channel.ts';
import { Duration, durationSeconds } from '../platform/duration.ts';
import { Aal, EvidenceMethod } from './evidence.ts';

const Level = z.union([z.literal(1), z.literal(2), z.literal(3)]);
/** AAL3 is proven to the verifier of the channel in use, so no more than AAL2 goes from one to another. */
const Travelling = z.union([z.literal(0), z.literal(1), z.literal(2)]);
const Lifetime = Duration.transform((text) => durationSeconds(text) ?? 0);
/** The section of a standard that the rule is from, or why it is as it is. */
const source = z.string().min(20);
/** Authentication methods as RFC 8176 names them. */
const amr = z.array(z.string()).min(1);

/** Where people authenticate. In person they are looked at, which proves who they are and logs nobody in. */
const PersonChannel = Channel.extract(['web', 'desktop', 'voice']);

const Method = z.discriminatedUnion('of', [
  z.strictObject({
    of: z.literal('person'),
    reaches: Level,
    channels: z.array(PersonChannel).min(1),
    source,
  }),
  z.strictObject({
    of: z.literal('proofing'),
    ial: z.literal(2),
    lifetime: Lifetime,
    channels: z.array(Channel.extract(['in-person'])).min(1),
    source,
  }),
  z.strictObject({
    of: z.literal('machine'),
    channels: z.array(Channel.extract(['machine'])).min(1),
    source,
  }),
]);

const LevelRule = z.strictObject({ lifetime: Lifetime, source });
/** NIST SP 800-63B-4 §2.3.3: the overall timeout SHALL be no more than 12 hours at AAL3. */
const MOST_AAL3_SECONDS = 12 * 3600;
const Levels = z
  .strictObject({ 1: LevelRule, 2: LevelRule, 3: LevelRule })
  .refine((levels) => levels[3].lifetime <= MOST_AAL3_SECONDS, {
    path: [3],
    message: 'AAL3 lasts 12 hours at the most',
  })
  .refine((levels) => levels[1].lifetime >= levels[2].lifetime && levels[2].lifetime >= levels[3].lifetime, {
    message: 'a higher level may not outlast a lower one',
  });

/** NIST SP 800-63B-4 §2.3.3: the inactivity timeout at AAL3, the shortest of all, SHOULD be 15 minutes. */
const MOST_IDLE_SECONDS = 15 * 60;

export type Factor = 'known' | 'held' | 'inherent';

const Factors = z
  .strictObject({ known: amr, held: amr, inherent: amr, nothing: amr, circumstances: amr, source })
  .refine(
    ({ source: _, ...lists }) => {
      const named = Object.values(lists).flat();
      return new Set(named).size === named.length;
    },
    { message: 'a method may stand in one list only' },
  )
  .transform(({ known, held, inherent, nothing, circumstances }) => ({
    /** What each method shows. */
    shownBy: new Map<string, Factor>([
      ...known.map((method) => [method, 'known'] as const),
      ...held.map((method) => [method, 'held'] as const),
      ...inherent.map((method) => [method, 'inherent'] as const),
    ]),
    /** What others may take for a factor, and what is none here. */
    nothing: new Set(nothing),
    /** What is noticed of someone, and is not done by them. */
    circumstances: new Set(circumstances),
  }));

const Caps = z.partialRecord(Channel, z.partialRecord(Channel, Travelling)).superRefine((caps, context) => {
  for (const [from, targets] of Object.entries(caps)) {
    for (const [to, cap] of Object.entries(targets)) {
      const refuse = (message: string) => context.addIssue({ code: 'custom', path: [from, to], message });
      if (from === to) refuse('nothing is handed over to the channel where it is');
      if (from === 'machine' || to === 'machine') refuse('nothing goes to a machine or comes from one');
      if ((from === 'voice' || to === 'voice') && cap > 1)
        refuse('no more than AAL1 goes into a call or out of it');
    }
  }
});

const RiskRule = z.strictObject({ capsAal: Aal });
const Risk = z
  .strictObject({ low: RiskRule, elevated: RiskRule, high: RiskRule, answeredByAal: Level, source })
  .refine(({ low, elevated, high }) => low.capsAal >= elevated.capsAal && elevated.capsAal >= high.capsAal, {
    message: 'a higher risk may not leave a higher level',
  });

/** Every rule by which evidence becomes assurance. */
export const AssuranceRules = z.strictObject({
  levels: Levels,
  accessToken: z.strictObject({
    lifetime: Lifetime.refine((seconds) => seconds <= MOST_IDLE_SECONDS, {
      message: 'an access token lasts 15 minutes at the most',
    }),
    source,
  }),
  factors: Factors,
  methods: z.record(EvidenceMethod, Method),
  /** How much of a level goes from one channel to another. What is not named does not go. */
  handoffs: z.strictObject({ byCodeAlone: z.union([z.literal(0), z.literal(1)]), caps: Caps, source }),
  risk: Risk,
});
export type AssuranceRules = z.output<typeof AssuranceRules>;

/** The rules of this deployment. Wrong ones stop whatever would have applied them. */
export const assuranceRules: AssuranceRules = AssuranceRules.parse(document);
