import * as z from 'zod';
import { RequestedResource } from '../decision/requested-resource.ts';
import { PartyDocument, proseUpTo, Timestamp } from '../platform/documents.ts';
import { Duration } from '../platform/duration.ts';
import { PageQuery } from '../platform/page.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';

/** What an approver sees: exactly what would be granted, to whom, for how long and why. */
export const ApprovalDocument = z
  .object({
    id: z.string(),
    status: z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled']),
    request: z.string(),
    principal: PartyDocument,
    actors: z.array(PartyDocument),
    target: z.string(),
    resource: RequestedResource.optional().meta({ description: 'What at the target it is for' }),
    circumstances: z.record(z.string(), z.json()).optional(),
    permissions: z.array(z.string()),
    duration: z.string(),
    justification: z.string(),
    emergency: z.literal(true).optional().meta({ description: 'Its requester says that it is an emergency' }),
    requirements: z.array(
      z.object({
        approvers: z.string().meta({ description: 'The group whose members approve' }),
        quorum: z.int(),
        approver_acr: z.string(),
        permissions: z.array(z.string()),
      }),
    ),
    votes: z.array(
      z.object({
        approver: z.string(),
        decision: z.enum(['approve', 'deny']),
        comment: z.string(),
        at: Timestamp,
      }),
    ),
    created_at: Timestamp,
    expires_at: Timestamp,
  })
  .meta({ id: 'Approval' });
export type ApprovalDocument = z.infer<typeof ApprovalDocument>;

export const BallotBody = z
  .strictObject({
    decision: z.enum(['approve', 'deny']),
    comment: proseUpTo(1000).default(''),
    permissions: z
      .array(z.string().max(64))
      .min(1)
      .max(32)
      .optional()
      .meta({ description: 'Only these of the proposed permissions' }),
    duration: Duration.optional().meta({ description: 'No longer than this' }),
  })
  .meta({ id: 'ApprovalDecision' });

export const listApprovalsRoute = {
  method: 'GET',
  path: '/v1/approvals',
  function: 'ReadApprovals',
  summary: 'The approvals that wait for the caller',
  query: PageQuery.extend({ status: z.literal('pending').optional() }),
  answers: {
    200: {
      description: 'A page of approvals, oldest first',
      schema: z.object({ approvals: z.array(ApprovalDocument), cursor: z.string().optional() }),
    },
    ...problemAnswers(400, 401, 503),
  },
} as const satisfies Route;

export const readApprovalRoute = {
  method: 'GET',
  path: '/v1/approvals/{id}',
  function: 'ReadApprovals',
  summary: 'One approval, for its approvers and the parties of the request',
  answers: {
    200: { description: 'The approval', schema: z.object({ approval: ApprovalDocument }) },
    ...problemAnswers(401, 404, 503),
  },
} as const satisfies Route;

export const decideApprovalRoute = {
  method: 'POST',
  path: '/v1/approvals/{id}/decision',
  function: 'DecideApproval',
  summary: 'Approve, narrow or deny',
  body: BallotBody,
  answers: {
    200: {
      description: 'The approval after this decision',
      schema: z.object({ approval: ApprovalDocument }),
    },
    ...problemAnswers(400, 401, 403, 404, 409, 413, 503),
  },
} as const satisfies Route;
