import { approvalType } from '../../../lambdas/approval/approval.ts';
import { requestApproval } from '../../../lambdas/approval/request-approval.step.ts';
import { settleApproval } from '../../../lambdas/approval/settle-approval.step.ts';
import { decideAccess } from '../../../lambdas/decision/decide-access.step.ts';
import type { PolicyEngine } from '../../../lambdas/decision/policy-engine.port.ts';
import { requestStepUp } from '../../../lambdas/decision/request-step-up.step.ts';
import { beginEnding, type Credential, type Grant, grantType } from '../../../lambdas/minting/grant.ts';
import { holdGrant } from '../../../lambdas/minting/hold-grant.step.ts';
import { mintCredential } from '../../../lambdas/minting/mint-credential.step.ts';
import type { Clock } from '../../../lambdas/platform/clock.port.ts';
import type { Ledger } from '../../../lambdas/platform/ledger.port.ts';
import { type AccessRequest, accessRequestType, cancel } from '../../../lambdas/requests/access-request.ts';
import { recordFailure } from '../../../lambdas/requests/record-failure.step.ts';
import { closeGrant } from '../../../lambdas/revocation/close-grant.step.ts';
import { recordUnrevoked } from '../../../lambdas/revocation/record-unrevoked.step.ts';
import { revokeCredential } from '../../../lambdas/revocation/revoke-credential.step.ts';
import { verifyRequester } from '../../../lambdas/verification/verify-requester.step.ts';
import {
  active,
  deployment,
  endingInVain,
  HOUR,
  inert,
  ledgerOfEverybody,
  NOW,
  pending,
  pendingApproval,
  plainSealer,
  policiesOf,
  REQUEST_ID,
  refusal,
  requestIn,
  revokersThatFind,
  revokersWith,
  scriptedEngine,
  submitted,
  ticketingEngine,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import type { Interruptions } from '../../support/interruptions.ts';

/** What a step is run with: a ledger, a clock, and a way to stop the world at any call of a port. */
interface World {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly watch: Interruptions['watch'];
}

/** One step, and the state that a workflow can find when it runs it. */
export interface StepSituation {
  readonly state: string;
  readonly where: string;
  readonly arrange: () => InMemoryLedger;
  readonly run: (world: World) => Promise<unknown>;
}

const handle = 'sallyport-grant-1';
const live: Credential = {
  status: 'live',
  handle,
  fingerprints: ['f'.repeat(64)],
  issuedAtEpochSeconds: NOW,
  expiresAtEpochSeconds: NOW + HOUR,
};
const revoked: Credential = {
  status: 'revoked',
  handle,
  receipt: { probedAtEpochSeconds: NOW, answer: 'dead', how: 'a test asked' },
};
const ended = (credential: Credential) => beginEnding({ ...active(), credential }, 'expired', NOW);

function ledgerWith(
  request: AccessRequest,
  grant?: Grant,
  approvalStatus?: 'pending' | 'approved',
): InMemoryLedger {
  const ledger = ledgerOfEverybody();
  ledger.seed(accessRequestType, request);
  if (grant !== undefined) ledger.seed(grantType, grant);
  if (approvalStatus !== undefined) ledger.seed(approvalType, pendingApproval({ status: approvalStatus }));
  return ledger;
}

/** As a party has taken it back. */
const cancelled = (request: ReturnType<typeof submitted>) => cancel(request, NOW);

const input = { requestId: REQUEST_ID };
const failure = { state: 'DecideAccess', error: 'BrokenInvariant' };
const comment = ['tickets:comment'];
const decide = (engine: PolicyEngine) => (world: World) =>
  decideAccess({ ...world, deployment, policies: policiesOf(engine) })(input);
const stepUpEngine = scriptedEngine(({ context }) =>
  context.assurance.aal < 3 ? refusal : { permitted: true, determining: [{ id: 'strong' }] },
);

type Table = Readonly<Record<string, Readonly<Record<string, Pick<StepSituation, 'arrange' | 'run'>>>>>;

const table: Table = {
  VerifyRequester: {
    'of somebody in good standing': {
      arrange: () => ledgerWith(submitted()),
      run: (world) => verifyRequester(world)(input),
    },
    'of a request that was taken back': {
      arrange: () => ledgerWith(cancelled(submitted())),
      run: (world) => verifyRequester(world)(input),
    },
    'whose session has ended': {
      arrange: () => ledgerWith({ ...submitted(), session: 'session-nobody' }),
      run: (world) => verifyRequester(world)(input),
    },
  },
  DecideAccess: {
    'that permits': { arrange: () => ledgerWith(requestIn('verified')), run: decide(ticketingEngine) },
    'that asks for approval': {
      arrange: () => ledgerWith(requestIn('verified', comment)),
      run: decide(ticketingEngine),
    },
    'that asks for a step-up': {
      arrange: () => ledgerWith(requestIn('verified')),
      run: decide(stepUpEngine),
    },
    'that permits after a step-up': {
      arrange: () => ledgerWith(requestIn('awaiting_step_up')),
      run: decide(ticketingEngine),
    },
    'that still asks for the step-up': {
      arrange: () => ledgerWith(requestIn('awaiting_step_up')),
      run: decide(stepUpEngine),
    },
    'that denies': {
      arrange: () => ledgerWith(requestIn('verified')),
      run: decide(scriptedEngine(() => refusal)),
    },
    'of a request that was taken back': {
      arrange: () => ledgerWith(cancelled(submitted())),
      run: decide(inert('PolicyEngine')),
    },
    'about somebody who lost their session': {
      arrange: () => ledgerWith({ ...requestIn('verified'), session: 'session-nobody' }),
      run: decide(inert('PolicyEngine')),
    },
  },
  RequestStepUp: {
    'for the first time': {
      arrange: () => ledgerWith(requestIn('awaiting_step_up')),
      run: (world) =>
        requestStepUp({ ...world, taskTokens: world.watch(plainSealer) })({ ...input, taskToken: 'token-1' }),
    },
  },
  RequestApproval: {
    'for the first time': {
      arrange: () => ledgerWith(requestIn('awaiting_approval', comment)),
      run: (world) =>
        requestApproval({ ...world, taskTokens: world.watch(plainSealer) })({
          ...input,
          taskToken: 'token-1',
          approvalTimeoutSeconds: 24 * HOUR,
        }),
    },
  },
  SettleApproval: {
    'of one that nobody decided': {
      arrange: () => ledgerWith(requestIn('awaiting_approval', comment), undefined, 'pending'),
      run: (world) => settleApproval(world)(input),
    },
    'of a request that was taken back before it had one': {
      arrange: () => ledgerWith(cancelled(submitted(comment))),
      run: (world) => settleApproval(world)(input),
    },
    'of one that was approved in the last moment': {
      arrange: () => ledgerWith(requestIn('permitted', comment), pending(comment), 'approved'),
      run: (world) => settleApproval(world)(input),
    },
  },
  MintCredential: {
    'for a grant that waits': {
      arrange: () => ledgerWith(requestIn('permitted'), pending()),
      run: (world) => mintCredential(world)(input),
    },
  },
  HoldGrant: {
    'of an active grant': {
      arrange: () => ledgerWith(requestIn('approved'), active()),
      run: (world) =>
        holdGrant({ ...world, taskTokens: world.watch(plainSealer) })({ ...input, taskToken: 'token-2' }),
    },
  },
  RevokeCredential: Object.fromEntries(
    Object.entries({
      'that nobody claimed': active(),
      'that lives': { ...active(), credential: live },
      'of a grant that was given back': beginEnding({ ...active(), credential: live }, 'returned', NOW),
      'that could not be confirmed before': { ...ended(live), status: 'unresolved' as const },
      'that was never made': pending(),
      'that is known to be dead': ended(revoked),
    }).map(([where, grant]) => [
      where,
      {
        arrange: () => ledgerWith(requestIn('approved'), grant),
        run: (world: World) =>
          revokeCredential({
            ...world,
            ...endingInVain,
            deployment,
            revokers: revokersWith(world.watch(revokersThatFind('dead')['oauth-jwt'], ['boundSeconds'])),
          })({ ...input, reason: 'expired' }),
      },
    ]),
  ),
  CloseGrant: {
    'whose credential is dead': {
      arrange: () => ledgerWith(requestIn('approved'), ended(revoked)),
      run: (world) => closeGrant(world)(input),
    },
    'that never became active': {
      arrange: () => ledgerWith(requestIn('permitted'), pending()),
      run: (world) => closeGrant(world)({ ...input, failure }),
    },
  },
  RecordUnrevoked: {
    'of a grant that is ending': {
      arrange: () => ledgerWith(requestIn('approved'), ended(live)),
      run: (world) =>
        recordUnrevoked({ ...world, metrics: { unrevokedCredential: () => {} } })({
          ...input,
          error: 'RevocationUnconfirmed',
          reason: 'expired',
        }),
    },
  },
  RecordFailure: {
    'before anything was decided': {
      arrange: () => ledgerWith(submitted()),
      run: (world) => recordFailure(world)({ ...input, failure }),
    },
    'while a step-up was waited for': {
      arrange: () => ledgerWith(requestIn('awaiting_step_up')),
      run: (world) => recordFailure(world)({ ...input, failure }),
    },
    'after it was taken back': {
      arrange: () => ledgerWith(cancelled(submitted())),
      run: (world) => recordFailure(world)({ ...input, failure }),
    },
    'while an approval waited': {
      arrange: () => ledgerWith(requestIn('awaiting_approval', comment), undefined, 'pending'),
      run: (world) => recordFailure(world)({ ...input, failure }),
    },
    'while a grant waited to become active': {
      arrange: () => ledgerWith(requestIn('permitted'), pending()),
      run: (world) => recordFailure(world)({ ...input, failure }),
    },
  },
};

export const stepSituations: readonly StepSituation[] = Object.entries(table).flatMap(([state, situations]) =>
  Object.entries(situations).map(([where, situation]) => ({ state, where, ...situation })),
);
