import { describe, expect, test } from 'vitest';
import type { EvaluationBody } from '../../../lambdas/decision/authzen.routes.ts';
import { decideAccess } from '../../../lambdas/decision/decide-access.step.ts';
import { evaluateAccess } from '../../../lambdas/decision/evaluate-access.step.ts';
import type { PolicyEngine, PolicyQuestion } from '../../../lambdas/decision/policy-engine.port.ts';
import { requestStepUp } from '../../../lambdas/decision/request-step-up.step.ts';
import { grantType } from '../../../lambdas/minting/grant.ts';
import { BrokenInvariant, RequestCancelled, SteppedUp } from '../../../lambdas/platform/failures.ts';
import { type AccessRequestIn, accessRequestType, cancel } from '../../../lambdas/requests/access-request.ts';
import { wakeRequests } from '../../../lambdas/requests/wake-requests.ts';
import { nothingProven } from '../../../lambdas/verification/assurance.ts';
import { type Principal, principalType } from '../../../lambdas/verification/principal.ts';
import { type Presence, type Session, sessionType } from '../../../lambdas/verification/session.ts';
import { verifyRequester } from '../../../lambdas/verification/verify-requester.step.ts';
import {
  callerOf,
  clockAt,
  countedIds,
  dana,
  denialBindings,
  deployment,
  GRANT_ID,
  HOUR,
  ISSUER,
  inert,
  ledgerOfEverybody,
  NOW,
  omar,
  person,
  plainSealer,
  policiesOf,
  REQUEST_ID,
  refusal,
  requestIn,
  scriptedEngine,
  sessionOf,
  submitted,
  ticketingEngine,
  triageBot,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';

const clock = clockAt();
const input = { requestId: REQUEST_ID };
const requestOf = async (ledger: InMemoryLedger) =>
  (await ledger.read(accessRequestType, REQUEST_ID))?.entity;

describe('who asked is refused', () => {
  test.for<[string, Principal | undefined, string]>([
    ['once suspended', { ...dana, status: 'suspended' }, 'principal_not_active'],
    ['once the agent that acts is suspended', { ...triageBot, status: 'suspended' }, 'principal_not_active'],
    ['without a session', undefined, 'session_ended'],
  ])('%s, at the verification and at the decision', async ([, changed, reason]) => {
    for (const step of ['verify', 'decide'] as const) {
      const ledger = ledgerOfEverybody();
      const request = step === 'verify' ? submitted() : requestIn('verified');
      ledger.seed(accessRequestType, { ...request, actors: [{ kind: 'agent', id: 'triage-bot' }] });
      ledger.seed(sessionType, sessionOf(dana, [triageBot]));
      if (changed === undefined) ledger.seed(sessionType, { ...sessionOf(dana), status: 'ended' });
      else ledger.seed(principalType, changed);
      const engine = inert<PolicyEngine>('PolicyEngine');
      if (step === 'verify') await verifyRequester({ ledger, clock })(input);
      else await decideAccess({ deployment, policies: policiesOf(engine), ledger, clock })(input);
      expect(await requestOf(ledger)).toMatchObject({ status: 'denied', reason });
    }
  });
});

describe('a decision', () => {
  const decide = async (permissions: string[], engine: PolicyEngine = ticketingEngine) => {
    const ledger = ledgerOfEverybody();
    ledger.seed(accessRequestType, requestIn('verified', permissions));
    const answer = await decideAccess({ deployment, policies: policiesOf(engine), ledger, clock })(input);
    return {
      ...answer,
      request: await requestOf(ledger),
      grant: (await ledger.read(grantType, GRANT_ID))?.entity,
      ledger,
    };
  };

  test('that permits makes the grant, of what is permitted and for as long as all of it allows', async () => {
    const engine = scriptedEngine(({ permission }) => {
      const maximumDurationSeconds = { 'tickets:read': HOUR, 'tickets:comment': 600 }[permission];
      return maximumDurationSeconds === undefined
        ? refusal
        : { permitted: true, determining: [{ id: permission, maximumDurationSeconds }] };
    });
    const { outcome, request, grant } = await decide(
      ['tickets:read', 'tickets:comment', 'tickets:delete'],
      engine,
    );
    expect([outcome, request?.status]).toEqual(['permitted', 'permitted']);
    expect(grant).toMatchObject({
      status: 'pending',
      permissions: ['tickets:read', 'tickets:comment'],
      durationSeconds: 600,
    });
    expect(grant).not.toHaveProperty('approvers');
  });

  test('that wants an approval makes no grant yet, and says how long the approval may take', async () => {
    const { outcome, request, grant, approvalTimeoutSeconds } = await decide([
      'tickets:read',
      'tickets:comment',
    ]);
    expect([outcome, request?.status, grant, approvalTimeoutSeconds]).toEqual([
      'approval_required',
      'awaiting_approval',
      undefined,
      24 * HOUR,
    ]);
  });

  const engineOfTheStrong = scriptedEngine(({ context }) =>
    context.assurance.aal < 3 ? refusal : { permitted: true, determining: [{ id: 'strong' }] },
  );

  test('that a step-up would change waits for it, and says how strong and how long', async () => {
    const { request, stepUpTimeoutSeconds } = await decide(['tickets:read'], engineOfTheStrong);
    expect(stepUpTimeoutSeconds).toBe(900);
    expect(request).toMatchObject({
      status: 'awaiting_step_up',
      stepUp: { aal: 3, expiresAtEpochSeconds: NOW + 900 },
      decision: { permissions: [{ obligations: { stepUpAal: 3 } }] },
    });
  });

  test('that denies names what it rested on', async () => {
    const engine = scriptedEngine(() => ({ permitted: false, determining: [{ id: 'never' }] }));
    const { request, ledger } = await decide(['tickets:read'], engine);
    expect(request).toMatchObject({ status: 'denied', reason: 'policy' });
    expect(ledger.chain(REQUEST_ID)[0]).toMatchObject({
      type: 'access.decided',
      details: {
        outcome: 'denied',
        permissions: [{ permission: 'tickets:read', outcome: 'denied', policies: ['never'] }],
      },
    });
  });

  test('is made of nothing but what was verified', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(accessRequestType, submitted());
    await expect(
      decideAccess({ deployment, policies: policiesOf(ticketingEngine), ledger, clock })(input),
    ).rejects.toThrow(BrokenInvariant);
  });
});

