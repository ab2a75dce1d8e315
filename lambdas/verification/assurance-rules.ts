import * as z from 'zod';
import document from '../../policies/assurance.json' with { type: 'json' };
import { Channel } from '../platform/channel.ts';
import { Duration, durationSeconds } from '../platform/duration.ts';
import { Aal, EvidenceMethod } from './evidence.ts';

const Level = z.union([z.literal(1), z.literal(2), z.literal(3)]);
const Lifetime = Duration.transform((text) => durationSeconds(text) ?? 0);
/** The section of a standard that the rule is from, or why it is as it is. */
const source = z.string().min(20);

const Method = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('person'), reaches: Level, channels: z.array(Channel), source }),
  z.strictObject({
    of: z.literal('proofing'),
    ial: z.literal(2),
    lifetime: Lifetime,
    channels: z.array(Channel),
    source,
  }),
  z.strictObject({ of: z.literal('machine'), channels: z.array(Channel), source }),
]);
const LevelRule = z.strictObject({ lifetime: Lifetime, source });
const RiskRule = z.strictObject({ capsAal: Aal });

/** Every rule by which evidence becomes assurance. */
export const AssuranceRules = z.strictObject({
  levels: z.strictObject({ 1: LevelRule, 2: LevelRule, 3: LevelRule }),
  /** What each RFC 8176 method shows. */
  factors: z.strictObject({
    known: z.array(z.string()),
    held: z.array(z.string()),
    inherent: z.array(z.string()),
    source,
  }),
  methods: z.record(EvidenceMethod, Method),
  /** How much of a level goes from one channel to another. What is not named does not go. */
  handoffs: z.strictObject({
    byCodeAlone: Aal,
    caps: z.partialRecord(Channel, z.partialRecord(Channel, Aal)),
    source,
  }),
  risk: z.strictObject({ low: RiskRule, elevated: RiskRule, high: RiskRule, answeredByAal: Level, source }),
});
export type AssuranceRules = z.output<typeof AssuranceRules>;

/** The rules of this deployment. Wrong ones stop whatever would have applied them. */
export const assuranceRules: AssuranceRules = AssuranceRules.parse(document);
