import { describe, expect, test, vi } from 'vitest';
import { approvalType } from '../../../lambdas/approval/approval.ts';
import { grantType } from '../../../lambdas/minting/grant.ts';
import { DependencyUnavailable, StateConflict } from '../../../lambdas/platform/failures.ts';
import { accessRequestType } from '../../../lambdas/requests/access-request.ts';
import { readAccessRequest } from '../../../lambdas/requests/read-access-request.step.ts';
import { recordFailure } from '../../../lambdas/requests/record-failure.step.ts';
import type { AccessRequestBody } from '../../../lambdas/requests/requests.routes.ts';
import { submitAccessRequest } from '../../../lambdas/requests/submit-access-request.step.ts';
import type { WorkflowStarter } from '../../../lambdas/requests/workflow-starter.port.ts';
import {
  APPROVAL_ID,
  active,
  callerOf,
  clockAt,
  countedIds,
  dana,
  deployment,
  GRANT_ID,
  HOUR,
  ISSUER,
  inert,
  ledgerOfEverybody,
  NOW,
  omar,
  pending,
  pendingApproval,
  REQUEST_ID,
  requestIn,
  submitted,
  triageBot,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, interruptions } from '../../support/interruptions.ts';

const clock = clockAt();
const body: AccessRequestBody = {
  target: 'ticketing-ops',
  permissions: ['tickets:read'],
  duration: 'PT2H',
  justification: 'The queue is on fire',
};

function starter() {
  const started: string[] = [];
  return { started, start: async (requestId: string) => void started.push(requestId) };
}

/** Submits with ids that go on from call to call. */
function submitterOf(
  ledger: InMemoryLedger,
  workflow: WorkflowStarter = starter(),
  ids = countedIds(),
  at = clock,
) {
  return submitAccessRequest({ deployment, ledger, workflow, clock: at, ids });
}

describe('a request that is submitted', () => {
  test('is recorded before its workflow is started', async () => {
    const ledger = ledgerOfEverybody();
    const recorded: unknown[] = [];
    const start = async (id: string) =>
      void recorded.push((await ledger.read(accessRequestType, id))?.entity.status);
    expect(await submitterOf(ledger, { start })(callerOf(dana, [triageBot]), body, undefined)).toEqual({
      ...submitted(),
      id: 'req-id-1',
      actors: [{ kind: 'agent', id: 'triage-bot' }],
    });
    expect(recorded).toEqual(['submitted']);
  });

  test('asks for each permission once', async () => {
    const twice = { ...body, permissions: ['tickets:read', 'tickets:read'] };
    expect((await submitterOf(ledgerOfEverybody())(callerOf(dana), twice, undefined)).permissions).toEqual([
      'tickets:read',
    ]);
  });

  test('whose workflow could not be started is recorded as failed, and says so', async () => {
    const ledger = ledgerOfEverybody();
    const start = () => Promise.reject(new DependencyUnavailable('SFN'));
    await expect(submitterOf(ledger, { start })(callerOf(dana), body, undefined)).rejects.toThrow(
      DependencyUnavailable,
    );
    expect((await ledger.read(accessRequestType, 'req-id-1'))?.entity).toMatchObject({
      status: 'failed',
      failure: { state: 'StartExecution' },
    });
  });

  test('whose workflow has gone on, though its start was not confirmed, is unavailable and not failed', async () => {
    const ledger = ledgerOfEverybody();
    const start = async () => {
      vi.spyOn(ledger, 'commit').mockRejectedValueOnce(new StateConflict('It has gone on'));
      throw new DependencyUnavailable('SFN');
    };
    const submitting = submitterOf(ledger, { start })(callerOf(dana), body, undefined);
    await expect(submitting).rejects.toThrow(DependencyUnavailable);
    expect((await ledger.read(accessRequestType, 'req-id-1'))?.entity.status).toBe('submitted');
  });
});

describe('a request is refused, and nothing is recorded', () => {
  test.for<[string, Partial<AccessRequestBody>, number]>([
    ['for a target that there is not', { target: 'payroll' }, 400],
    [
      'for a permission that its target does not have',
      { permissions: ['tickets:read', 'tickets:burn'] },
      400,
    ],
    ['for longer than its target grants', { duration: 'PT8H1S' }, 400],
    ['with an actor that the token does not prove', { actor: { type: 'agent', id: 'other-bot' } }, 403],
    ['with its actor of another kind', { actor: { type: 'workload', id: 'triage-bot' } }, 403],
  ])('%s', async ([, over, status]) => {
    const ledger = ledgerOfEverybody();
    const submit = submitterOf(ledger, inert<WorkflowStarter>('WorkflowStarter'));
    await expect(submit(callerOf(dana, [triageBot]), { ...body, ...over }, undefined)).rejects.toMatchObject({
      status,
    });
    expect(ledger.commits).toBe(0);
  });
});

