import { describe, expect, test } from 'vitest';
import {
  type Act,
  APPROVAL_TIMEOUT_SECONDS,
  approvalRequired,
  decision,
  GRANT_SECONDS,
  type Script,
  states,
  stepUpRequired,
  type TaskName,
  taskNames,
  walk,
} from './request-access-walk.ts';

const broken: Act = { throws: 'BrokenInvariant' };

/** What else must happen for a task to be called, and how long that takes. */
const wayTo: Record<TaskName, { script: Script; seconds?: number }> = {
  VerifyRequester: { script: {} },
  DecideAccess: { script: {} },
  RequestStepUp: { script: { DecideAccess: [stepUpRequired] } },
  RequestApproval: { script: { DecideAccess: [approvalRequired] } },
  SettleApproval: { script: { DecideAccess: [approvalRequired] }, seconds: APPROVAL_TIMEOUT_SECONDS },
  MintCredential: { script: {} },
  HoldGrant: { script: {} },
  RevokeCredential: { script: {}, seconds: GRANT_SECONDS },
  CloseGrant: { script: {}, seconds: GRANT_SECONDS },
  RecordUnrevoked: { script: { RevokeCredential: [broken] }, seconds: GRANT_SECONDS },
  RecordFailure: { script: { VerifyRequester: [broken] } },
};

async function walkTo(task: TaskName, script: Script = {}) {
  const { script: way, seconds } = wayTo[task];
  const run = await walk({ ...way, ...script });
  if (seconds !== undefined) await run.pass(seconds);
  return run;
}

/** Every error that a Retry of the workflow names, with the attempts that it allows. `States.ALL` is any. */
const retries = taskNames.flatMap((task) =>
  (states[task]?.Retry ?? []).flatMap(({ ErrorEquals, MaxAttempts = 3 }) =>
    ErrorEquals.filter((error) => error !== 'States.Timeout').map((error) => ({ task, error, MaxAttempts })),
  ),
);
const thrown = (error: string): Act => ({ throws: error === 'States.ALL' ? 'Whatever' : error });

describe('what may pass is tried again, and then the path is what it would have been:', () => {
  test.for(retries)('$task after $MaxAttempts times $error', async ({ task, error, MaxAttempts }) => {
    const undisturbed = await walkTo(task);
    const failing = Array.from({ length: MaxAttempts }, () => thrown(error));
    const run = await walkTo(task, { [task]: [...failing, answerOf(task)] });
    expect(run.entered()).toEqual(undisturbed.entered());
    expect(run.calls(task)).toHaveLength(MaxAttempts + 1);
  });
});

function answerOf(task: TaskName): Act {
  const answers = {
    VerifyRequester: { outcome: 'verified' },
    DecideAccess: decision('permitted'),
    MintCredential: { expiresAt: '2026-01-01T01:00:00.000Z' },
    SettleApproval: { outcome: 'expired' },
  } as const;
  return { answers: task in answers ? answers[task as keyof typeof answers] : {} };
}

describe('what does not pass is given up after its attempts:', () => {
  test.for(retries)('$task, $error', async ({ task, error, MaxAttempts }) => {
    const run = await walkTo(task, { [task]: [thrown(error)] });
    expect(run.calls(task)).toHaveLength(MaxAttempts + 1);
  });
});

describe('a function that never answers', () => {
  const withoutWait = taskNames.filter((task) => typeof states[task]?.['TimeoutSeconds'] === 'number');

  test.for(withoutWait)('%s, is called again after twenty seconds', async (task) => {
    const run = await walkTo(task, { [task]: ['never answers', answerOf(task)] });
    await run.pass(20);
    const [first = 0, second] = run.callTimes(task);
    expect(second).toBe(first + 20);
  });

  test('and is to ask for an approval ends with the approval’s own time', async () => {
    const run = await walkTo('RequestApproval', { RequestApproval: ['never answers'] });
    await run.pass(APPROVAL_TIMEOUT_SECONDS);
    expect(run.entered().slice(-3)).toEqual(['SettleApproval', 'RouteApproval', 'Denied']);
  });

  test('and is to hold a grant ends with the grant’s own time', async () => {
    const run = await walkTo('HoldGrant', { HoldGrant: ['never answers'] });
    await run.pass(GRANT_SECONDS);
    expect(run.entered().slice(-2)).toEqual(['RevokeCredential', 'CloseGrant']);
  });
});

test('what never changes is not tried again', async () => {
  for (const error of ['BrokenInvariant', 'InvalidInput']) {
    const run = await walk({ DecideAccess: [{ throws: error }] });
    expect(run.calls('DecideAccess')).toHaveLength(1);
  }
});

test('a credential that its target does not confirm dead is tried for hours before anybody is called', async () => {
  const run = await walk(
    { HoldGrant: [broken], RevokeCredential: [{ throws: 'RevocationUnconfirmed' }] },
    () => 0.5,
  );
  const HOUR = 3600;
  for (let passed = 0; run.execution().status === 'RUNNING' && passed < 6 * HOUR; passed += 60)
    await run.pass(60);
  expect(run.entered().slice(-3)).toEqual(['RevokeCredential', 'RecordUnrevoked', 'Unrevoked']);
  expect(run.callTimes('RecordUnrevoked')[0]).toBeGreaterThan(HOUR / 2);
  expect(run.execution()).toMatchObject({ status: 'FAILED', error: 'CredentialUnrevoked' });
});

test('a hold that is retried waits for what is left, not anew', async () => {
  const run = await walk({ HoldGrant: [{ throws: 'DependencyUnavailable' }, { answers: {} }] }, () => 0.999);
  await run.pass(1);
  expect(run.calls('HoldGrant')).toHaveLength(2);
  await run.pass(GRANT_SECONDS - 1);
  expect(run.entered().slice(-2)).toEqual(['RevokeCredential', 'CloseGrant']);
});

test('a retry waits with another task token, and the one before answers nothing', async () => {
  const run = await walk({
    DecideAccess: [approvalRequired],
    RequestApproval: [{ throws: 'StateConflict' }, { answers: {} }],
  });
  const [first, second] = run.calls('RequestApproval').map(({ taskToken }) => taskToken);
  expect(first).not.toBe(second);
  await run.answer('RequestApproval', { outcome: 'denied' });
  expect(run.entered().at(-1)).toBe('Denied');
});
