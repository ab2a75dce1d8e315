import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundSeconds, lifetimeSeconds } from '../../../lambdas/minting/connectors/oauth-jwt/lifetime.ts';
import { oauthJwtMinter } from '../../../lambdas/minting/connectors/oauth-jwt/minter.oauth-jwt.ts';
import { oauthJwtRevoker } from '../../../lambdas/minting/connectors/oauth-jwt/revoker.oauth-jwt.ts';
import {
  activate,
  authorizationDetails,
  beginEnding,
  CLAIM_LEASE_SECONDS,
  type Credential,
  claimability,
  Grant,
  grantType,
  hasLiveCredential,
  isHeld,
} from '../../../lambdas/minting/grant.ts';
import type { ListKind } from '../../../lambdas/platform/entity.ts';
import { active, GRANT_ID, HOUR, NOW, pending, ticketing } from '../../support/access-case.ts';
import { inMemoryLedger } from '../../support/in-memory-ledger.ts';

fc.configureGlobal({ seed: 20260105 });

const handle = `sallyport-${GRANT_ID}`;
const credentials = {
  prepared: { status: 'prepared', handle },
  issuing: { status: 'issuing', handle, sinceEpochSeconds: NOW, expiresAtEpochSeconds: NOW + HOUR },
  live: {
    status: 'live',
    handle,
    fingerprints: ['f'.repeat(64)],
    issuedAtEpochSeconds: NOW,
    expiresAtEpochSeconds: NOW + HOUR / 2,
  },
  revoked: {
    status: 'revoked',
    handle,
    receipt: { probedAtEpochSeconds: NOW, answer: 'dead', how: 'asked' },
  },
} as const satisfies Record<string, Credential>;
const anyCredential = fc.constantFrom<Credential>(...Object.values(credentials));

/** A grant in every status that there is. */
const anyGrant = anyCredential.chain((credential) => {
  const ending = { ...beginEnding({ ...active(), credential }, 'expired', NOW) };
  return fc.constantFrom<Grant>(
    pending(),
    { ...active(), credential },
    ending,
    { ...ending, status: 'unresolved' },
    { ...ending, status: 'ended', endedAtEpochSeconds: NOW },
    { ...pending(), status: 'abandoned', endedAtEpochSeconds: NOW },
  );
});

test('a grant’s clock starts when it becomes active', () => {
  expect(activate(pending(), NOW + 500)).toMatchObject({
    status: 'active',
    activatedAtEpochSeconds: NOW + 500,
    expiresAtEpochSeconds: NOW + 500 + HOUR,
    credential: { status: 'prepared', handle },
  });
});

test('ending says why and since when, and keeps the credential to be ended', () => {
  expect(
    beginEnding(active(), 'failed', NOW, { failure: { state: 'HoldGrant', error: 'Boom' } }),
  ).toMatchObject({
    status: 'ending',
    reason: 'failed',
    failure: { state: 'HoldGrant', error: 'Boom' },
    endingSinceEpochSeconds: NOW,
    credential: { status: 'prepared' },
  });
});

test('a grant of no permission is no grant', () => {
  expect(Grant.safeParse({ ...pending(), permissions: [] }).success).toBe(false);
});

