import * as z from 'zod';
import { PartyDocument, proseUpTo, Timestamp } from '../platform/documents.ts';
import { PageQuery } from '../platform/page.ts';
import { problemAnswers } from '../platform/problem-answers.ts';
import type { Route } from '../platform/route.ts';
import { PolicyChanges, PolicySet } from './policy-set.ts';

/**
 * Ten thousand policies are some 3 MB of text. Lambda takes 6 MB, in which the text stands as a JSON string within a JSON
 * string (Lambda quotas: invocation payload).
 */
const MOST_PROPOSED_BYTES = 4 * 1024 * 1024;

/** Cedar reads Unicode, and throws at anything else. */
const WellFormed = z
  .string()
  .refine((text) => text.isWellFormed(), { message: 'must be well-formed Unicode' });

/** A path below the folder of the policies. */
export const PolicyFilePath = z
  .string()
  .max(256)
  .regex(/^(?:[a-z0-9][a-z0-9_-]*\/)*[a-z0-9][a-z0-9._-]*\.(?:cedar|cedarschema|test\.yaml)$/, {
    message: 'must be the path of a .cedar, .cedarschema or .test.yaml file, in lower case',
  });

export const PolicySetProposal = z
  .strictObject({
    files: z.record(PolicyFilePath, WellFormed).meta({
      description: 'The whole set: schemas, policies and their tests, by their paths',
    }),
    justification: proseUpTo(1000).min(1),
  })
  .meta({ id: 'PolicySetProposal' });
export type PolicySetProposal = z.infer<typeof PolicySetProposal>;

export const RollbackBody = z
  .strictObject({
    policy_set: z
      .string()
      .max(128)
      .meta({ description: 'The set that is left: said again, it is left once' }),
    reason: proseUpTo(1000).min(1),
  })
  .meta({ id: 'PolicyRollback' });
export type RollbackBody = z.infer<typeof RollbackBody>;

export const PolicySetDocument = z
  .object({
    id: z.string(),
    status: PolicySet.shape.status,
    digest: z.string().meta({ description: 'SHA-256 of its files as JSON, hex' }),
    policies: z.int(),
    tests: z.int().meta({ description: 'The cases that it was sent with, all of which it passed' }),
    justification: z.string(),
    based_on: z.string().meta({ description: 'The set that it may replace' }),
    changes: PolicyChanges.meta({ description: 'What it changes of that one; the first by name' }),
    proposed_by: PartyDocument,
    actors: z.array(PartyDocument),
    proposed_at: Timestamp,
    activated_by: z.string().optional(),
    activated_at: Timestamp.optional(),
    rolled_back_by: z.string().optional(),
    rolled_back_at: Timestamp.optional(),
  })
  .meta({ id: 'PolicySet' });
export type PolicySetDocument = z.infer<typeof PolicySetDocument>;

const OnePolicySet = z.object({
  policy_set: PolicySetDocument,
  active: z
    .string()
    .meta({ description: 'The set that is in force; `deployed` is the one that was deployed' }),
});

export const proposePolicySetRoute = {
  method: 'POST',
  path: '/v1/policy-sets',
  function: 'ManagePolicySets',
  summary: 'Propose a policy set: it is validated and tested, and waits for another person to activate it',
  body: PolicySetProposal,
  mostBodyBytes: MOST_PROPOSED_BYTES,
  answers: {
    201: { description: 'The proposal', schema: OnePolicySet },
    ...problemAnswers(400, 401, 403, 409, 413, 503),
  },
} as const satisfies Route;

export const listPolicySetsRoute = {
  method: 'GET',
  path: '/v1/policy-sets',
  function: 'ManagePolicySets',
  summary: 'The policy sets that were ever proposed',
  query: PageQuery,
  answers: {
    200: {
      description: 'A page of policy sets, newest first',
      schema: z.object({
        policy_sets: z.array(PolicySetDocument),
        active: z.string(),
        cursor: z.string().optional(),
      }),
    },
    ...problemAnswers(400, 401, 403, 503),
  },
} as const satisfies Route;

export const readPolicySetRoute = {
  method: 'GET',
  path: '/v1/policy-sets/{id}',
  function: 'ManagePolicySets',
  summary: 'One policy set',
  answers: {
    200: { description: 'The policy set', schema: OnePolicySet },
    ...problemAnswers(401, 403, 404, 503),
  },
} as const satisfies Route;

export const readPolicyFilesRoute = {
  method: 'GET',
  path: '/v1/policy-sets/{id}/files',
  function: 'ManagePolicySets',
  summary: 'The files of a policy set; of `deployed` those that were deployed, of `active` those in force',
  answers: {
    200: {
      description: 'The files by their paths',
      schema: z.object({ policy_set: z.string(), files: z.record(z.string(), z.string()) }),
    },
    ...problemAnswers(401, 403, 404, 503),
  },
} as const satisfies Route;

export const activatePolicySetRoute = {
  method: 'POST',
  path: '/v1/policy-sets/{id}/activation',
  function: 'ManagePolicySets',
  summary: 'Put a policy set in force that somebody else has proposed',
  answers: {
    200: { description: 'The policy set, in force everywhere within 10 seconds', schema: OnePolicySet },
    ...problemAnswers(401, 403, 404, 409, 503),
  },
} as const satisfies Route;

export const rollBackPolicySetRoute = {
  method: 'POST',
  path: '/v1/policy-sets/rollback',
  function: 'ManagePolicySets',
  summary: 'Put the policy set in force again that the present one has replaced',
  body: RollbackBody,
  answers: {
    200: { description: 'The policy set that was left', schema: OnePolicySet },
    ...problemAnswers(400, 401, 403, 404, 409, 413, 503),
  },
} as const satisfies Route;
