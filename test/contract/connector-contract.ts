import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  ClaimTerms,
  CredentialMinter,
  CredentialRevoker,
  Material,
} from '../../lambdas/minting/connector.port.ts';
import { beginEnding, credentialHandle, fingerprintOf, type GrantIn } from '../../lambdas/minting/grant.ts';
import type { Target } from '../../lambdas/platform/deployment.ts';
import { DependencyUnavailable } from '../../lambdas/platform/failures.ts';

/** A connector with a target that is really there: what it makes is tried at that target, and not by the connector. */
export interface ConnectorWorld {
  readonly minter: CredentialMinter;
  readonly revoker: CredentialRevoker;
  readonly target: Target;
  /** Two sets of the target's permissions, neither of which is a part of the other. */
  readonly permissions: readonly [readonly string[], readonly string[]];
  /** Those of the target's permissions whose use succeeds with a credential; none where the credential is refused. */
  usable(material: Material): Promise<readonly string[]>;
  /** Does something while the target does not answer, or is not where it was. */
  whileDown<Given>(act: () => Promise<Given>): Promise<Given>;
  /** What must be in no error besides the credentials: what the connector acts with. */
  readonly administratorSecrets: readonly string[];
  /** The target's time; this machine's if not said. */
  nowEpochSeconds?(): number;
  /** Lets the connector's stated bound pass, where it is not zero. */
  letBoundPass?(): Promise<void>;
  /** Whether a credential that is made again leaves the first one working until both are revoked. */
  readonly leavesFirst?: true;
  /** Whether only who has a credential can end it: one that a crash lost ends with its time. */
  readonly onlyHolderEnds?: true;
  /** Whether all grants are given one and the same credential, which ends for all of them. */
  readonly shared?: true;
  /** Whether one grant at a time is given it: another one's claim is refused. */
  readonly exclusive?: true;
  stop(): Promise<void>;
}

/** How long the grants of the contract last. */
const GRANT_SECONDS = 1200;

/**
 * What every connector holds to, whatever it speaks to. Registers the tests; a connector's own stand beside its call.
 * @param start starts the target; `undefined` on a machine that cannot have it, which skips the tests
 */
