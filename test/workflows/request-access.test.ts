import { describe, expect, test } from 'vitest';
import {
  type Act,
  APPROVAL_TIMEOUT_SECONDS,
  approvalRequired,
  decision,
  GRANT_SECONDS,
  REQUEST_ID,
  type Script,
  STEP_UP_TIMEOUT_SECONDS,
  states,
  stepUpRequired,
  type TaskName,
  taskNames,
  walk,
} from './request-access-walk.ts';

const verified = ['VerifyRequester', 'RouteVerification'];
const decided = [...verified, 'DecideAccess', 'RouteDecision'];
const asked = [...decided, 'RequestApproval'];
const over = ['RevokeCredential', 'CloseGrant'];
const broken: Act = { throws: 'BrokenInvariant' };

describe('a request that is permitted at once', () => {
  test('is granted, held until its time is over, revoked and closed', async () => {
    const run = await walk();
    expect(run.entered()).toEqual([...decided, 'MintCredential', 'HoldGrant']);
    await run.pass(GRANT_SECONDS - 1);
    expect(run.entered().at(-1)).toBe('HoldGrant');
    await run.pass(1);
    expect(run.entered()).toEqual([...decided, 'MintCredential', 'HoldGrant', ...over]);
    expect(run.calls('RevokeCredential')).toEqual([{ requestId: REQUEST_ID, reason: 'expired' }]);
    expect(run.calls('CloseGrant')).toEqual([{ requestId: REQUEST_ID }]);
    expect(run.execution().status).toBe('SUCCEEDED');
  });

  test('and given back is revoked at once; why, the grant itself says', async () => {
    const run = await walk();
    await run.answer('HoldGrant', { outcome: 'returned' });
    expect(run.entered().slice(-3)).toEqual(['HoldGrant', ...over]);
    expect(run.calls('RevokeCredential')).toEqual([{ requestId: REQUEST_ID, reason: 'revoked' }]);
  });

  test('and given back before it was held is revoked', async () => {
    const run = await walk({ HoldGrant: [{ throws: 'GrantNotHeld' }] });
    expect(run.entered().slice(-3)).toEqual(['HoldGrant', ...over]);
    expect(run.calls('RevokeCredential')).toEqual([{ requestId: REQUEST_ID, reason: 'expired' }]);
  });

  test('is held after a retry only for what is left of its time', async () => {
    const run = await walk({ HoldGrant: ['never answers', { throws: 'StateConflict' }, 'never answers'] });
    await run.pass(GRANT_SECONDS);
    expect(run.entered().slice(-2)).toEqual(over);
  });
});

describe('a request is denied', () => {
  test.for<[string, Script, string[]]>([
    ['whose requester is refused', { VerifyRequester: [{ answers: { outcome: 'refused' } }] }, verified],
    ['whose requester is nothing known', { VerifyRequester: [{ answers: {} }] }, verified],
    ['that policy denies', { DecideAccess: [{ answers: decision('denied') }] }, decided],
  ])('%s', async ([, script, path]) => {
    const run = await walk(script);
    expect(run.entered()).toEqual([...path, 'Denied']);
    expect(run.execution().status).toBe('SUCCEEDED');
  });
});

describe('a request that wants a step-up', () => {
  const waiting = [...decided, 'RequestStepUp'];
  const again = ['DecideAccess', 'RouteDecision'];
  const wanting = (...then: Act[]) => walk({ DecideAccess: [stepUpRequired, ...then] });

  test('waits for it, as long as the decision says', async () => {
    const run = await wanting({ answers: decision('denied') });
    expect(run.calls('RequestStepUp')).toEqual([{ requestId: REQUEST_ID, taskToken: expect.any(String) }]);
    await run.pass(STEP_UP_TIMEOUT_SECONDS - 1);
    expect(run.entered()).toEqual(waiting);
    await run.pass(1);
    expect(run.entered()).toEqual([...waiting, ...again, 'Denied']);
  });

  test.for<[string, Act, string[]]>([
    ['is granted', { answers: decision('permitted') }, ['MintCredential', 'HoldGrant']],
    ['goes to its approvers', approvalRequired, ['RequestApproval']],
    ['waits on', stepUpRequired, ['RequestStepUp']],
    ['is denied', { answers: decision('denied') }, ['Denied']],
  ])('is decided again when it is woken, and %s, whatever it was told', async ([, then, path]) => {
    const run = await wanting(then);
    await run.answer('RequestStepUp', { outcome: 'permitted' });
    expect(run.entered()).toEqual([...waiting, ...again, ...path]);
  });

  test('is decided again at once where the session was stronger before the wait began', async () => {
    const run = await walk({
      DecideAccess: [stepUpRequired, { answers: decision('permitted') }],
      RequestStepUp: [{ throws: 'SteppedUp' }],
    });
    expect(run.entered()).toEqual([...waiting, ...again, 'MintCredential', 'HoldGrant']);
  });

  test('ends where it was taken back before the wait began', async () => {
    const run = await walk({
      DecideAccess: [stepUpRequired, { answers: decision('denied') }],
      RequestStepUp: [{ throws: 'RequestCancelled' }],
    });
    expect(run.entered()).toEqual([...waiting, ...again, 'Denied']);
  });

  test('fails where the wait cannot begin', async () => {
    const run = await walk({ DecideAccess: [stepUpRequired], RequestStepUp: [broken] });
    expect(run.entered()).toEqual([...waiting, 'RecordFailure', 'Failed']);
  });
});

