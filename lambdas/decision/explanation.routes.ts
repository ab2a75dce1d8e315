import * as z from 'zod';
import { PartyDocument, Timestamp } from '../platform/documents.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { EvaluationAnswer, EvaluationBody } from './authzen.routes.ts';

const PolicyDocument = z.object({
  id: z.string(),
  effect: z.enum(['permit', 'forbid']),
  file: z.string().meta({ description: 'The file in the folder of the policies' }),
  line: z.int(),
});
export type PolicyDocument = z.infer<typeof PolicyDocument>;

const NearPermit = PolicyDocument.extend({
  unmet: z.array(z.string()).meta({
    description:
      'What of the permit does not hold, as the policy language writes it; empty: it holds, and is forbidden or wants an approval',
  }),
});

export const Explanation = z
  .object({
    decision: z.boolean(),
    outcome: z.enum(['permitted', 'obliged', 'denied', 'unresolved']),
    reason: z.string().optional().meta({ description: 'Why no policy was asked' }),
    explained_at: Timestamp,
    policy_set: z
      .string()
      .meta({ description: 'The policy set in force; `deployed` is the one that the functions carry' }),
    channel: z.string().optional(),
    session: z.string().optional(),
    assurance: z
      .object({
        acr: z.string().optional(),
        aal: z.int(),
        ial: z.int(),
        phishing_resistant: z.boolean(),
        attested: z.boolean(),
        risk: z.string(),
      })
      .optional()
      .meta({ description: 'What was proven in that channel when this was asked' }),
    evidence: z
      .array(
        z.object({
          id: z.string(),
          of: z.string(),
          channel: z.string(),
          method: z.string(),
          observed_at: Timestamp,
          expires_at: Timestamp,
        }),
      )
      .meta({ description: 'What the assurance rests on' }),
    policies: z
      .array(PolicyDocument)
      .meta({ description: 'The policies that determined it; none for a default denial' }),
    obligations: EvaluationAnswer.shape.context.shape.obligations.meta({
      description: 'What would turn the denial into a permit',
    }),
    parties: z
      .array(
        z.object({
          party: PartyDocument,
          permitted: z.boolean(),
          policies: z.array(PolicyDocument),
          nearest_permits: z.array(NearPermit),
        }),
      )
      .meta({ description: 'The subject, then who acts for it: all of them must be permitted' }),
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.infer<typeof Explanation>;

export const explainAccessRoute = {
  method: 'POST',
  path: '/v1/explain',
  function: 'EvaluateAccess',
  summary:
    'Why an evaluation comes to its decision: about oneself; about others for enforcement points and auditors',
  body: EvaluationBody,
  answers: {
    200: { description: 'The explanation', schema: Explanation },
    ...problemAnswers(400, 401, 403, 413, 503),
  },
} as const satisfies Route;
