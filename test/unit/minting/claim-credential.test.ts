import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import type { PolicyEngine } from '../../../lambdas/decision/policy-engine.port.ts';
import { claimCredential } from '../../../lambdas/minting/claim-credential.step.ts';
import type { Minters } from '../../../lambdas/minting/connector.port.ts';
import { beginEnding, type Grant, grantType, hasLiveCredential } from '../../../lambdas/minting/grant.ts';
import { returnGrant } from '../../../lambdas/minting/return-grant.step.ts';
import type { Clock } from '../../../lambdas/platform/clock.port.ts';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { conflict } from '../../../lambdas/platform/problem.ts';
import type { Caller } from '../../../lambdas/verification/caller.ts';
import {
  active,
  callerOf,
  clockAt,
  dana,
  deployment,
  GRANT_ID,
  HOUR,
  inert,
  ledgerOfEverybody,
  mintersWith,
  NOW,
  omar,
  pending,
  policiesOf,
  REQUEST_ID,
  refusal,
  scriptedEngine,
  ticketingEngine,
  triageBot,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, interruptions } from '../../support/interruptions.ts';

const minter: Minters['oauth-jwt'] = {
  mint: async (grant, _, { nowEpochSeconds }) => {
    const token = `token of ${grant.id} at ${nowEpochSeconds}`;
    return { material: { access_token: token }, recognisedBy: [token], tokenType: 'Bearer' };
  },
  lifetimeSeconds: (_, remaining) => Math.min(remaining, 600),
  keeps: false,
  delivers: 'token',
};

function ledgerWith(grant: Grant): InMemoryLedger {
  const ledger = ledgerOfEverybody();
  ledger.seed(grantType, grant);
  return ledger;
}

interface Options {
  readonly mint?: Minters['oauth-jwt']['mint'];
  readonly engine?: PolicyEngine;
  readonly clock?: Clock;
  readonly caller?: Caller;
  readonly stop?: ReturnType<typeof interruptions>;
}

function claim(ledger: InMemoryLedger, options: Options = {}) {
  const {
    mint = minter.mint,
    engine = ticketingEngine,
    clock = clockAt(),
    caller = callerOf(dana),
  } = options;
  const stop = options.stop ?? interruptions();
  return claimCredential({
    deployment,
    policies: policiesOf(engine),
    minters: mintersWith(stop.watch({ ...minter, mint }, ['lifetimeSeconds'])),
    vault: inert('CredentialVault'),
    ledger: stop.watch(ledger),
    clock,
  })(caller, GRANT_ID);
}

async function grantIn(ledger: InMemoryLedger): Promise<Grant> {
  const stored = await ledger.read(grantType, GRANT_ID);
  if (stored === undefined) throw new Error('There is no grant');
  return stored.entity;
}

const typesIn = (ledger: InMemoryLedger) => ledger.chain(REQUEST_ID).map(({ type }) => type);

test('a claim delivers the credential, whose fingerprint alone is kept', async () => {
  const ledger = ledgerWith(active());
  const { material, expiresInSeconds } = await claim(ledger);
  const value = material?.['access_token'] ?? '';
  const fingerprint = createHash('sha256').update(value).digest('hex');
  expect(expiresInSeconds).toBe(600);
  expect(await grantIn(ledger)).toMatchObject({
    credential: { status: 'live', fingerprints: [fingerprint], expiresAtEpochSeconds: NOW + 600 },
  });
  expect(JSON.stringify([ledger.entities(), ledger.chain(REQUEST_ID)])).not.toContain(value);
});

test('a claim is told as taken before the credential is made, and as issued after', async () => {
  const ledger = ledgerWith(active());
  let atMinting: { status: string; told: string[] } | undefined;
  await claim(ledger, {
    mint: async (...given) => {
      const grant = await grantIn(ledger);
      atMinting = { status: 'credential' in grant ? grant.credential.status : '', told: typesIn(ledger) };
      return minter.mint(...given);
    },
  });
  expect(atMinting).toEqual({ status: 'issuing', told: ['credential.claimed'] });
  expect(typesIn(ledger)).toEqual(['credential.claimed', 'credential.issued']);
});

test.for<[string, Grant]>([
  ['the one that the request proved', { ...active(), keyThumbprint: 'key-1' }],
  ['the one that the claim proves, where the request proved none', active()],
])('a credential is made for a key: %s', async ([, grant]) => {
  const asked: unknown[] = [];
  await claim(ledgerWith(grant), {
    caller: { ...callerOf(dana), keyThumbprint: 'key-1' },
    mint: async (...given) => {
      asked.push(given[2].keyThumbprint);
      return minter.mint(...given);
    },
  });
  expect(asked).toEqual(['key-1']);
});