describe('a request that wants an approval', () => {
  const wanting = (script: Script = {}) => walk({ DecideAccess: [approvalRequired], ...script });

  test('waits, and gives whoever asks the approvers a task token and the time', async () => {
    const run = await wanting();
    expect(run.entered()).toEqual(asked);
    expect(run.calls('RequestApproval')).toEqual([
      {
        requestId: REQUEST_ID,
        taskToken: expect.any(String),
        approvalTimeoutSeconds: APPROVAL_TIMEOUT_SECONDS,
      },
    ]);
  });

  test('is granted when it is approved', async () => {
    const run = await wanting({ SettleApproval: [{ answers: { outcome: 'approved' } }] });
    await run.answer('RequestApproval', { outcome: 'whatever is said' });
    expect(run.entered()).toEqual([
      ...asked,
      'SettleApproval',
      'RouteApproval',
      'MintCredential',
      'HoldGrant',
    ]);
  });

  test.for(['denied', 'expired', 'cancelled'])(
    'is denied when its approval is found %s, whatever is said',
    async (outcome) => {
      const run = await wanting({ SettleApproval: [{ answers: { outcome } }] });
      await run.answer('RequestApproval', { outcome: 'approved' });
      expect(run.entered()).toEqual([...asked, 'SettleApproval', 'RouteApproval', 'Denied']);
    },
  );

  test('is denied when nobody decides in time', async () => {
    const run = await wanting();
    await run.pass(APPROVAL_TIMEOUT_SECONDS - 1);
    expect(run.entered()).toEqual(asked);
    await run.pass(1);
    expect(run.entered()).toEqual([...asked, 'SettleApproval', 'RouteApproval', 'Denied']);
  });

  test('is granted when it was approved in the last moment and the answer came too late', async () => {
    const run = await wanting({ SettleApproval: [{ answers: { outcome: 'approved' } }] });
    await run.pass(APPROVAL_TIMEOUT_SECONDS);
    expect(run.entered()).toEqual([
      ...asked,
      'SettleApproval',
      'RouteApproval',
      'MintCredential',
      'HoldGrant',
    ]);
    await expect(run.answer('RequestApproval', { outcome: 'approved' })).rejects.toThrow('Task Timed Out');
  });

  test('ends where it was taken back before the wait for it began', async () => {
    const run = await wanting({
      RequestApproval: [{ throws: 'RequestCancelled' }],
      SettleApproval: [{ answers: { outcome: 'cancelled' } }],
    });
    expect(run.entered()).toEqual([...asked, 'SettleApproval', 'RouteApproval', 'Denied']);
  });

  test.for([
    ['approved', ['MintCredential', 'HoldGrant']],
    ['denied', ['Denied']],
  ] as const)('goes on as it was %s before the wait for it began', async ([outcome, path]) => {
    const run = await wanting({
      RequestApproval: [{ throws: 'ApprovalSettled' }],
      SettleApproval: [{ answers: { outcome } }],
    });
    expect(run.entered()).toEqual([...asked, 'SettleApproval', 'RouteApproval', ...path]);
  });
});

/** How to get to a state that fails, and where that leads: the path from it on, and what is told. */
interface Failing {
  readonly script: Script;
  readonly seconds?: number;
  readonly path: readonly string[];
  readonly told: readonly [TaskName, object][];
}

const failure = (state: string) => ({ state, error: 'BrokenInvariant' });
const recorded = (state: TaskName): Pick<Failing, 'path' | 'told'> => ({
  path: [state, 'RecordFailure', 'Failed'],
  told: [['RecordFailure', { requestId: REQUEST_ID, failure: failure(state) }]],
});
const revoked = (state: TaskName): Pick<Failing, 'path' | 'told'> => ({
  path: [state, ...over],
  told: [
    ['RevokeCredential', { requestId: REQUEST_ID, reason: 'failed', failure: failure(state) }],
    ['CloseGrant', { requestId: REQUEST_ID, failure: failure(state) }],
  ],
});