describe('a grant stands in the lists', () => {
  const actors = [{ kind: 'agent' as const, id: 'triage-bot' }];
  const part = { ...active(), actors, ancestors: ['grant-2', 'grant-3'], credential: credentials.live };
  const listsOf = (grant: Grant, kind: ListKind) =>
    (grantType.listEntries?.(grant) ?? []).filter((entry) => entry.kind === kind).map(({ list }) => list);

  test('of its principal and of each who acts for it', () => {
    expect(listsOf(part, 'GRANTS_OF')).toEqual(['dana', 'triage-bot']);
  });

  test('of all that may take it along, until it is over', () => {
    expect(listsOf(part, 'LIVE_UNDER')).toEqual([
      'principal:dana',
      'principal:triage-bot',
      'target:ticketing-ops',
      'session:session-dana',
      'grant:grant-2',
      'grant:grant-3',
    ]);
    const ending = beginEnding(part, 'expired', NOW);
    expect(listsOf(ending, 'LIVE_UNDER')).toHaveLength(6);
    expect(listsOf({ ...ending, status: 'unresolved' }, 'LIVE_UNDER')).toHaveLength(6);
    expect(listsOf({ ...ending, status: 'ended', endedAtEpochSeconds: NOW }, 'LIVE_UNDER')).toEqual([]);
  });

  test('of what its credential is recognised by, also when it is over', () => {
    const { fingerprints } = credentials.live;
    expect(listsOf(part, 'FINGERPRINT')).toEqual(fingerprints);
    const over: Grant = {
      ...beginEnding({ ...part, credential: { ...credentials.revoked, fingerprints } }, 'expired', NOW),
      status: 'ended',
      endedAtEpochSeconds: NOW,
    };
    expect(listsOf(over, 'FINGERPRINT')).toEqual(fingerprints);
  });

  test('of what is due at its end, in the order of their ends', () => {
    const due = (grant: Grant) => grantType.listEntries?.(grant).find(({ kind }) => kind === 'DUE');
    expect(due(part)).toMatchObject({ list: 'grants', place: `${NOW + HOUR}#${GRANT_ID}` });
    expect(due({ ...pending(), status: 'abandoned', endedAtEpochSeconds: NOW })).toBeUndefined();
  });
});

test('a part of other grants ends with the first of them to end', () => {
  const parents = [active(), { ...active(), expiresAtEpochSeconds: NOW + 60 }];
  expect(activate(pending(), NOW, parents).expiresAtEpochSeconds).toBe(NOW + 60);
});

describe('a claim', () => {
  test.for<[string, Grant, number, ReturnType<typeof claimability>]>([
    ['of a pending grant', pending(), NOW, 'not_active'],
    ['of an active grant', active(), NOW, 'claimable'],
    ['in the last second', active(), NOW + HOUR - 1, 'claimable'],
    ['when the time is over', active(), NOW + HOUR, 'ended'],
    ['of an ending grant', beginEnding(active(), 'returned', NOW), NOW, 'ended'],
    [
      'while another is made',
      { ...active(), credential: credentials.issuing },
      NOW + CLAIM_LEASE_SECONDS - 1,
      'being_claimed',
    ],
    [
      'after another that got lost',
      { ...active(), credential: credentials.issuing },
      NOW + CLAIM_LEASE_SECONDS,
      'claimable',
    ],
    ['a second time', { ...active(), credential: credentials.live }, NOW, 'claimed'],
    ['of what was revoked', { ...active(), credential: credentials.revoked }, NOW, 'claimed'],
  ])('%s', ([, grant, now, expected]) => {
    expect(claimability(grant, now)).toBe(expected);
  });
});

describe('whatever the grant and the time', () => {
  const anyTime = fc.integer({ min: NOW - HOUR, max: NOW + 2 * HOUR });

  test('a credential works only while it is live, of an active grant, and neither is over', () => {
    fc.assert(
      fc.property(anyGrant, anyTime, (grant, now) => {
        fc.pre(hasLiveCredential(grant, now));
        expect(grant).toMatchObject({ status: 'active', credential: { status: 'live' } });
        expect(now).toBeLessThan(NOW + HOUR / 2);
      }),
      { numRuns: 500 },
    );
  });

  test('what cannot be held cannot be claimed', () => {
    fc.assert(
      fc.property(anyGrant, anyTime, (grant, now) => {
        if (!isHeld(grant, now)) expect(claimability(grant, now)).not.toBe('claimable');
      }),
    );
  });

  test('once a credential works no longer, time does not bring it back', () => {
    fc.assert(
      fc.property(anyGrant, anyTime, fc.nat(HOUR), (grant, now, passed) => {
        if (!hasLiveCredential(grant, now)) expect(hasLiveCredential(grant, now + passed)).toBe(false);
      }),
    );
  });

  test('what its credential is for is the grant’s own target and permissions', () => {
    fc.assert(
      fc.property(anyGrant, (grant) => {
        expect(authorizationDetails(grant)).toEqual({
          type: 'sallyport-grant',
          identifier: grant.target,
          actions: grant.permissions,
          grant_id: grant.id,
        });
      }),
    );
  });
});