describe('a claim is refused', () => {
  const withActor = { ...active(), actors: [{ kind: 'agent' as const, id: 'triage-bot' }] };
  const withKey = { ...active(), keyThumbprint: 'key-1' };

  test.for<[string, Grant, Caller, number]>([
    ['to somebody else, as if there were no such grant', active(), callerOf(omar), 404],
    ['to the principal without the agent that it is for, too', withActor, callerOf(dana), 404],
    ['to the agent by itself', withActor, callerOf(triageBot), 404],
    ['to the principal with an agent that it is not for', active(), callerOf(dana, [triageBot]), 404],
    ['that proves no key, where the request proved one', withKey, callerOf(dana), 403],
    ['that proves another key', withKey, { ...callerOf(dana), keyThumbprint: 'key-2' }, 403],
    ['before the grant is active', pending(), callerOf(dana), 409],
    ['after it ended', beginEnding(active(), 'returned', NOW), callerOf(dana), 409],
  ])('%s', async ([, grant, caller, status]) => {
    const ledger = ledgerWith(grant);
    await expect(claim(ledger, { caller, engine: inert('PolicyEngine') })).rejects.toMatchObject({ status });
    expect(ledger.commits).toBe(0);
  });

  test('a second time', async () => {
    const ledger = ledgerWith(active());
    await claim(ledger);
    await expect(claim(ledger)).rejects.toMatchObject({
      status: 409,
      type: expect.stringMatching('already-claimed'),
    });
  });

  test('to a session that policy no longer permits all of the grant', async () => {
    const engine = scriptedEngine(({ permission }) =>
      permission === 'tickets:read' ? { permitted: true, determining: [{ id: 'any' }] } : refusal,
    );
    const grant = active(['tickets:read', 'tickets:comment']);
    await expect(claim(ledgerWith(grant), { engine })).rejects.toMatchObject({ status: 403 });
  });

  test('for what needed an approval that this grant does not have', async () => {
    const grant = active(['tickets:comment']);
    await expect(claim(ledgerWith(grant))).rejects.toMatchObject({ status: 403 });
    const approval = (approvers: string) => ({
      approvers: ['omar'],
      satisfied: [{ approvers, quorum: 1, approverAal: 2 as const, permissions: ['tickets:comment'] }],
    });
    await expect(claim(ledgerWith({ ...grant, approval: approval('others') }))).rejects.toMatchObject({
      status: 403,
    });
    expect(await claim(ledgerWith({ ...grant, approval: approval('ops-owners') }))).toMatchObject({
      tokenType: 'Bearer',
    });
  });

  test('by the assurance of the session that claims, not of the one that asked', async () => {
    const engine = scriptedEngine(({ context }) =>
      context.assurance.aal >= 2 ? { permitted: true, determining: [{ id: 'any' }] } : refusal,
    );
    const caller = {
      ...callerOf(dana),
      assurance: { ...callerOf(dana).assurance, aal: 1 as const },
    };
    const refused = claim(ledgerWith(active()), { engine, caller });
    await expect(refused).rejects.toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringContaining('acr_values="nist-aal2"') },
    });
  });

  test('and is told to step up only where that is enough', async () => {
    const engine = scriptedEngine(({ context }) =>
      context.assurance.aal >= 2 && context.approved
        ? {
            permitted: true,
            determining: [{ id: 'any', approval: { approvers: 'g', quorum: 1, approverAal: 1 } }],
          }
        : refusal,
    );
    const caller = { ...callerOf(dana), assurance: { ...callerOf(dana).assurance, aal: 1 as const } };
    await expect(claim(ledgerWith(active()), { engine, caller })).rejects.toMatchObject({ status: 403 });
  });
});