export function connectorContract(name: string, start: (() => Promise<ConnectorWorld>) | undefined): void {
  describe.skipIf(start === undefined)(`the contract of connectors: ${name}`, () => {
    let world: ConnectorWorld;
    beforeAll(async () => {
      if (start !== undefined) world = await start();
    });
    afterAll(() => world?.stop());

    const now = () => world.nowEpochSeconds?.() ?? Math.floor(Date.now() / 1000);
    const passBound = async () => world.letBoundPass?.();

    function grantOf(permissions = world.permissions[0]): GrantIn<'active'> {
      return contractGrant(world.target, permissions, now());
    }

    async function mint(grant: GrantIn<'active'>) {
      const minted = await world.minter.mint(grant, world.target, termsOf(world, grant, now()));
      return { ...minted, kept: world.minter.keeps ? minted.material : undefined };
    }

    /** As a grant ends: its right is over before its credential is revoked. */
    async function revoke(grant: GrantIn<'active'>, kept: Material | undefined, recognisedBy?: string) {
      await world.revoker.revoke(endingOf(grant, recognisedBy, now()), world.target, kept);
      await passBound();
    }

    function probe(grant: GrantIn<'active'>, kept: Material | undefined, recognisedBy?: string) {
      return world.revoker.probe(endingOf(grant, recognisedBy, now()), world.target, kept, now());
    }

    it('both of its halves agree on whether the vault keeps the credential', () => {
      expect(world.minter.keeps).toBe(world.revoker.keeps);
    });

    it('a credential lives no longer than its grant', () => {
      for (const remaining of [1, 60, 599, 600, 3599, 3600, 86_400])
        expect(world.minter.lifetimeSeconds(world.target, remaining)).toBeLessThanOrEqual(remaining);
    });

    it.each([0, 1] as const)('what was minted works, and holds exactly the grant (%i)', async (index) => {
      const grant = grantOf(world.permissions[index]);
      const { material, kept, recognisedBy } = await mint(grant);
      expect([...(await world.usable(material))].sort()).toEqual([...world.permissions[index]].sort());
      await revoke(grant, kept, recognisedBy[0]);
    });

    it('it is recognised by secrets of its own that are parts of what is delivered', async () => {
      const [one, other] = [grantOf(), grantOf()];
      const first = await mint(one);
      const delivered = Object.values(first.material);
      for (const part of first.recognisedBy) expect(delivered).toContain(part);
      if (world.exclusive) {
        await expect(mint(other)).rejects.toMatchObject({ status: 409 });
        return revoke(one, first.kept, first.recognisedBy[0]);
      }
      const second = await mint(other);
      if (!world.shared)
        for (const part of first.recognisedBy) expect(second.recognisedBy).not.toContain(part);
      await revoke(one, first.kept, first.recognisedBy[0]);
      await revoke(other, second.kept, second.recognisedBy[0]);
    });

    it('minted again for the same grant, it takes the place of the first; both end together', async () => {
      const grant = grantOf();
      const first = await mint(grant);
      const second = await mint(grant);
      expect([...(await world.usable(second.material))].sort()).toEqual([...grant.permissions].sort());
      if (!world.leavesFirst && !world.shared) expect(await world.usable(first.material)).toEqual([]);
      await revoke(grant, second.kept, second.recognisedBy[0]);
      if (!world.onlyHolderEnds) expect(await world.usable(first.material)).toEqual([]);
      expect(await world.usable(second.material)).toEqual([]);
    });

    it('a live one is probed as live, and is not taken for dead where it is not at hand', async () => {
      const grant = grantOf();
      const { kept, recognisedBy } = await mint(grant);
      expect(await probe(grant, kept, recognisedBy[0])).toMatchObject({ answer: 'live' });
      expect((await probe(grant, undefined, recognisedBy[0])).answer).not.toBe('dead');
      await revoke(grant, kept, recognisedBy[0]);
    });

    it('once revoked, it is refused, and the probe says dead', async () => {
      const grant = grantOf();
      const { material, kept, recognisedBy } = await mint(grant);
      await revoke(grant, kept, recognisedBy[0]);
      expect(await world.usable(material)).toEqual([]);
      const { answer, how } = await probe(grant, kept, recognisedBy[0]);
      expect([answer, how]).toEqual(['dead', expect.stringMatching(/\S/)]);
    });

    it('revoking is success the second time, too', async () => {
      const grant = grantOf();
      const { kept, recognisedBy } = await mint(grant);
      await revoke(grant, kept, recognisedBy[0]);
      await revoke(grant, kept, recognisedBy[0]);
      expect(await probe(grant, kept, recognisedBy[0])).toMatchObject({ answer: 'dead' });
    });

    it('revoking what was never made is success, and it is dead', async () => {
      const { credential, ...rest } = grantOf();
      const unclaimed = { ...rest, credential: { status: 'prepared' as const, handle: credential.handle } };
      await revoke(unclaimed, undefined);
      expect(await probe(unclaimed, undefined)).toMatchObject({ answer: 'dead' });
    });

    it('so it is where a claim began and made nothing', async ({ skip }) => {
      if (world.onlyHolderEnds) skip();
      const grant = grantOf();
      await revoke(grant, undefined);
      expect(await probe(grant, undefined)).toMatchObject({ answer: 'dead' });
    });

    it('one that was minted, but neither kept nor recorded, is ended by its name alone', async ({ skip }) => {
      if (world.onlyHolderEnds || world.shared) skip();
      const grant = grantOf();
      const { material } = await mint(grant);
      await revoke(grant, undefined);
      expect(await world.usable(material)).toEqual([]);
      expect(await probe(grant, undefined)).toMatchObject({ answer: 'dead' });
    });

    it('two grants to the same target end independently', async ({ skip }) => {
      if (world.shared) skip();
      const [one, other] = [grantOf(world.permissions[0]), grantOf(world.permissions[1])];
      const [first, second] = [await mint(one), await mint(other)];
      await revoke(one, first.kept, first.recognisedBy[0]);
      expect(await world.usable(first.material)).toEqual([]);
      expect([...(await world.usable(second.material))].sort()).toEqual([...other.permissions].sort());
      expect(await probe(other, second.kept, second.recognisedBy[0])).toMatchObject({ answer: 'live' });
      await revoke(other, second.kept, second.recognisedBy[0]);
      expect(await world.usable(second.material)).toEqual([]);
    });

    it('what is live is listed by its handle, what is over is not', async ({ skip }) => {
      const list = world.revoker.listHandles?.bind(world.revoker);
      if (list === undefined) return skip();
      const [one, other] = [grantOf(), grantOf()];
      const [first, second] = [await mint(one), await mint(other)];
      expect(await list(world.target)).toEqual(
        expect.arrayContaining([one, other].map(({ id }) => credentialHandle(id))),
      );
      await revoke(one, first.kept, first.recognisedBy[0]);
      const left = await list(world.target);
      expect([one, other].map(({ id }) => left.includes(credentialHandle(id)))).toEqual([false, true]);
      await revoke(other, second.kept, second.recognisedBy[0]);
    });

    it('a target that is down confirms nothing, and nothing secret is in what is thrown', async () => {
      const grant = grantOf();
      const { material, kept, recognisedBy } = await mint(grant);
      const thrown = await world.whileDown(async () => {
        const errors = [
          await caught(() => mint(world.exclusive ? grant : grantOf())),
          await caught(() => revoke(grant, kept, recognisedBy[0])),
        ];
        const { answer, how } = await probe(grant, kept, recognisedBy[0]);
        expect(answer).toBe('unknown');
        return [...errors, how];
      });
      expect(thrown.slice(0, 2)).toEqual([
        expect.any(DependencyUnavailable),
        expect.any(DependencyUnavailable),
      ]);
      const told = inspect(thrown, { depth: Number.POSITIVE_INFINITY, showHidden: true });
      for (const secret of [...world.administratorSecrets, ...recognisedBy])
        expect(told).not.toContain(secret);

      // It is back: what could not be confirmed is done now.
      await revoke(grant, kept, recognisedBy[0]);
      expect(await world.usable(material)).toEqual([]);
    });
  });
}