describe('an idempotency key', () => {
  test('gives the same request for the same body, and starts it once it is under way no more', async () => {
    const ledger = ledgerOfEverybody();
    const workflow = starter();
    const submit = submitterOf(ledger, workflow);
    const first = await submit(callerOf(dana), body, 'key');
    const stored = await ledger.read(accessRequestType, first.id);
    ledger.seed(accessRequestType, { ...(stored?.entity ?? first), status: 'verified' } as typeof first);
    const second = await submit(callerOf(dana), body, 'key');
    expect([second.id, workflow.started]).toEqual([first.id, [first.id]]);
  });

  test('with another body is refused', async () => {
    const submit = submitterOf(ledgerOfEverybody());
    await submit(callerOf(dana), body, 'key');
    await expect(submit(callerOf(dana), { ...body, duration: 'PT1H' }, 'key')).rejects.toMatchObject({
      status: 409,
      type: 'urn:openid:authzen:access-request:error:duplicate_request',
    });
  });

  test('is the caller’s own: of another principal, or through an agent, it is another', async () => {
    const submit = submitterOf(ledgerOfEverybody());
    const callers = [callerOf(dana), callerOf(omar), callerOf(dana, [triageBot])];
    const ids = [];
    for (const caller of callers) ids.push((await submit(caller, body, 'key')).id);
    expect(new Set(ids).size).toBe(3);
  });

  test('is forgotten after a day', async () => {
    const [ledger, ids] = [ledgerOfEverybody(), countedIds()];
    const submitAt = (seconds: number) =>
      submitterOf(ledger, starter(), ids, clockAt(NOW + seconds))(callerOf(dana), body, 'key');
    const [first, last, late] = [await submitAt(0), await submitAt(24 * HOUR - 1), await submitAt(24 * HOUR)];
    expect([last.id === first.id, late.id === first.id]).toEqual([true, false]);
  });

  test('of a request that could not be started is free for the next attempt', async () => {
    const [ledger, ids] = [ledgerOfEverybody(), countedIds()];
    const start = () => Promise.reject(new DependencyUnavailable('SFN'));
    await submitterOf(ledger, { start }, ids)(callerOf(dana), body, 'key').catch(() => undefined);
    expect((await submitterOf(ledger, starter(), ids)(callerOf(dana), body, 'key')).status).toBe('submitted');
  });

  test('that comes twice at once makes one request', async () => {
    const ledger = ledgerOfEverybody();
    const submit = submitterOf(ledger);
    const both = await Promise.all([
      submit(callerOf(dana), body, 'key'),
      submit(callerOf(dana), body, 'key'),
    ]);
    expect([new Set(both.map(({ id }) => id)).size, ledger.commits]).toEqual([1, 1]);
  });

  test('lets what stopped at any call of a port be finished by sending it again', async () => {
    const undisturbed = interruptions();
    await submitterOf(undisturbed.watch(ledgerOfEverybody()), undisturbed.watch(starter()))(
      callerOf(dana),
      body,
      'key',
    );
    for (let nth = 1; nth <= undisturbed.calls; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        const ledger = ledgerOfEverybody();
        const workflow = starter();
        const stop = interruptions(nth, when);
        const ids = countedIds();
        const disturbed = submitterOf(stop.watch(ledger), stop.watch(workflow), ids);
        await expect(disturbed(callerOf(dana), body, 'key')).rejects.toThrow(Interrupted);
        const { id } = await submitterOf(ledger, workflow, ids)(callerOf(dana), body, 'key');
        expect([ledger.commits, new Set(workflow.started)]).toEqual([1, new Set([id])]);
      }
    }
  });
});

describe('a failure that is recorded', () => {
  const failure = { state: 'DecideAccess', error: 'BrokenInvariant' };
  const record = (ledger: InMemoryLedger) =>
    recordFailure({ ledger, clock })({ requestId: REQUEST_ID, failure });

  test('abandons the grant that waited and closes the approval that waited', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(accessRequestType, requestIn('permitted'));
    ledger.seed(grantType, pending());
    ledger.seed(approvalType, pendingApproval());
    await record(ledger);
    expect((await ledger.read(accessRequestType, REQUEST_ID))?.entity).toMatchObject({
      status: 'failed',
      failure,
    });
    expect((await ledger.read(grantType, GRANT_ID))?.entity.status).toBe('abandoned');
    expect((await ledger.read(approvalType, APPROVAL_ID))?.entity.status).toBe('expired');
    expect(ledger.commits).toBe(1);
  });

  test('leaves alone what has come out otherwise, and a grant that is active', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(accessRequestType, requestIn('approved'));
    ledger.seed(grantType, active());
    await record(ledger);
    expect([(await ledger.read(grantType, GRANT_ID))?.entity.status, ledger.commits]).toEqual(['active', 0]);
  });
});

describe('a task', () => {
  const read = (ledger: InMemoryLedger, caller = callerOf(dana)) =>
    readAccessRequest({ ledger, clock, issuer: ISSUER })(caller, REQUEST_ID);

  test('is for the parties of the request', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(accessRequestType, { ...submitted(), actors: [{ kind: 'agent', id: 'triage-bot' }] });
    expect((await read(ledger, callerOf(triageBot))).status).toBe('pending');
    await expect(read(ledger, callerOf(omar))).rejects.toMatchObject({ status: 404 });
  });

  test('says what was decided, what that obliges to, and where its approval is', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(accessRequestType, requestIn('awaiting_approval', ['tickets:comment']));
    ledger.seed(approvalType, pendingApproval());
    expect(await read(ledger)).toMatchObject({
      status: 'pending',
      state: 'awaiting_approval',
      permissions: [
        {
          outcome: 'obliged',
          obligations: [
            {
              type: 'approval',
              properties: { approvers: 'ops-owners', quorum: 1, approver_acr: 'nist-aal2' },
            },
          ],
        },
      ],
      approval: { id: APPROVAL_ID, status: 'pending' },
    });
  });

  test('has a result once its grant is active, and only then', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(accessRequestType, requestIn('permitted'));
    ledger.seed(grantType, pending());
    expect(await read(ledger)).not.toHaveProperty('result');
    ledger.seed(accessRequestType, requestIn('approved'));
    ledger.seed(grantType, active());
    expect(await read(ledger)).toMatchObject({
      status: 'approved',
      result: {
        mode: 'reevaluate',
        approval: { id: GRANT_ID, approved_until: new Date((NOW + HOUR) * 1000).toISOString() },
      },
    });
  });
});
