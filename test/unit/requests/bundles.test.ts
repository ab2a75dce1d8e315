import { describe, expect, test } from 'vitest';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { accessRequestType } from '../../../lambdas/requests/access-request.ts';
import { cancelAccessRequest } from '../../../lambdas/requests/cancel-access-request.step.ts';
import { readAccessRequest } from '../../../lambdas/requests/read-access-request.step.ts';
import { type RequestBundle, requestBundleType } from '../../../lambdas/requests/request-bundle.ts';
import type { BundleTask, DeniedAccessBody } from '../../../lambdas/requests/requests.routes.ts';
import { submitDenied } from '../../../lambdas/requests/submit-denied.step.ts';
import type { WorkflowStarter } from '../../../lambdas/requests/workflow-starter.port.ts';
import {
  callerOf,
  clockAt,
  countedIds,
  dana,
  denialBindings,
  deployment,
  ISSUER,
  ledgerOfEverybody,
  NOW,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, type Interruptions, interruptions } from '../../support/interruptions.ts';

const caller = callerOf(dana);
const subject = { type: 'user', id: 'dana' };
const resource = { type: 'target', id: 'ticketing-ops' };

async function item(action: string, requested_access: object = {}) {
  const expiresAtEpochSeconds = NOW + 600;
  const denied = { subject, actors: [], action, resource, id: 'evaluation', expiresAtEpochSeconds };
  const { bindingToken } = await denialBindings.bind(denied);
  return { resource, action: { name: action }, requested_access, denial: { binding_token: bindingToken } };
}

/** Two permissions for the same time, and one for another: two requests. */
const body: DeniedAccessBody = {
  subject,
  items: [
    await item('tickets:comment'),
    await item('tickets:delete'),
    await item('tickets:read', { requested_duration: 'PT10M' }),
  ],
};

function starter() {
  const started: string[] = [];
  return { started, start: async (requestId: string) => void started.push(requestId) };
}

function submitterOf(
  ledger: InMemoryLedger,
  workflow: WorkflowStarter,
  ids = countedIds(),
  at = NOW,
  world: Pick<Interruptions, 'watch'> = interruptions(),
) {
  return submitDenied({
    deployment,
    denials: denialBindings,
    ledger: world.watch(ledger),
    workflow: world.watch(workflow),
    clock: clockAt(at),
    ids,
  });
}

async function bundleIn(ledger: InMemoryLedger): Promise<RequestBundle> {
  const found = Object.entries(ledger.entities()).find(([key]) => key.startsWith('BUNDLE#'));
  return found?.[1] as RequestBundle;
}

const taskAt = async (ledger: InMemoryLedger, at = NOW) => {
  const { id } = await bundleIn(ledger);
  return (await readAccessRequest({ ledger, clock: clockAt(at), issuer: ISSUER })(caller, id)) as BundleTask;
};

const statusesOf = ({ items }: BundleTask) => items.map(({ status }) => status);

/** Each disturbed at one call of a port; what stopped has recorded a bundle where it has come so far. */
async function disturbances(
  then: (
    ledger: InMemoryLedger,
    workflow: ReturnType<typeof starter>,
    ids: ReturnType<typeof countedIds>,
  ) => Promise<void>,
) {
  const undisturbed = interruptions();
  await submitterOf(ledgerOfEverybody(), starter(), countedIds(), NOW, undisturbed)(caller, body, 'key');
  for (let nth = 1; nth <= undisturbed.calls; nth += 1) {
    for (const when of ['before', 'after'] as const) {
      const [ledger, workflow, ids] = [ledgerOfEverybody(), starter(), countedIds()];
      const disturbed = submitterOf(ledger, workflow, ids, NOW, interruptions(nth, when));
      await expect(disturbed(caller, body, 'key')).rejects.toThrow(Interrupted);
      await then(ledger, workflow, ids);
    }
  }
}

