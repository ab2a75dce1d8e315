import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../local/asl/json.ts';
import { createWorkbench } from '../unit/asl/workbench.ts';
import { definitionText } from './request-access-walk.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:';
const definition: object = JSON.parse(
  definitionText('contain-incident').replaceAll(/\$\{(\w+)FunctionArn\}/g, `${FUNCTION}$1`),
);
const MOST_EVENTS = 25_000;
const firstLeg = {
  revocationId: 'rev-1',
  leg: 1,
  resumes: true,
  openPages: [],
  openSessions: [],
  unsignalled: [],
  unreleased: [],
};

interface Situation {
  readonly grantPages?: number;
  readonly sessionPages?: number;
  readonly dryRun?: boolean;
  /** Whether the targets confirm at this moment. */
  readonly targetsUp?: () => boolean;
  /** Calls of these functions throw this error. */
  readonly broken?: (name: string, nth: number) => boolean;
}

/** Plays all legs of a run: the functions answer as they would for so many pages. */
async function contain({
  grantPages = 0,
  sessionPages = 0,
  dryRun = false,
  targetsUp = () => true,
  broken = () => false,
}: Situation) {
  const calls: { name: string; payload: JsonObject }[] = [];
  const handedOver: JsonObject[] = [];
  let unconfirmed = 0;
  let untold = 0;
  const answer = (name: string, payload: JsonObject): JsonObject => {
    const open = (isOpen: boolean) => ({ page: payload['page'] as number, open: isOpen ? 3 : 0 });
    switch (name) {
      case 'FreezeScope':
        return { outcome: 'frozen', steps: traced, grantPages: [], sessionPages: [] };
      case 'TraceScope': {
        traced = payload['step'] as number;
        const pages = grantPages + sessionPages;
        if (traced > pages) return { outcome: 'done', dryRun };
        const found = traced <= grantPages ? { grantPage: traced } : { sessionPage: traced };
        return { outcome: traced === pages ? 'done' : 'more', dryRun, ...found };
      }
      case 'RevokeGrants':
        return open(!targetsUp());
      case 'EndRights':
      case 'CloseSessions':
      case 'SignalReceivers':
        return open(false);
      case 'ReleaseGrants':
        return open(unconfirmed > 0);
      case 'RotateExposedSecrets':
        return { open: 0 };
      case 'ConfirmContainment':
        unconfirmed = (payload['grants'] as number) + (payload['sessions'] as number);
        return { outcome: unconfirmed === 0 ? 'confirmed' : 'unresolved' };
      case 'ReportContainment':
        untold = (payload['signals'] as number) + (payload['unreleased'] as number);
        if (dryRun) return { outcome: 'previewed' };
        return {
          outcome: unconfirmed + untold === 0 && !('failure' in payload) ? 'contained' : 'unresolved',
        };
      case 'HandOverContainment':
        handedOver.push(payload);
        return { outcome: 'handed-over' };
      default:
        throw new Error(name);
    }
  };
  let traced = 0;
  const workbench = createWorkbench({
    random: () => 0,
    functions: async ({ functionArn, payload }) => {
      const name = functionArn.slice(FUNCTION.length);
      calls.push({ name, payload: payload as JsonObject });
      if (broken(name, calls.filter((call) => call.name === name).length))
        return { ok: false, error: 'BrokenInvariant', cause: '{}' };
      return { ok: true, payload: answer(name, payload as JsonObject) as Json };
    },
  });
  const arn = await workbench.start(definition, firstLeg);
  return {
    workbench,
    handedOver,
    execution: () => workbench.execution(arn),
    events: () => workbench.execution(arn).history.length,
    named: (name: string) => calls.filter((call) => call.name === name).map(({ payload }) => payload),
    resume: (input: JsonObject) => workbench.start(definition, input),
  };
}

test('10,000 grants and 1,000 sessions are contained within the history of one execution', async () => {
  const run = await contain({ grantPages: 200, sessionPages: 20 });
  expect(run.execution().status).toBe('SUCCEEDED');
  expect(run.named('RevokeGrants').length).toBe(200);
  expect(run.named('SignalReceivers').length).toBe(220);
  // 7,479 when this was written: the workflow's Comment says so.
  expect(run.events()).toBeLessThan(8000);
});

test('every right has ended before the first credential is revoked', async () => {
  const run = await contain({ grantPages: 3 });
  const order = run
    .execution()
    .history.flatMap((event) =>
      'stateEnteredEventDetails' in event
        ? [(event['stateEnteredEventDetails'] as { name: string }).name]
        : [],
    );
  expect(order.lastIndexOf('EndRights')).toBeLessThan(order.indexOf('RevokeGrants'));
});

test('a dry run only looks, and reports', async () => {
  const run = await contain({ grantPages: 2, sessionPages: 1, dryRun: true });
  expect(run.execution().status).toBe('SUCCEEDED');
  for (const name of ['EndRights', 'RevokeGrants', 'CloseSessions', 'ReleaseGrants', 'SignalReceivers'])
    expect(run.named(name)).toEqual([]);
  expect(run.named('ReportContainment')).toEqual([{ revocationId: 'rev-1', signals: 0, unreleased: 0 }]);
});

test('while targets do not confirm it goes on, and closes when they do', async () => {
  let up = false;
  const run = await contain({ grantPages: 2, targetsUp: () => up });
  expect(run.named('ReportContainment').length).toBe(1);
  await run.workbench.pass(3600_000, 60_000);
  expect(run.execution().status).toBe('RUNNING');
  const tries = run.named('RevokeGrants').length;
  expect(tries).toBeGreaterThan(10);
  up = true;
  await run.workbench.pass(600_000);
  expect(run.execution().status).toBe('SUCCEEDED');
});

test('before its history is full another execution goes on with what is open', async () => {
  const run = await contain({ grantPages: 40, targetsUp: () => false });
  await run.workbench.pass(24 * 3600_000, 600_000);
  expect(run.execution().status).toBe('SUCCEEDED');
  expect(run.events()).toBeLessThan(MOST_EVENTS / 2);
  const [next] = run.handedOver;
  expect(next).toMatchObject({ revocationId: 'rev-1', leg: 2, resumes: false, openSessions: [] });
  expect(next).toHaveProperty('openPages.length', 40);
  const before = run.named('RevokeGrants').length;
  await run.resume(next ?? {});
  expect(run.named('RevokeGrants').length).toBe(before + 40);
});

test('more than one history holds is contained leg by leg', async () => {
  const run = await contain({ grantPages: 1200 });
  expect(run.execution().status).toBe('SUCCEEDED');
  expect(run.events()).toBeLessThan(MOST_EVENTS);
  let seen = 0;
  while (run.handedOver.length > seen) {
    const next = run.handedOver[seen];
    seen += 1;
    await run.resume(next ?? {});
  }
  expect(new Set(run.named('RevokeGrants').map(({ page }) => page)).size).toBe(1200);
  expect(seen).toBeGreaterThan(1);
});

test.for([
  'TraceScope',
  'RevokeGrants',
  'CloseSessions',
  'RotateExposedSecrets',
  'ConfirmContainment',
  'ReleaseGrants',
])('a failure of %s that nobody knows ends nothing: it is told, and tried again', async (name) => {
  const run = await contain({
    grantPages: 1,
    sessionPages: 1,
    broken: (called, nth) => called === name && nth === 1,
  });
  await run.workbench.pass(60_000);
  expect(run.execution().status).toBe('SUCCEEDED');
  expect(run.named(name).length).toBeGreaterThan(1);
  expect(run.named('RevokeGrants').length).toBeGreaterThan(0);
});
