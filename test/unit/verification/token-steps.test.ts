import { describe, expect, test } from 'vitest';
import {
  beginEnding,
  fingerprintOf,
  type Grant,
  type GrantIn,
  grantType,
} from '../../../lambdas/minting/grant.ts';
import type { IssuedTokenClaims, IssuedTokenVerifier } from '../../../lambdas/platform/issued-token.port.ts';
import { authorizeCaller } from '../../../lambdas/verification/authorize-caller.step.ts';
import { exchangeToken } from '../../../lambdas/verification/exchange-token.step.ts';
import { introspectToken } from '../../../lambdas/verification/introspect-token.step.ts';
import { type Principal, principalType } from '../../../lambdas/verification/principal.ts';
import { revokeToken } from '../../../lambdas/verification/revoke-token.step.ts';
import { type Session, sessionType } from '../../../lambdas/verification/session.ts';
import { sessionTokens } from '../../../lambdas/verification/session-token.ts';
import type { ProvenIdentity, TokenVerifier } from '../../../lambdas/verification/token-verifier.port.ts';
import {
  active,
  callerOf,
  clockAt,
  countedIds,
  dana,
  deployBot,
  deployment,
  GRANT_ID,
  HOUR,
  inert,
  ledgerOfEverybody,
  machine,
  NOW,
  omar,
  person,
  sessionOf,
  triageBot,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import { inMemorySingleUse } from '../../support/in-memory-single-use.ts';

const clock = clockAt();
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const AWS_CALLER = 'urn:sallyport:params:oauth:token-type:aws-caller';

/** Knows the token `t` and says this of it. */
const knowing = (claims: Partial<IssuedTokenClaims>): IssuedTokenVerifier => ({
  verify: async (token) =>
    token !== 't'
      ? undefined
      : {
          of: 'session',
          subject: 'dana',
          actors: [],
          audience: 'https://sallyport.example',
          jti: 'token-1',
          sessionId: 'session-dana',
          channel: 'web',
          keyThumbprint: undefined,
          grantId: undefined,
          issuedAtEpochSeconds: NOW,
          expiresAtEpochSeconds: NOW + 900,
          claims: { sub: 'dana' },
          ...claims,
        },
});

describe('a caller is found', () => {
  const invalidToken = { refusal: 'invalid_token', scheme: 'Bearer' };
  const find = (
    header: string | undefined,
    ledger = ledgerOfEverybody(),
    claims: Partial<IssuedTokenClaims> = {},
    at = clock,
  ) =>
    authorizeCaller({
      tokens: knowing(claims),
      ledger,
      clock: at,
      proofs: inert('proofs'),
      nonces: inert('nonces'),
      singleUse: inert('singleUse'),
      issuer: 'https://sallyport.example',
    })({ authorization: header, proof: undefined, method: 'GET', path: '/v1/grants' });

  test('by its session, with what that proves now', async () => {
    expect(await find('Bearer t')).toEqual({ caller: callerOf(dana), scheme: 'Bearer' });
  });

  test('whatever the case of the scheme', async () => {
    expect(await find('bEARER t')).toHaveProperty('caller');
  });

  test('with a level that has grown old since the token was issued', async () => {
    const ledger = ledgerOfEverybody();
    const late = NOW + 24 * HOUR - 120;
    ledger.seed(sessionType, { ...sessionOf(dana), expiresAtEpochSeconds: NOW + 48 * HOUR });
    const found = await find('Bearer t', ledger, {}, clockAt(late + 61));
    expect(found).toMatchObject({ caller: { assurance: { aal: 1 } } });
  });

  test.for([undefined, '', 'Bearer', 'Bearer ', 'Basic t', 'Bearer a b', 'Bearer t\n', 'xBearer t'])(
    'by no such header: %j',
    async (header) => {
      expect(await find(header)).toEqual({ refusal: 'no_token' });
    },
  );

  test.for<[string, Partial<IssuedTokenClaims>]>([
    ['of a grant', { of: 'grant' }],
    ['of no session', { sessionId: undefined }],
    ['of a session that there is not', { sessionId: 'session-nobody' }],
    ['of somebody else’s session', { subject: 'omar' }],
    ['with an actor that its session does not have', { actors: ['triage-bot'] }],
  ])('not by a token %s', async ([, claims]) => {
    expect(await find('Bearer t', undefined, claims)).toEqual(invalidToken);
  });

  test.for<[string, Partial<Session>]>([
    ['ended', { status: 'ended' }],
    ['over', { expiresAtEpochSeconds: NOW }],
    ['of a subject with an actor', { presences: sessionOf(dana, [triageBot]).presences }],
  ])('not by a session that is %s', async ([, over]) => {
    const ledger = ledgerOfEverybody();
    ledger.seed(sessionType, { ...sessionOf(dana), ...over });
    expect(await find('Bearer t', ledger)).toEqual(invalidToken);
  });

  test.for<[string, Principal]>([
    ['the principal', { ...dana, status: 'suspended' }],
    ['who acts', { ...triageBot, status: 'suspended' }],
    ['the owner of who acts', { ...dana, status: 'offboarded' }],
  ])('not once %s is no longer active', async ([, changed]) => {
    const ledger = ledgerOfEverybody();
    ledger.seed(sessionType, sessionOf(dana, [triageBot]));
    ledger.seed(principalType, changed);
    expect(await find('Bearer t', ledger, { actors: ['triage-bot'] })).toEqual(invalidToken);
  });
});

describe('a token of a trusted issuer', () => {
  const proof = (principal: Principal): ProvenIdentity => {
    const { id: _, of: __, ...evidence } = sessionOf(principal).evidence[0] as Session['evidence'][number];
    return { principalId: principal.id, of: principal.kind === 'user' ? 'person' : 'machine', evidence };
  };
  const strangers = [person('eve'), machine('agent', 'rogue', 'omar')];
  const proofs = new Map([dana, omar, triageBot, deployBot, ...strangers].map((one) => [one.id, proof(one)]));

  function exchanger(ledger: InMemoryLedger, over: Partial<ProvenIdentity> = {}) {
    const signed: Record<string, unknown>[] = [];
    const ids = countedIds();
    const verifier: TokenVerifier = {
      verify: async (token) => {
        const found = proofs.get(token);
        return found && { ...found, ...over };
      },
    };
    const exchangeShown = exchangeToken({
      verifiers: { [JWT]: verifier, [ID_TOKEN]: verifier, [AWS_CALLER]: verifier },
      singleUse: inMemorySingleUse(),
      ledger,
      issueToken: sessionTokens({
        signer: {
          sign: async (_, claims) => {
            signed.push(claims);
            return 'signed';
          },
        },
        ids,
        issuer: 'https://sallyport.example',
      }),
      clock,
      ids,
    });
    const exchange = ({
      subjectToken,
      actorToken,
    }: {
      subjectToken: string;
      actorToken?: string | undefined;
    }) =>
      exchangeShown({
        subject: { token: subjectToken, type: JWT },
        actor: actorToken === undefined ? undefined : { token: actorToken, type: JWT },
      });
    return { exchange, signed };
  }

  test('opens a session, whose token names it and lives a quarter of an hour', async () => {
    const ledger = ledgerOfEverybody();
    const { exchange, signed } = exchanger(ledger);
    expect(await exchange({ subjectToken: 'dana' })).toEqual({
      accessToken: 'signed',
      tokenType: 'Bearer',
      expiresInSeconds: 900,
    });
    expect(signed).toEqual([
      expect.objectContaining({
        sub: 'dana',
        client_id: 'dana',
        sid: 'id-1',
        acr: 'nist-aal2',
        exp: NOW + 900,
      }),
    ]);
    expect((await ledger.read(sessionType, 'id-1'))?.entity).toMatchObject({
      presences: [{ channel: 'web' }],
      status: 'active',
    });
  });

  test('with an agent’s beside it opens a session of both, as long as the agent’s proof holds', async () => {
    const ledger = ledgerOfEverybody();
    const { exchange, signed } = exchanger(ledger);
    await exchange({ subjectToken: 'dana', actorToken: 'triage-bot' });
    expect(signed).toEqual([
      expect.objectContaining({ sub: 'dana', client_id: 'triage-bot', act: { sub: 'triage-bot' } }),
    ]);
    expect((await ledger.read(sessionType, 'id-1'))?.entity.evidence.map(({ channel }) => channel)).toEqual([
      'web',
      'machine',
    ]);
  });

  test('gives a machine no level, and a session no longer than its token', async () => {
    const ledger = ledgerOfEverybody();
    const short = {
      ...proof(deployBot),
      evidence: { ...proof(deployBot).evidence, expiresAtEpochSeconds: NOW + 60 },
    };
    const { exchange, signed } = exchanger(ledger, short);
    expect((await exchange({ subjectToken: 'deploy-bot' })).expiresInSeconds).toBe(60);
    expect(signed[0]).not.toHaveProperty('acr');
  });

  test('of a machine is named in our token as where its trust comes from, with its posture', async () => {
    const { exchange, signed } = exchanger(ledgerOfEverybody(), {
      evidence: {
        ...proof(deployBot).evidence,
        issuer: 'https://ci.example',
        tokenId: 'job-1',
        posture: { repository: 'acme/shop' },
      },
    });
    await exchange({ subjectToken: 'deploy-bot' });
    expect(signed[0]).toMatchObject({
      origin: { session: 'id-1', evidence: 'id-3', iss: 'https://ci.example', jti: 'job-1' },
      posture: { repository: 'acme/shop' },
    });
  });

  test('of a person is not, nor is that of who acts for them', async () => {
    const { exchange, signed } = exchanger(ledgerOfEverybody());
    await exchange({ subjectToken: 'dana', actorToken: 'triage-bot' });
    expect(signed[0]).not.toHaveProperty('origin');
    expect(signed[0]).not.toHaveProperty('posture');
  });

  test('that is used once is refused the second time, and opens no other session', async () => {
    const ledger = ledgerOfEverybody();
    const usedOnce = { value: 'token-1', untilEpochSeconds: NOW + 300 };
    const { exchange, signed } = exchanger(ledger, { usedOnce });
    await exchange({ subjectToken: 'dana' });
    await expect(exchange({ subjectToken: 'dana' })).rejects.toMatchObject({ status: 400 });
    expect([ledger.commits, signed.length]).toEqual([1, 1]);
  });

  test('that is used once is used up where it is an actor’s, too', async () => {
    const usedOnce = { value: 'token-1', untilEpochSeconds: NOW + 300 };
    const { exchange } = exchanger(ledgerOfEverybody(), { usedOnce });
    // Both have the same name here: the second of them has been used.
    await expect(exchange({ subjectToken: 'dana', actorToken: 'triage-bot' })).rejects.toMatchObject({
      status: 400,
    });
  });

  test('that may be shown again opens a session each time', async () => {
    const ledger = ledgerOfEverybody();
    const { exchange } = exchanger(ledger);
    await exchange({ subjectToken: 'deploy-bot' });
    await exchange({ subjectToken: 'deploy-bot' });
    expect(ledger.commits).toBe(2);
  });

  test('is not used up by an exchange that is refused', async () => {
    const ledger = ledgerOfEverybody();
    ledger.seed(principalType, { ...dana, status: 'suspended' });
    const usedOnce = { value: 'token-1', untilEpochSeconds: NOW + 300 };
    const { exchange } = exchanger(ledger, { usedOnce });
    await expect(exchange({ subjectToken: 'dana' })).rejects.toMatchObject({ status: 400 });
    ledger.seed(principalType, dana);
    await exchange({ subjectToken: 'dana' });
    expect(ledger.commits).toBe(1);
  });

  test('is refused in the same words whether it is bad, used, nobody’s or another’s', async () => {
    const usedOnce = { value: 'token-1', untilEpochSeconds: NOW + 300 };
    const { exchange } = exchanger(ledgerOfEverybody(), { usedOnce });
    await exchange({ subjectToken: 'dana' });
    const refusals = await Promise.all(
      [
        { subjectToken: 'forged' },
        { subjectToken: 'dana' },
        { subjectToken: 'eve' },
        { subjectToken: 'omar', actorToken: 'triage-bot' },
      ].map((tokens) => exchange(tokens).catch((problem) => problem.toDocument())),
    );
    expect(refusals).toEqual(refusals.map(() => refusals[0]));
    expect(refusals[0]).toMatchObject({ status: 400, error: 'invalid_request' });
  });

  test.for<[string, string, (string | undefined)?, Partial<ProvenIdentity>?]>([
    ['that does not verify', 'forged'],
    ['of somebody whom the directory does not know', 'eve'],
    ['with an actor’s that does not verify', 'dana', 'forged'],
    ['with an actor that is somebody else’s agent', 'omar', 'triage-bot'],
    ['with an actor that is no agent', 'omar', 'deploy-bot'],
    ['with a person as the actor', 'omar', 'dana'],
    ['with itself as the actor', 'dana', 'dana'],
    ['that proves a person as a machine', 'dana', undefined, { of: 'machine' }],
    ['that proves a machine as a person', 'deploy-bot', undefined, { of: 'person' }],
  ])('%s is refused, and opens nothing', async ([, subjectToken, actorToken, over]) => {
    const ledger = ledgerOfEverybody();
    const { exchange, signed } = exchanger(ledger, over);
    await expect(exchange({ subjectToken, actorToken })).rejects.toMatchObject({
      status: 400,
      extensions: { error: 'invalid_request' },
    });
    expect([ledger.commits, signed]).toEqual([0, []]);
  });
});

const liveWith = (token: string): GrantIn<'active'> => ({
  ...active(),
  credential: {
    status: 'live',
    handle: `sallyport-${GRANT_ID}`,
    fingerprints: [fingerprintOf(token)],
    issuedAtEpochSeconds: NOW,
    expiresAtEpochSeconds: NOW + HOUR,
  },
});
const liveGrant = liveWith('t');
const ofGrant: Partial<IssuedTokenClaims> = { of: 'grant', sessionId: undefined, grantId: GRANT_ID };
const resourceServer = callerOf(machine('service_account', 'ticketing-api', 'omar'));

function ledgerWithGrant(grant: Grant = liveGrant): InMemoryLedger {
  const ledger = ledgerOfEverybody();
  ledger.seed(grantType, grant);
  return ledger;
}

describe('introspection', () => {
  const ask = (caller = resourceServer, ledger = ledgerWithGrant(), claims = ofGrant, token = 't') =>
    introspectToken({ deployment, tokens: knowing(claims), ledger, clock })(caller, token);

  test('tells a credential’s claims to its target and to its own parties', async () => {
    expect(await ask()).toEqual({ active: true, token_type: 'Bearer', sub: 'dana' });
    expect(await ask(callerOf(dana))).toMatchObject({ active: true });
  });

  test.for([
    [
      'a credential to another resource server',
      ask(callerOf(machine('service_account', 'payroll-api', 'omar'))),
    ],
    ['a credential to a stranger', ask(callerOf(omar))],
    ['of a token that is none of ours', ask(undefined, undefined, undefined, 'x')],
    ['of a grant that is not recorded', ask(undefined, ledgerOfEverybody())],
    ['of a grant that is ending', ask(undefined, ledgerWithGrant(beginEnding(liveGrant, 'returned', NOW)))],
    ['of a credential that is not recorded as issued', ask(undefined, ledgerWithGrant(active()))],
    ['of another token of the same name', ask(undefined, ledgerWithGrant(liveWith('another')))],
    ['a session to a stranger', ask(callerOf(omar), undefined, {})],
  ] as const)('tells nothing %s', async ([, answer]) => {
    expect(await answer).toEqual({ active: false });
  });

  test.for<[string, Principal, Partial<IssuedTokenClaims>]>([
    ['a credential’s principal', dana, ofGrant],
    ['who acts with a credential', triageBot, ofGrant],
    ['a session’s principal', dana, { actors: ['triage-bot'] }],
    ['who acts in a session', triageBot, { actors: ['triage-bot'] }],
  ])('stops with %s, wherever the revocation has got to', async ([, stopped, claims]) => {
    const actors = [{ kind: 'agent' as const, id: 'triage-bot' }];
    const ledger = ledgerWithGrant({ ...liveGrant, actors });
    ledger.seed(sessionType, sessionOf(dana, [triageBot]));
    const caller = claims === ofGrant ? resourceServer : callerOf(person('pep', 'enforcement-points'));
    expect(await ask(caller, ledger, claims)).toMatchObject({ active: true });
    ledger.seed(principalType, { ...stopped, status: 'suspended' });
    expect(await ask(caller, ledger, claims)).toEqual({ active: false });
  });

  test('tells a session to itself and to an enforcement point', async () => {
    expect(await ask(callerOf(dana), undefined, {})).toMatchObject({ active: true });
    expect(await ask(callerOf(person('pep', 'enforcement-points')), undefined, {})).toMatchObject({
      active: true,
    });
  });
});

describe('revoking a token', () => {
  const resumed: string[] = [];
  const workflow = { resume: async (token: string) => void resumed.push(token) };
  const revoke = (
    ledger: InMemoryLedger,
    claims: Partial<IssuedTokenClaims>,
    caller = callerOf(dana),
    token = 't',
  ) => revokeToken({ tokens: knowing(claims), ledger, workflow, clock })(caller, token);

  test('ends its session, once', async () => {
    const ledger = ledgerOfEverybody();
    await revoke(ledger, {});
    await revoke(ledger, {});
    expect([(await ledger.read(sessionType, 'session-dana'))?.entity.status, ledger.commits]).toEqual([
      'ended',
      1,
    ]);
  });

  test('that is a credential gives its grant back', async () => {
    const ledger = ledgerWithGrant();
    await revoke(ledger, ofGrant);
    expect((await ledger.read(grantType, GRANT_ID))?.entity).toMatchObject({
      status: 'ending',
      reason: 'returned',
    });
  });

  test('that is none of ours, or stands for nothing, is done already', async () => {
    const ledger = ledgerOfEverybody();
    await revoke(ledger, {}, callerOf(dana), 'x');
    await revoke(ledger, ofGrant);
    await revoke(ledger, { sessionId: 'session-nobody' });
    expect(ledger.commits).toBe(0);
  });

  test.for([
    ['session', {}],
    ['credential', ofGrant],
  ] as const)('that is somebody else’s %s is refused', async ([, claims]) => {
    const ledger = ledgerWithGrant();
    await expect(revoke(ledger, claims, callerOf(omar))).rejects.toMatchObject({
      extensions: { error: 'unauthorized_client' },
    });
    expect(ledger.commits).toBe(0);
  });
});