describe('several that are asked for together', () => {
  test('are a request for each thing and time, each with a chain of its own', async () => {
    const [ledger, workflow] = [ledgerOfEverybody(), starter()];
    await submitterOf(ledger, workflow)(caller, body, undefined);
    const { items, unrecorded, id } = await bundleIn(ledger);
    const [first, second, third] = items.map(({ requestId }) => requestId);
    expect([first === second, second === third, unrecorded]).toEqual([true, false, []]);
    expect((await ledger.read(accessRequestType, first ?? ''))?.entity.permissions).toEqual([
      'tickets:comment',
      'tickets:delete',
    ]);
    expect(workflow.started).toEqual([first, third]);
    for (const chain of [id, first ?? '', third ?? ''])
      expect(verifyChain(chain, ledger.chain(chain))).toEqual({ verified: true, events: 1 });
  });

  test('and stopped at any call of a port, are finished once by sending the same again', async () => {
    await disturbances(async (ledger, workflow, ids) => {
      await submitterOf(ledger, workflow, ids)(caller, body, 'key');
      const { items, unrecorded } = await bundleIn(ledger);
      expect([ledger.commits, unrecorded]).toEqual([3, []]);
      expect(new Set(workflow.started)).toEqual(new Set(items.map(({ requestId }) => requestId)));
    });
  });

  test('and stopped, and not sent again, wait for nobody: what was not recorded counts as failed', async () => {
    let halfDone = 0;
    await disturbances(async (ledger, workflow, ids) => {
      const bundle = await bundleIn(ledger);
      if (bundle === undefined || bundle.unrecorded.length === 0) return;
      halfDone += 1;
      const lost = bundle.items.map(({ requestId }) =>
        bundle.unrecorded.some(({ id }) => id === requestId) ? 'failed' : 'pending',
      );
      expect(statusesOf(await taskAt(ledger))).toEqual(['pending', 'pending', 'pending']);
      expect(statusesOf(await taskAt(ledger, NOW + 600))).toEqual(lost);
      // Too late to be finished: who looks may count it as failed soon.
      await submitterOf(ledger, workflow, ids, NOW + 300)(caller, body, 'key');
      expect((await bundleIn(ledger)).unrecorded).toEqual(bundle.unrecorded);
    });
    expect(halfDone).toBeGreaterThan(2);
  });

  test('and taken back half-way, never come to be', async () => {
    let halfDone = 0;
    await disturbances(async (ledger, workflow, ids) => {
      const bundle = await bundleIn(ledger);
      if (bundle === undefined || bundle.unrecorded.length === 0) return;
      halfDone += 1;
      const cancel = cancelAccessRequest({ ledger, workflow: { resume: async () => {} }, clock: clockAt() });
      await cancel(caller, bundle.id, undefined);
      await submitterOf(ledger, workflow, ids)(caller, body, 'key');
      expect(statusesOf(await taskAt(ledger))).toEqual(['cancelled', 'cancelled', 'cancelled']);
      expect(workflow.started).toEqual([]);
      await expect(cancel(caller, bundle.id, undefined)).rejects.toMatchObject({ status: 409 });
    });
    expect(halfDone).toBeGreaterThan(2);
  });

  test('whose workflow could not be started say so, each for itself', async () => {
    const ledger = ledgerOfEverybody();
    const failing = {
      start: async (id: string) => {
        if (id !== (await bundleIn(ledger)).items[2]?.requestId) throw new DependencyUnavailable('SFN');
      },
    };
    await submitterOf(ledger, failing)(caller, body, undefined);
    expect(statusesOf(await taskAt(ledger))).toEqual(['failed', 'failed', 'pending']);
  });

  test('are shown for thirty days after the last of them is over', async () => {
    const ledger = ledgerOfEverybody();
    await submitterOf(ledger, starter())(caller, body, undefined);
    const { id } = await bundleIn(ledger);
    const cancel = cancelAccessRequest({ ledger, workflow: { resume: async () => {} }, clock: clockAt() });
    await cancel(caller, id, undefined);
    const days = (count: number) => NOW + count * 24 * 3600;
    expect((await taskAt(ledger, days(30) - 1)).status).toBe('cancelled');
    await expect(taskAt(ledger, days(30))).rejects.toMatchObject({
      status: 410,
      type: 'urn:openid:authzen:access-request:error:task_expired',
    });
  });

  test('are recorded with what is to be recorded, before any of them', async () => {
    const stored = await (async () => {
      const ledger = ledgerOfEverybody();
      const stop = interruptions(3, 'before');
      await submitterOf(
        ledger,
        starter(),
        countedIds(),
        NOW,
        stop,
      )(caller, body, 'key').catch(() => undefined);
      return ledger.read(requestBundleType, (await bundleIn(ledger)).id);
    })();
    expect(stored?.entity.unrecorded).toHaveLength(2);
  });
});
