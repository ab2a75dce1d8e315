import fc from 'fast-check';
import { expect, test } from 'vitest';
import { approvalType } from '../../../lambdas/approval/approval.ts';
import { decideApproval } from '../../../lambdas/approval/decide-approval.step.ts';
import { requestApproval } from '../../../lambdas/approval/request-approval.step.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import { decideAccess } from '../../../lambdas/decision/decide-access.step.ts';
import type { PolicyEngine } from '../../../lambdas/decision/policy-engine.port.ts';
import { claimCredential } from '../../../lambdas/minting/claim-credential.step.ts';
import { oauthJwtMinter } from '../../../lambdas/minting/connectors/oauth-jwt/minter.oauth-jwt.ts';
import { type Grant, grantType } from '../../../lambdas/minting/grant.ts';
import { mintCredential } from '../../../lambdas/minting/mint-credential.step.ts';
import { accessRequestType } from '../../../lambdas/requests/access-request.ts';
import { verifyRequester } from '../../../lambdas/verification/verify-requester.step.ts';
import {
  APPROVAL_ID,
  callerOf,
  clockAt,
  dana,
  deployment,
  GRANT_ID,
  HOUR,
  inert,
  ledgerOfEverybody,
  mintersWith,
  olga,
  omar,
  orla,
  plainSealer,
  policiesOf,
  REQUEST_ID,
  refusal,
  scriptedEngine,
  submitted,
  ticketing,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';

fc.configureGlobal({ seed: 20260105 });

const PERMISSIONS = ['a', 'b', 'c', 'd'];
const target = { ...ticketing, permissions: PERMISSIONS };
const world = { ...deployment, targets: [target] };
const clock = clockAt();

/** What policy says of each permission. */
type Rule = 'permit' | 'approve' | 'approve by two' | 'step up' | 'deny';
type Rules = Readonly<Record<string, { rule: Rule; maximumDurationSeconds: number }>>;

function engineOf(rules: Rules): PolicyEngine {
  return scriptedEngine(({ permission, context }) => {
    const { rule, maximumDurationSeconds } = rules[permission] ?? { rule: 'deny', maximumDurationSeconds: 1 };
    const quorum = { approve: 1, 'approve by two': 2 }[rule as string];
    const approval = { approvers: 'ops-owners', quorum: quorum ?? 0, approverAal: 2 as const };
    if (rule === 'permit') return { permitted: true, determining: [{ id: rule, maximumDurationSeconds }] };
    if (quorum !== undefined && context.approved)
      return { permitted: true, determining: [{ id: rule, maximumDurationSeconds, approval }] };
    if (rule === 'step up' && context.assurance.aal === 3)
      return { permitted: true, determining: [{ id: rule, maximumDurationSeconds }] };
    return refusal;
  });
}

const anyDuration = fc.integer({ min: 1, max: 4 * HOUR });
const anyCase = fc.record({
  requested: fc.subarray(PERMISSIONS, { minLength: 1 }),
  durationSeconds: anyDuration,
  rules: fc
    .array(
      fc.record({
        rule: fc.constantFrom<Rule>('permit', 'approve', 'approve by two', 'step up', 'deny'),
        maximumDurationSeconds: anyDuration,
      }),
      { minLength: 4, maxLength: 4 },
    )
    .map(
      (rules): Rules =>
        Object.fromEntries(PERMISSIONS.map((name, index) => [name, rules[index] as Rules[string]])),
    ),
  ballots: fc.array(
    fc.record(
      {
        decision: fc.constantFrom(
          'approve' as const,
          'approve' as const,
          'approve' as const,
          'deny' as const,
        ),
        comment: fc.constant(''),
        permissions: fc.subarray(PERMISSIONS, { minLength: 1 }),
        durationSeconds: anyDuration,
      },
      { requiredKeys: ['decision', 'comment'] },
    ),
    { minLength: 3, maxLength: 3 },
  ),
});

type CaseOf = typeof anyCase extends fc.Arbitrary<infer Value> ? Value : never;

/** Takes a request along the path, as its workflow does; what a person may not do is simply not done. */
async function govern(ledger: InMemoryLedger, { requested, durationSeconds, rules, ballots }: CaseOf) {
  const policies = policiesOf(engineOf(rules));
  const input = { requestId: REQUEST_ID };
  ledger.seed(accessRequestType, { ...submitted(requested), durationSeconds });
  await verifyRequester({ ledger, clock })(input);
  const { outcome, approvalTimeoutSeconds } = await decideAccess({
    deployment: world,
    policies,
    ledger,
    clock,
  })(input);
  if (outcome === 'approval_required') {
    await requestApproval({ ledger, taskTokens: plainSealer, clock })({
      ...input,
      taskToken: 't',
      approvalTimeoutSeconds,
    });
    const decide = decideApproval({ ledger, workflow: { resume: async () => {} }, clock });
    for (const [index, approver] of [olga, omar, orla].entries()) {
      const ballot = ballots[index];
      if (ballot !== undefined) await decide(callerOf(approver), APPROVAL_ID, ballot).catch(() => undefined);
    }
  }
  const pending = (await ledger.read(grantType, GRANT_ID))?.entity;
  if (pending === undefined) return undefined;
  await mintCredential({ ledger, clock })(input);
  const signer = { sign: async (_: string, claims: object) => JSON.stringify(claims) };
  const minters = mintersWith(oauthJwtMinter('https://sallyport.example', signer));
  const claimed = await claimCredential({
    deployment: world,
    policies,
    minters,
    vault: inert('CredentialVault'),
    ledger,
    clock,
  })(callerOf(dana), GRANT_ID);
  return {
    grant: pending,
    claims: JSON.parse(claimed.material?.['access_token'] ?? '') as {
      scope: string;
      exp: number;
      iat: number;
    },
  };
}
async function granted(
  given: CaseOf,
): Promise<
  { ledger: InMemoryLedger; grant: Grant; claims: { scope: string; exp: number; iat: number } } | undefined
> {
  const ledger = ledgerOfEverybody();
  const result = await govern(ledger, given);
  return result && { ledger, ...result };
}

test('a grant holds no more than was requested, decided and approved, and its credential exactly that', async () => {
  let grants = 0;
  await fc.assert(
    fc.asyncProperty(anyCase, async (given) => {
      const result = await granted(given);
      if (result === undefined) return;
      grants += 1;
      const { grant, claims, ledger } = result;
      const approval = (await ledger.read(approvalType, APPROVAL_ID))?.entity;
      const decided = given.requested.filter((name) =>
        ['permit', 'approve', 'approve by two'].includes(given.rules[name]?.rule ?? ''),
      );
      const bound =
        approval === undefined
          ? decided
          : decided.filter((name) => approval.proposal.permissions.includes(name));
      expect(bound).toEqual(expect.arrayContaining([...grant.permissions]));
      expect(claims.scope).toBe(grant.permissions.join(' '));
      const longest = Math.min(
        given.durationSeconds,
        ...grant.permissions.map((name) => given.rules[name]?.maximumDurationSeconds ?? 0),
        approval?.proposal.durationSeconds ?? Number.POSITIVE_INFINITY,
      );
      expect(claims.exp - claims.iat).toBeLessThanOrEqual(longest);
    }),
    { numRuns: 200 },
  );
  expect(grants).toBeGreaterThan(50);
});

test('what needs an approval is granted only with the approvers that it needs', async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, async (given) => {
      const result = await granted(given);
      const needed = Math.max(
        0,
        ...(result?.grant.permissions ?? []).map(
          (name) => ({ approve: 1, 'approve by two': 2 })[given.rules[name]?.rule as string] ?? 0,
        ),
      );
      expect(result?.grant.approval?.approvers.length ?? 0).toBeGreaterThanOrEqual(needed);
    }),
    { numRuns: 200 },
  );
});

test('each transition of a case has one event, and its chain verifies', async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, async (given) => {
      const ledger = ledgerOfEverybody();
      await govern(ledger, given);
      const events = ledger.chain(REQUEST_ID);
      expect(verifyChain(REQUEST_ID, events)).toEqual({ verified: true, events: ledger.commits });
    }),
  );
});