/** An active grant to a target, with a name that no other has. */
export function contractGrant(
  target: Target,
  permissions: readonly string[],
  nowEpochSeconds: number,
): GrantIn<'active'> {
  const id = `grant-${randomUUID()}`;
  return {
    id,
    requestId: id.replace('grant-', 'req-'),
    txn: `txn-${id}`,
    principal: { kind: 'workload', id: 'deploy-bot' },
    actors: [],
    session: 'session-1',
    ancestors: [],
    target: target.id,
    permissions: [...permissions],
    durationSeconds: GRANT_SECONDS,
    createdAtEpochSeconds: nowEpochSeconds,
    status: 'active',
    activatedAtEpochSeconds: nowEpochSeconds,
    expiresAtEpochSeconds: nowEpochSeconds + GRANT_SECONDS,
    credential: {
      status: 'issuing',
      handle: credentialHandle(id),
      sinceEpochSeconds: nowEpochSeconds,
      expiresAtEpochSeconds: nowEpochSeconds + GRANT_SECONDS,
    },
  };
}

function termsOf({ minter, target }: ConnectorWorld, grant: GrantIn<'active'>, now: number): ClaimTerms {
  const remaining = grant.expiresAtEpochSeconds - now;
  return {
    nowEpochSeconds: now,
    expiresAtEpochSeconds: now + minter.lifetimeSeconds(target, remaining),
    keyThumbprint: undefined,
    claimedFrom: {},
  };
}

/** The grant as its revocation finds it: with the fingerprint, if the claim got so far. */
function endingOf(
  grant: GrantIn<'active'>,
  recognisedBy: string | undefined,
  now: number,
): GrantIn<'ending'> {
  const { handle } = grant.credential;
  const live =
    recognisedBy === undefined
      ? {}
      : {
          credential: {
            status: 'live' as const,
            handle,
            fingerprints: [fingerprintOf(recognisedBy)],
            issuedAtEpochSeconds: grant.activatedAtEpochSeconds,
            expiresAtEpochSeconds: grant.expiresAtEpochSeconds,
          },
        };
  return beginEnding({ ...grant, ...live }, 'revoked', now);
}

async function caught(act: () => Promise<unknown>): Promise<unknown> {
  try {
    return await act();
  } catch (error) {
    return error;
  }
}
