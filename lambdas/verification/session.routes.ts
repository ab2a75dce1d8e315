import * as z from 'zod';
import { Channel } from '../platform/channel.ts';
import { PartyDocument, Timestamp } from '../platform/documents.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { EvidenceMethod, RiskLevel, RiskSignal } from './evidence.ts';
import { Recipient } from './handoff.ts';

const SignalDocument = z.object({
  id: z.string(),
  channel: Channel,
  kind: z.string(),
  level: RiskLevel,
  source: z.string(),
  observed_at: Timestamp,
});

export const SessionDocument = z
  .object({
    id: z.string(),
    txn: z.string(),
    status: z.enum(['active', 'ended']),
    principal: PartyDocument,
    created_at: Timestamp,
    expires_at: Timestamp,
    presences: z
      .array(
        z.object({
          channel: Channel,
          actors: z.array(PartyDocument),
          since: Timestamp,
          handed_over: z
            .object({
              handoff: z.string(),
              from: Channel,
              bound_by: z.enum(['code', 'key', 'authenticator']),
            })
            .optional(),
          assurance: z
            .object({
              acr: z.string().optional(),
              aal: z.int(),
              ial: z.int(),
              amr: z.array(z.string()),
              auth_time: Timestamp.optional(),
              phishing_resistant: z.boolean(),
              attested: z.boolean(),
              risk: RiskLevel,
              evidence: z.array(z.string()),
            })
            .meta({ description: 'What is proven of the principal there now' }),
        }),
      )
      .meta({ description: 'Where the session is: each channel with those who act there' }),
    evidence: z.array(
      z.object({
        id: z.string(),
        of: z.string(),
        channel: Channel,
        method: EvidenceMethod,
        issuer: z.string(),
        amr: z.array(z.string()),
        phishing_resistant: z.boolean(),
        recorded_by: z.string().optional(),
        observed_at: Timestamp,
        expires_at: Timestamp,
      }),
    ),
    risks: z.array(SignalDocument),
  })
  .meta({ id: 'Session' });
export type SessionDocument = z.infer<typeof SessionDocument>;

export const readSessionRoute = {
  method: 'GET',
  path: '/v1/sessions/{id}',
  function: 'ReadSession',
  summary: 'A session: its evidence, and the assurance now in each channel that it has passed',
  answers: {
    200: { description: 'The session', schema: z.object({ session: SessionDocument }) },
    ...problemAnswers(401, 404, 503),
  },
} as const satisfies Route;

export const endSessionRoute = {
  method: 'DELETE',
  path: '/v1/sessions/{id}',
  function: 'EndSession',
  summary: 'End a session: its tokens stop at once, in every channel',
  answers: {
    204: { description: 'The session has ended' },
    ...problemAnswers(401, 404, 409, 503),
  },
} as const satisfies Route;

export const makeHandoffRoute = {
  method: 'POST',
  path: '/v1/sessions/{id}/handoffs',
  function: 'MakeHandoff',
  summary: 'Hand the session over to another channel',
  body: z
    .strictObject({
      target_channel: Channel,
      to: Recipient.optional().meta({
        description:
          'Who may take it over: a user, or any member of a group; the person who hands it over, or whom a gateway serves, if not said',
      }),
    })
    .meta({ id: 'HandoffRequest' }),
  answers: {
    201: {
      description: 'The handoff, to be shown once at the token endpoint; in this answer and nowhere else',
      schema: z.object({ handoff: z.string(), expires_at: Timestamp }),
    },
    ...problemAnswers(400, 401, 403, 404, 413, 503),
  },
} as const satisfies Route;

export const recordSignalRoute = {
  method: 'POST',
  path: '/v1/sessions/{id}/evidence',
  function: 'RecordSignal',
  summary: 'Tell of a risk that a channel has noticed; it stands until its person authenticates anew',
  body: z
    .strictObject({ signal: z.strictObject({ kind: RiskSignal.shape.kind, level: RiskLevel }) })
    .meta({ id: 'RiskSignalReport' }),
  answers: {
    201: { description: 'The signal, as it was recorded', schema: z.object({ signal: SignalDocument }) },
    ...problemAnswers(400, 401, 404, 409, 413, 503),
  },
} as const satisfies Route;