/** Every Catch of the workflow, by its state and its place. */
const catches: Record<string, Failing> = {
  'VerifyRequester 0': { script: { VerifyRequester: [broken] }, ...recorded('VerifyRequester') },
  'DecideAccess 0': { script: { DecideAccess: [broken] }, ...recorded('DecideAccess') },
  'RequestStepUp 0': {
    script: { DecideAccess: [stepUpRequired, { answers: decision('denied') }] },
    seconds: STEP_UP_TIMEOUT_SECONDS,
    path: ['RequestStepUp', 'DecideAccess', 'RouteDecision', 'Denied'],
    told: [],
  },
  'RequestStepUp 1': {
    script: { DecideAccess: [stepUpRequired], RequestStepUp: [broken] },
    ...recorded('RequestStepUp'),
  },
  'RequestApproval 0': {
    script: { DecideAccess: [approvalRequired] },
    seconds: APPROVAL_TIMEOUT_SECONDS,
    path: ['RequestApproval', 'SettleApproval', 'RouteApproval', 'Denied'],
    told: [['SettleApproval', { requestId: REQUEST_ID }]],
  },
  'RequestApproval 1': {
    script: { DecideAccess: [approvalRequired], RequestApproval: [broken] },
    ...recorded('RequestApproval'),
  },
  'SettleApproval 0': {
    script: { DecideAccess: [approvalRequired], SettleApproval: [broken] },
    seconds: APPROVAL_TIMEOUT_SECONDS,
    ...recorded('SettleApproval'),
  },
  'MintCredential 0': { script: { MintCredential: [broken] }, ...revoked('MintCredential') },
  'HoldGrant 0': {
    script: {},
    seconds: GRANT_SECONDS,
    path: ['HoldGrant', ...over],
    told: [['RevokeCredential', { requestId: REQUEST_ID, reason: 'expired' }]],
  },
  'HoldGrant 1': { script: { HoldGrant: [broken] }, ...revoked('HoldGrant') },
  'RevokeCredential 0': {
    script: { HoldGrant: [broken], RevokeCredential: [broken] },
    path: ['RevokeCredential', 'RecordUnrevoked', 'Unrevoked'],
    told: [
      [
        'RecordUnrevoked',
        {
          requestId: REQUEST_ID,
          error: 'BrokenInvariant',
          reason: 'failed',
          failure: failure('HoldGrant'),
        },
      ],
    ],
  },
};

describe('what fails for good is caught:', () => {
  test('every Catch of the workflow is among these', () => {
    const all = Object.entries(states).flatMap(([name, state]) =>
      (state.Catch ?? []).map((_, index) => `${name} ${index}`),
    );
    expect(Object.keys(catches).sort()).toEqual(all.sort());
  });

  test.for(Object.entries(catches))('%s', async ([, { script, seconds, path, told }]) => {
    const run = await walk(script);
    if (seconds !== undefined) await run.pass(seconds);
    expect(run.entered().slice(-path.length)).toEqual(path);
    for (const [task, input] of told) expect(run.calls(task)).toEqual([input]);
  });

  test('a state without a Catch is one that only records or closes', () => {
    const without = taskNames.filter((name) => states[name]?.Catch === undefined);
    expect(without).toEqual(['CloseGrant', 'RecordUnrevoked', 'RecordFailure']);
  });

  test('a request whose failure is recorded ends as failed', async () => {
    const run = await walk({ DecideAccess: [broken] });
    expect(run.execution()).toMatchObject({ status: 'FAILED', error: 'RequestFailed' });
  });

  test('a grant whose close fails for good fails the execution, so that somebody is called', async () => {
    const run = await walk({ HoldGrant: [broken], CloseGrant: [broken] });
    expect(run.execution()).toMatchObject({ status: 'FAILED', error: 'BrokenInvariant' });
  });
});

describe('an answer that says too little is a failure of its state:', () => {
  test.for<[string, Script, string[]]>([
    [
      'a decision without a time for approvals',
      { DecideAccess: [{ answers: { outcome: 'permitted' } }] },
      ['DecideAccess', 'RecordFailure', 'Failed'],
    ],
    [
      'a grant without an end',
      { MintCredential: [{ answers: { outcome: 'active' } }] },
      ['MintCredential', ...over],
    ],
    [
      'a grant whose end is no time',
      { MintCredential: [{ answers: { expiresAt: 'tomorrow' } }] },
      ['HoldGrant', ...over],
    ],
  ])('%s', async ([, script, path]) => {
    expect((await walk(script)).entered().slice(-path.length)).toEqual(path);
  });
});
