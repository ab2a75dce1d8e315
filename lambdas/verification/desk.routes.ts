import * as z from 'zod';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';

/** What was shown, and how it was verified. Neither numbers nor images of it: that it was seen is enough. */
const Document = z.strictObject({
  type: z.enum(['passport', 'identity-card', 'residence-permit', 'driving-licence']),
  /** ISO 3166-1 alpha-2. */
  issuing_country: z.string().regex(/^[A-Z]{2}$/),
  verified_by: z.enum(['chip', 'inspection']),
});

export const Proofing = z
  .strictObject({
    document: Document,
    /** The face was compared with the document’s, and is the same. Who is somebody else is not attested. */
    face_matched: z.literal(true),
  })
  .meta({ id: 'Proofing' });
export type Proofing = z.infer<typeof Proofing>;

const AttestedProofing = z
  .object({
    session: z.object({ id: z.string(), expires_at: z.iso.datetime() }),
    access_token: z.string().meta({ description: 'For the visit, with the member of staff as the actor' }),
    token_type: z.enum(['Bearer', 'DPoP']),
    expires_in: z.int().meta({ description: 'Seconds' }),
    enrolment_right: z
      .object({ code: z.string(), expires_at: z.iso.datetime() })
      .meta({ description: 'Binds one new authenticator to the person; told this once' }),
  })
  .meta({ id: 'AttestedProofing' });
export type AttestedProofing = z.infer<typeof AttestedProofing>;

export const attestProofingRoute = {
  method: 'POST',
  path: '/v1/principals/{id}/proofings',
  function: 'AttestProofing',
  summary: 'Attest a document and face check of a person who is present; for staff of a desk',
  body: Proofing,
  answers: {
    201: {
      description: 'The person’s session of this visit, and their right to enrol',
      schema: AttestedProofing,
    },
    ...problemAnswers(400, 401, 403, 404, 413, 503),
  },
} as const satisfies Route;