test('of two claims at once one gets the credential and the other nothing', async () => {
  const ledger = ledgerWith(active());
  const both = await Promise.allSettled([claim(ledger), claim(ledger)]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(typesIn(ledger)).toEqual(['credential.claimed', 'credential.issued']);
});

test('what could not be made is given back, and may be claimed again at once', async () => {
  const ledger = ledgerWith(active());
  const mint = () => Promise.reject(new DependencyUnavailable('KMS'));
  await expect(claim(ledger, { mint })).rejects.toThrow(DependencyUnavailable);
  expect(await claim(ledger)).toMatchObject({ expiresInSeconds: 600 });
});

test('a grant that is given back while its credential is made delivers nothing', async () => {
  const ledger = ledgerWith(active());
  const workflow = { resume: async () => {} };
  const mint: Minters['oauth-jwt']['mint'] = async (...given) => {
    await returnGrant({ ledger, workflow, clock: clockAt() })(callerOf(dana), GRANT_ID);
    return minter.mint(...given);
  };
  await expect(claim(ledger, { mint })).rejects.toMatchObject({ status: 409 });
  expect(hasLiveCredential(await grantIn(ledger), NOW)).toBe(false);
});

test('a grant whose time is over while its credential is made delivers nothing', async () => {
  const [ledger, clock] = [ledgerWith(active()), clockAt(NOW + HOUR - 1)];
  const mint: Minters['oauth-jwt']['mint'] = async (...given) => {
    clock.atEpochSeconds += 1;
    return minter.mint(...given);
  };
  await expect(claim(ledger, { mint, clock })).rejects.toMatchObject({ status: 409 });
  expect(typesIn(ledger)).toEqual(['credential.claimed']);
});

test('a claim whose maker took longer than its lease does not overrule the one that came after', async () => {
  const ledger = ledgerWith(active());
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const late = claim(ledger, { mint: async (...given) => gate.then(() => minter.mint(...given)) });
  const refused = expect(late).rejects.toMatchObject({ status: 409 });
  const second = await claim(ledger, {
    clock: clockAt(NOW + 60),
    // The late one is made while this one is being made.
    mint: async (...given) => {
      open();
      await refused;
      return minter.mint(...given);
    },
  });
  const fingerprint = createHash('sha256')
    .update(second.material?.['access_token'] ?? '')
    .digest('hex');
  expect(await grantIn(ledger)).toMatchObject({
    credential: { status: 'live', fingerprints: [fingerprint] },
  });
});

describe('a claim that stops at any call of a port', () => {
  const stops = [1, 2, 3, 4, 5, 6].flatMap((nth) =>
    (['before', 'after'] as const).map((when) => [nth, when] as const),
  );

  test('calls its ports six times', async () => {
    const stop = interruptions();
    await claim(ledgerWith(active()), { stop });
    expect(stop.calls).toBe(6);
  });

  test.for(stops)(
    '(call %i, %s) leaves nothing live that is not known, and can be finished',
    async ([nth, when]) => {
      const made: string[] = [];
      const mint: Minters['oauth-jwt']['mint'] = async (...given) => {
        const minted = await minter.mint(...given);
        made.push(minted.recognisedBy[0]);
        return minted;
      };
      const ledger = ledgerWith(active());
      await expect(claim(ledger, { mint, stop: interruptions(nth, when) })).rejects.toThrow(Interrupted);
      const left = await grantIn(ledger);
      const recorded =
        'credential' in left && left.credential.status === 'live'
          ? left.credential.fingerprints[0]
          : undefined;
      expect(hasLiveCredential(left, NOW)).toBe(recorded !== undefined);

      // Nobody knows whether the first answer arrived: either it is recorded, or it may be claimed anew.
      const again = claim(ledger, { mint, clock: clockAt(NOW + 60) });
      if (recorded === undefined) await again;
      else await expect(again).rejects.toMatchObject({ status: 409 });
      const [last = ''] = made.slice(-1);
      const fingerprint = createHash('sha256').update(last).digest('hex');
      expect(await grantIn(ledger)).toMatchObject({
        credential: {
          status: 'live',
          fingerprints: [fingerprint],
          // That one was made and lost is not forgotten: at some targets it lives until its time is over.
          ...(made.length > 1 && { lostTryAtEpochSeconds: NOW }),
        },
      });
      expect(verifyChain(REQUEST_ID, ledger.chain(REQUEST_ID)).verified).toBe(true);
    },
  );
});

test('that a try was lost is remembered through every later try', async () => {
  const ledger = ledgerWith(active());
  const claimAt = (seconds: number, mint = minter.mint) =>
    claim(ledger, { mint, clock: clockAt(NOW + seconds) });
  const refuse = async () => {
    throw conflict('not-at-target', 'The target has not what the grant holds.');
  };
  await expect(claim(ledger, { stop: interruptions(4) })).rejects.toThrow(Interrupted);
  await expect(claimAt(60, refuse)).rejects.toMatchObject({ status: 409 });
  expect(await grantIn(ledger)).toMatchObject({
    credential: { status: 'prepared', lostTryAtEpochSeconds: NOW },
  });
  await claimAt(61);
  expect(await grantIn(ledger)).toMatchObject({ credential: { status: 'live', lostTryAtEpochSeconds: NOW } });
});

test('a credential never outlives its grant', async () => {
  const ledger = ledgerWith(active());
  const { expiresInSeconds } = await claim(ledger, { clock: clockAt(NOW + HOUR - 10) });
  expect(expiresInSeconds).toBe(10);
});