describe('a decision after the wait for a step-up', () => {
  const waiting = requestIn('awaiting_step_up') as AccessRequestIn<'awaiting_step_up'>;
  const wanting = (aal: number) =>
    scriptedEngine(({ context }) =>
      context.assurance.aal < aal ? refusal : { permitted: true, determining: [{ id: 'strong' }] },
    );
  /** The session proves AAL 2. */
  const decideAgain = async (engine: PolicyEngine, { atEpochSeconds = NOW, stepUpAal = 3 as 2 | 3 } = {}) => {
    const ledger = ledgerOfEverybody();
    const { stepUp } = waiting;
    ledger.seed(accessRequestType, {
      ...waiting,
      stepUp: { ...stepUp, aal: stepUpAal },
      encryptedTaskToken: 'sealed',
    });
    const answer = await decideAccess({
      deployment,
      policies: policiesOf(engine),
      ledger,
      clock: clockAt(atEpochSeconds),
    })(input);
    return { ...answer, request: await requestOf(ledger), ledger };
  };

  test('permits where the session is strong enough now, and keeps nothing of the wait', async () => {
    const { outcome, request, ledger } = await decideAgain(wanting(2));
    expect([outcome, request?.status]).toEqual(['permitted', 'permitted']);
    expect(request).not.toHaveProperty('encryptedTaskToken');
    expect((await ledger.read(grantType, GRANT_ID))?.entity).toMatchObject({ status: 'pending' });
  });

  test('waits on for what is left of the time, and records nothing, where it was woken for nothing', async () => {
    const { outcome, stepUpTimeoutSeconds, request, ledger } = await decideAgain(wanting(3), {
      atEpochSeconds: NOW + 600,
    });
    expect([outcome, stepUpTimeoutSeconds]).toEqual(['step_up_required', 300]);
    expect(request).toMatchObject({ status: 'awaiting_step_up', encryptedTaskToken: 'sealed' });
    expect(ledger.chain(REQUEST_ID)).toEqual([]);
  });

  test('waits for more where what was asked for has come and is not enough', async () => {
    const { outcome, request } = await decideAgain(wanting(3), { stepUpAal: 2 });
    expect(outcome).toBe('step_up_required');
    expect(request).toMatchObject({ stepUp: { aal: 3, expiresAtEpochSeconds: NOW + 900 } });
  });

  test('denies when the time is over, and says what was lacking', async () => {
    const { outcome, request } = await decideAgain(wanting(3), { atEpochSeconds: NOW + 900 });
    expect(outcome).toBe('denied');
    expect(request).toMatchObject({ status: 'denied', reason: 'step_up_required' });
  });
});

