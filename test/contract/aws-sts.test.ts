import { DeleteRoleCommand, DeleteRolePolicyCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Material } from '../../lambdas/minting/connector.port.ts';
import { beginEnding, type GrantIn } from '../../lambdas/minting/grant.ts';
import { startTargetRole } from '../support/target-role.ts';
import { connectorContract, contractGrant } from './connector-contract.ts';

connectorContract('aws-sts', async () => ({
  ...(await startTargetRole()),
  permissions: [['a:read'], ['b:read', 'secrets:list']],
  administratorSecrets: [],
  // Nothing takes a session back but what refuses it, and that is by the grant.
  leavesFirst: true,
}));

describe('a role that grants assume', () => {
  async function role() {
    const world = await startTargetRole();
    onTestFinished(world.stop);
    const { minter, revoker, target } = world;
    const mint = async (remainingSeconds = 1200) => {
      const now = world.nowEpochSeconds();
      const expiresAtEpochSeconds = now + minter.lifetimeSeconds(target, remainingSeconds);
      const grant = contractGrant(target, ['a:read'], now);
      const { material, recognisedBy } = await minter.mint(grant, target, {
        nowEpochSeconds: now,
        expiresAtEpochSeconds,
        keyThumbprint: undefined,
        claimedFrom: {},
      });
      const live: GrantIn<'active'> = {
        ...grant,
        credential: {
          status: 'live',
          handle: grant.credential.handle,
          fingerprints: [...recognisedBy],
          issuedAtEpochSeconds: now,
          expiresAtEpochSeconds,
        },
      };
      return { grant: live, material };
    };
    const revoke = ({ grant, material }: { grant: GrantIn<'active'>; material?: Material }) =>
      revoker.revoke(beginEnding(grant, 'revoked', world.nowEpochSeconds()), target, material);
    const probe = ({ grant, material }: { grant: GrantIn<'active'>; material?: Material }) =>
      revoker.probe(
        beginEnding(grant, 'revoked', world.nowEpochSeconds()),
        target,
        material,
        world.nowEpochSeconds(),
      );
    return { ...world, mint, revoke, probe };
  }

  it('refuses 200 grants, each by itself while there is room, and none that is minted afterwards', async () => {
    const { mint, revoke, probe, usable, leap, denials } = await role();
    const ended = [];
    let bystander = await mint();
    for (let minted = 0; minted < 200; minted += 1) {
      const session = await mint();
      ended.push(session);
      // They are not all of one moment: a session of this very second is not older than now.
      leap(2);
      await revoke(session);
      if (minted === 40) expect(await usable(bystander.material)).toEqual(['a:read']);
    }
    for (const session of ended) {
      expect(await usable(session.material)).toEqual([]);
      expect(await probe(session)).toMatchObject({ answer: 'dead' });
    }
    // The price of room: whatever is older than the last time that it ran out.
    expect(await usable(bystander.material)).toEqual([]);
    expect((await denials()).filter((name) => name.includes('-before-'))).toHaveLength(1);
    bystander = await mint();
    await revoke(await mint());
    expect(await usable(bystander.material)).toEqual(['a:read']);
  }, 60_000);

  it('confirms nothing of what may still be issued where there is no room, and does so a minute later', async () => {
    const { mint, revoke, probe, usable, leap } = await role();
    const sessions: Awaited<ReturnType<typeof mint>>[] = [];
    for (let minted = 0; minted < 70; minted += 1) sessions.push(await mint());
    const refused: typeof sessions = [];
    for (const session of sessions) await revoke(session).catch(() => refused.push(session));
    expect(refused.length).toBeGreaterThan(0);
    for (const session of refused) expect((await probe(session)).answer).not.toBe('dead');
    leap(61);
    for (const session of refused) await revoke(session);
    for (const session of sessions) {
      expect(await usable(session.material)).toEqual([]);
      expect(await probe(session)).toMatchObject({ answer: 'dead' });
    }
  }, 60_000);

  it('loses no denial to others that are written at the same time', async () => {
    const { mint, revoke, probe, denials } = await role();
    const sessions = await Promise.all(Array.from({ length: 30 }, () => mint()));
    await Promise.all(sessions.map(revoke));
    expect(await denials()).toHaveLength(30);
    for (const session of sessions) expect(await probe(session)).toMatchObject({ answer: 'dead' });
  });

  it('is rid of denials when their sessions have ended by themselves', async () => {
    const { mint, revoke, probe, leap, denials } = await role();
    const first = await mint();
    await revoke(first);
    leap(1200 + 61);
    expect(await probe(first)).toMatchObject({ answer: 'dead', how: 'its time is over' });
    const second = await mint();
    await revoke(second);
    expect(await denials()).toEqual([expect.stringContaining(second.grant.id)]);
  });

  it('gives sessions of at least 15 minutes, refused for all of them though the grant was shorter', async () => {
    const { mint, revoke, probe, usable, leap } = await role();
    const session = await mint(120);
    leap(120);
    expect(await usable(session.material)).toEqual(['a:read']);
    await revoke(session);
    for (const seconds of [0, 300, 300]) {
      leap(seconds);
      expect(await usable(session.material)).toEqual([]);
      expect(await probe(session)).toMatchObject({ answer: 'dead' });
    }
  });

  it('is not believed to refuse a session by another deny than ours', async () => {
    const { mint, probe, operator } = await role();
    const session = await mint();
    await operator.send(
      new PutRolePolicyCommand({
        RoleName: 'target',
        PolicyName: 'maintenance',
        PolicyDocument: JSON.stringify({ Statement: { Effect: 'Deny', Action: '*', Resource: '*' } }),
      }),
    );
    expect(await probe(session)).toMatchObject({ answer: 'unknown' });
  });

  it('that is gone has no sessions', async () => {
    const { mint, revoke, probe, operator } = await role();
    const session = await mint();
    await operator.send(new DeleteRolePolicyCommand({ RoleName: 'target', PolicyName: 'own' }));
    await operator.send(new DeleteRoleCommand({ RoleName: 'target' }));
    await revoke(session);
    expect(await probe({ grant: session.grant })).toMatchObject({ answer: 'dead', how: 'its role is gone' });
  });
});
