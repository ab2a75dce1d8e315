import * as z from 'zod';
import { nothingProven, type ProvenFacts } from '../verification/assurance.ts';
import { Aal, RiskLevel } from '../verification/evidence.ts';

/** What is proven of a person or of a machine; whatever is left out is not proven. */
export const ProvenDocument = z.strictObject({
  aal: Aal.default(0),
  ial: z.union([z.literal(0), z.literal(2)]).default(0),
  phishing_resistant: z.boolean().default(false),
  attested: z.boolean().default(false),
  risk: RiskLevel.default('low'),
  seconds_since_authentication: z.int().nonnegative().optional(),
  seconds_since_proofing: z.int().nonnegative().optional(),
});

/** As policies read it (`Sallyport::Request`), and as a recorded request keeps it. */
export function provenDocument(proven: ProvenFacts) {
  const { aal, ial, phishingResistant, attested, risk } = proven;
  const { secondsSinceAuthentication, secondsSinceProofing } = proven;
  return {
    aal,
    ial,
    phishing_resistant: phishingResistant,
    attested,
    risk,
    ...(secondsSinceAuthentication === undefined
      ? {}
      : { seconds_since_authentication: secondsSinceAuthentication }),
    ...(secondsSinceProofing === undefined ? {} : { seconds_since_proofing: secondsSinceProofing }),
  };
}

/** What a document says is proven; nothing, where there is none. */
export function provenOf(document: z.infer<typeof ProvenDocument> | undefined): ProvenFacts {
  if (document === undefined) return nothingProven;
  const { phishing_resistant, seconds_since_authentication, seconds_since_proofing, ...facts } = document;
  return {
    ...facts,
    phishingResistant: phishing_resistant,
    ...(seconds_since_authentication === undefined
      ? {}
      : { secondsSinceAuthentication: seconds_since_authentication }),
    ...(seconds_since_proofing === undefined ? {} : { secondsSinceProofing: seconds_since_proofing }),
  };
}