describe('a wait for a step-up', () => {
  const wait = async (stepUpAal: 2 | 3, taskToken = 'token-1', ledger = ledgerOfEverybody()) => {
    const waiting = requestIn('awaiting_step_up') as AccessRequestIn<'awaiting_step_up'>;
    if ((await requestOf(ledger)) === undefined)
      ledger.seed(accessRequestType, { ...waiting, stepUp: { ...waiting.stepUp, aal: stepUpAal } });
    const taskTokens = plainSealer;
    await requestStepUp({ ledger, taskTokens, clock })({ ...input, taskToken });
    return ledger;
  };
  const woken = async (ledger: InMemoryLedger) => {
    const resumed: string[] = [];
    const workflow = { resume: async (token: string) => void resumed.push(token) };
    await wakeRequests({ ledger, workflow }).notify('session-dana');
    return resumed;
  };

  test('is found by whoever adds evidence to the session', async () => {
    expect(await woken(await wait(3))).toEqual(['sealed(token-1 for req-1)']);
  });

  test('is answered by the newest task token only', async () => {
    expect(await woken(await wait(3, 'token-2', await wait(3)))).toEqual(['sealed(token-2 for req-1)']);
  });

  test('is given up at once where the session proves otherwise than when it was decided', async () => {
    const ledger = ledgerOfEverybody();
    const [evidence] = sessionOf(dana).evidence;
    const more = { ...sessionOf(dana), evidence: [{ ...evidence, id: 'newer' }] };
    ledger.seed(sessionType, more as Session);
    await expect(wait(3, 'token-1', ledger)).rejects.toThrow(SteppedUp);
  });

  test('is not begun for a request that was taken back', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(accessRequestType, cancel(submitted(), NOW));
    await expect(wait(3, 'token-1', ledger)).rejects.toThrow(RequestCancelled);
    expect(ledger.commits).toBe(0);
  });

  test('is found no more once the request is decided', async () => {
    const ledger = await wait(3);
    await decideAccess({ deployment, policies: policiesOf(ticketingEngine), ledger, clock })(input);
    expect(await woken(ledger)).toEqual([]);
  });
});

