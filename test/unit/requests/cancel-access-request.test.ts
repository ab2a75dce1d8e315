import { describe, expect, test } from 'vitest';
import { approvalType } from '../../../lambdas/approval/approval.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import { grantType } from '../../../lambdas/minting/grant.ts';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { type AccessRequest, accessRequestType } from '../../../lambdas/requests/access-request.ts';
import { cancelAccessRequest } from '../../../lambdas/requests/cancel-access-request.step.ts';
import {
  APPROVAL_ID,
  active,
  callerOf,
  clockAt,
  dana,
  ledgerOfEverybody,
  omar,
  pendingApproval,
  REQUEST_ID,
  requestIn,
  submitted,
  triageBot,
} from '../../support/access-case.ts';
import { Interrupted, interruptions } from '../../support/interruptions.ts';

const comment = ['tickets:comment'];

function ledgerWith(request: AccessRequest) {
  const ledger = ledgerOfEverybody();
  ledger.seed(accessRequestType, request);
  if (request.status === 'awaiting_approval') ledger.seed(approvalType, pendingApproval());
  if (request.status === 'approved') ledger.seed(grantType, active());
  return ledger;
}

function waiting() {
  const woken: string[] = [];
  return {
    woken,
    resume: async (token: string, boundTo: string) => void woken.push(`${token} for ${boundTo}`),
  };
}

const cancelIn = (
  ledger: ReturnType<typeof ledgerOfEverybody>,
  workflow: Parameters<typeof cancelAccessRequest>[0]['workflow'] = waiting(),
  caller = callerOf(dana),
) => cancelAccessRequest({ ledger, workflow, clock: clockAt() })(caller, REQUEST_ID, undefined);

const stepUp = { ...requestIn('awaiting_step_up'), encryptedTaskToken: 'sealed' } as AccessRequest;

describe('a request that is taken back', () => {
  test.for<[AccessRequest['status'], AccessRequest, string[]]>([
    ['submitted', submitted(), []],
    ['verified', requestIn('verified'), []],
    ['awaiting_step_up', stepUp, [`sealed for ${REQUEST_ID}`]],
    [
      'awaiting_approval',
      requestIn('awaiting_approval', comment),
      [`sealed(token-1 for approval-1) for ${APPROVAL_ID}`],
    ],
  ])('while it is %s is over, and whoever waits is told', async ([, request, told]) => {
    const [ledger, workflow] = [ledgerWith(request), waiting()];
    await cancelIn(ledger, workflow);
    expect((await ledger.read(accessRequestType, REQUEST_ID))?.entity.status).toBe('cancelled');
    expect(workflow.woken).toEqual(told);
    expect(verifyChain(REQUEST_ID, ledger.chain(REQUEST_ID))).toMatchObject({ verified: true, events: 1 });
    const inbox = await ledger.list(approvalType, { kind: 'INBOX', name: 'ops-owners' }, { limit: 1 });
    expect(inbox.items).toEqual([]);
  });

  test.for(['permitted', 'approved'] as const)('is not, once it is %s', async (status) => {
    const ledger = ledgerWith(requestIn(status));
    await expect(cancelIn(ledger)).rejects.toMatchObject({
      status: 409,
      type: 'urn:openid:authzen:access-request:error:invalid_task_state',
    });
    expect(ledger.commits).toBe(0);
  });

  test('is taken back by a party', async () => {
    const ledger = ledgerWith(submitted());
    for (const stranger of [callerOf(omar), callerOf(dana, [triageBot])])
      await expect(cancelIn(ledger, waiting(), stranger)).rejects.toMatchObject({ status: 404 });
    expect(ledger.commits).toBe(0);
  });

  test('stays so where its workflow cannot be told', async () => {
    const ledger = ledgerWith(requestIn('awaiting_approval', comment));
    await cancelIn(ledger, { resume: () => Promise.reject(new DependencyUnavailable('SFN')) });
    expect((await ledger.read(accessRequestType, REQUEST_ID))?.entity.status).toBe('cancelled');
  });

  test('is taken back once, wherever it stopped before', async () => {
    const undisturbed = interruptions();
    await cancelIn(undisturbed.watch(ledgerWith(requestIn('awaiting_approval', comment))));
    for (let nth = 1; nth <= undisturbed.calls; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        const ledger = ledgerWith(requestIn('awaiting_approval', comment));
        const stop = interruptions(nth, when);
        await expect(cancelIn(stop.watch(ledger), stop.watch(waiting()))).rejects.toThrow(Interrupted);
        await cancelIn(ledger).catch(() => undefined);
        expect([ledger.commits, (await ledger.read(accessRequestType, REQUEST_ID))?.entity.status]).toEqual([
          1,
          'cancelled',
        ]);
      }
    }
  });
});