describe('a token', () => {
  const offline = { ...ticketing, introspects: false };

  test.for([
    ['lives as long as its grant at a target that introspects', ticketing, 8 * HOUR, 8 * HOUR, 0],
    ['lives ten minutes at the most where nobody asks', offline, 8 * HOUR, 600, 600],
    ['never outlives its grant', offline, 45, 45, 600],
  ] as const)('%s', ([, target, left, lifetime, bound]) => {
    expect([lifetimeSeconds(target, left), boundSeconds(target)]).toEqual([lifetime, bound]);
  });

  function signing() {
    const signed: object[] = [];
    const minter = oauthJwtMinter('https://sallyport.example', {
      sign: async (typ, claims) => {
        signed.push({ typ, ...claims });
        return 'a.b.c';
      },
    });
    return { minter, signed };
  }
  const times = { nowEpochSeconds: NOW, expiresAtEpochSeconds: NOW + 60 };

  test('says what the grant holds, to the target alone, under the grant’s own handle', async () => {
    const { minter, signed } = signing();
    const grant = {
      ...active(['tickets:read', 'tickets:comment']),
      actors: [{ kind: 'agent' as const, id: 'bot' }],
    };
    const minted = await minter.mint(grant, ticketing, {
      ...times,
      keyThumbprint: undefined,
      claimedFrom: {},
    });
    expect(minted).toEqual({
      material: { access_token: 'a.b.c' },
      recognisedBy: ['a.b.c'],
      tokenType: 'Bearer',
    });
    expect(signed).toEqual([
      {
        typ: 'at+jwt',
        iss: 'https://sallyport.example',
        aud: 'urn:example:ticketing',
        sub: 'dana',
        client_id: 'bot',
        act: { sub: 'bot' },
        jti: handle,
        iat: NOW,
        exp: NOW + 60,
        txn: 'txn-1',
        grant_id: GRANT_ID,
        scope: 'tickets:read tickets:comment',
        authorization_details: [authorizationDetails(grant)],
      },
    ]);
  });

  test('tells its target of the trust that a machine claims it from', async () => {
    const { minter, signed } = signing();
    const claimedFrom = {
      origin: { session: 'session-1', evidence: 'evidence-1', iss: 'https://ci.example', jti: 'job-1' },
      posture: { repository: 'acme/shop' },
    };
    await minter.mint(active(), ticketing, { ...times, keyThumbprint: undefined, claimedFrom });
    expect(signed).toMatchObject([claimedFrom]);
  });

  test('is bound to the key that was proven with its claim', async () => {
    const { minter, signed } = signing();
    const minted = await minter.mint(active(), ticketing, {
      ...times,
      keyThumbprint: 'a-thumbprint',
      claimedFrom: {},
    });
    expect(minted.tokenType).toBe('DPoP');
    expect(signed).toMatchObject([{ cnf: { jkt: 'a-thumbprint' } }]);
  });

  test.for<[string, Grant | undefined, string]>([
    ['live while its grant is active', { ...active(), credential: credentials.live }, 'live'],
    [
      'dead once its grant is ending',
      beginEnding({ ...active(), credential: credentials.live }, 'expired', NOW),
      'dead',
    ],
    ['of unknown state where the grant is not recorded', undefined, 'unknown'],
  ])('is found %s, whatever the hour', async ([, recorded, answer]) => {
    const ledger = inMemoryLedger();
    if (recorded !== undefined) ledger.seed(grantType, recorded);
    const probe = await oauthJwtRevoker(ledger).probe(active(), ticketing, undefined, NOW);
    expect(probe.answer).toBe(answer);
  });

  test('is not called dead at a target that is not told, until its time is over', async () => {
    const ending = beginEnding({ ...active(), credential: credentials.live }, 'returned', NOW);
    const ledger = inMemoryLedger();
    ledger.seed(grantType, ending);
    const untold = { ...ticketing, introspects: false };
    const answerAt = async (now: number) =>
      (await oauthJwtRevoker(ledger).probe(ending, untold, undefined, now)).answer;
    const { expiresAtEpochSeconds } = credentials.live;
    expect([await answerAt(NOW), await answerAt(expiresAtEpochSeconds)]).toEqual(['unknown', 'dead']);
  });
});