describe('an evaluation', () => {
  const requestable = { denials: denialBindings, issuer: ISSUER };
  const evaluating = { deployment, clock, requestable };
  const about = (subject: Principal, over: Partial<EvaluationBody> = {}): EvaluationBody => ({
    subject: { type: subject.kind, id: subject.id },
    action: { name: 'tickets:read' },
    resource: { type: 'target', id: 'ticketing-ops' },
    ...over,
  });
  const evaluate = (
    caller: ReturnType<typeof callerOf>,
    body: EvaluationBody,
    engine: PolicyEngine = ticketingEngine,
  ) =>
    evaluateAccess({
      ...evaluating,
      policies: policiesOf(engine),
      ledger: ledgerOfEverybody(),
      ids: countedIds(),
    })(caller, body);
  const pep = callerOf(person('pep', 'enforcement-points'));

  function asking() {
    const questions: PolicyQuestion[] = [];
    const engine = scriptedEngine((question) => {
      questions.push(question);
      return { permitted: true, determining: [{ id: 'everything' }] };
    });
    return { questions, engine };
  }

  test('about oneself is decided for one’s session and all its actors', async () => {
    const { questions, engine } = asking();
    await evaluate(callerOf(dana, [triageBot]), about(dana), engine);
    expect(questions.map(({ principal, context }) => [principal.id, context.assurance.aal])).toEqual([
      ['dana', 2],
      ['triage-bot', 2],
    ]);
  });

  test('about others is for enforcement points, and assumes that nothing is proven', async () => {
    const { questions, engine } = asking();
    await evaluate(pep, about(dana), engine);
    expect(questions[0]?.context.assurance).toEqual(nothingProven);
    await expect(evaluate(callerOf(omar), about(dana))).rejects.toMatchObject({ status: 403 });
  });

  test.for<[string, Record<string, unknown>]>([
    ['who acts', { actors: ['triage-bot'] }],
    ['the channel', { channel: 'voice' }],
    ['a session that is no name, with who acts', { session: 7, actors: ['triage-bot'] }],
  ])(
    'about others is denied where %s is said without their session: it would be passed over',
    async ([, properties]) => {
      const subject = { type: 'user', id: 'dana', properties };
      const { decision } = await evaluate(pep, about(dana, { subject }), inert('PolicyEngine'));
      expect(decision).toBe(false);
    },
  );

  describe('about others in the session where they were seen', () => {
    const omarIsThere = { kind: omar.kind, id: omar.id };
    const [opened] = sessionOf(dana).presences as [Presence];
    const evaluateIn = async (presences: Session['presences'], properties: Record<string, unknown>) => {
      const { questions, engine } = asking();
      const ledger = ledgerOfEverybody();
      ledger.seed(sessionType, { ...sessionOf(dana), presences });
      const subject = { type: 'user', id: 'dana', properties: { session: 'session-dana', ...properties } };
      const { decision } = await evaluateAccess({
        ...evaluating,
        policies: policiesOf(engine),
        ledger,
        ids: countedIds(),
      })(pep, about(dana, { subject }));
      return { decision, parties: questions.map(({ principal }) => principal.id) };
    };
    const both = [opened, { ...opened, actors: [omarIsThere] }];

    test.for<[string, Session['presences'], Record<string, unknown>, string[]]>([
      ['where it was opened, if nothing is named', [opened], {}, ['dana']],
      [
        'with whoever is there, if they are the only ones',
        both.slice(1),
        { channel: 'web' },
        ['dana', 'omar'],
      ],
      ['with those whom they name', both, { channel: 'web', actors: ['omar'] }, ['dana', 'omar']],
      ['with nobody, where they say so', both, { actors: [] }, ['dana']],
    ])('is decided %s', async ([, presences, properties, parties]) => {
      expect(await evaluateIn(presences, properties)).toEqual({ decision: true, parties });
    });

    test.for<[string, Record<string, unknown>]>([
      ['several have been there, and nobody is named', { channel: 'web' }],
      ['the one whom they name was never there', { actors: ['triage-bot'] }],
      ['it never was in that channel', { channel: 'desktop' }],
      ['there is no such channel', { channel: 'fax' }],
      ['who was there is no list of names', { actors: 'omar' }],
    ])('is denied where %s', async ([, properties]) => {
      expect(await evaluateIn(both, properties)).toEqual({ decision: false, parties: [] });
    });
  });

  test('says what would turn a denial into a permit', async () => {
    const { decision, context } = await evaluate(
      callerOf(dana),
      about(dana, { action: { name: 'tickets:delete' } }),
    );
    expect([decision, context.reason]).toEqual([false, 'obliged']);
    expect(context.obligations).toMatchObject([
      { type: 'approval', properties: { approvers: 'ops-owners', quorum: 2 } },
    ]);
  });

  test.for<[string, EvaluationBody]>([
    ['a subject that is not known', about(person('ghost'))],
    ['a subject of another kind', about({ ...dana, kind: 'agent', owner: 'x', environment: 'y' })],
    ['a target that there is not', about(dana, { resource: { type: 'target', id: 'payroll' } })],
    ['a resource of another type', about(dana, { resource: { type: 'page', id: 'ticketing-ops' } })],
    ['an action that the target does not have', about(dana, { action: { name: 'tickets:burn' } })],
  ])('about %s is denied, and policy is not asked', async ([, body]) => {
    const { decision, context } = await evaluate(pep, body, inert('PolicyEngine'));
    expect([decision, context.reason]).toEqual([false, 'unknown_or_inactive']);
  });
});
