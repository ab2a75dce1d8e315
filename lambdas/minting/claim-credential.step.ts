import { createHash } from 'node:crypto';
import { decidePermission } from '../decision/decide.ts';
import type { PolicyEngine } from '../decision/policy-engine.port.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { type Deployment, findTarget, type Target } from '../platform/deployment.ts';
import { replacement, type Stored } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { conflict, forbidden, notFound } from '../platform/problem.ts';
import { type Caller, isSameParty, whoCalls } from '../verification/caller.ts';
import { loadPrincipals } from '../verification/directory.ts';
import type { Principal } from '../verification/principal.ts';
import type { CredentialMinter, MintedCredential, Minters } from './connector.port.ts';
import { claimability, type Grant, type GrantIn, grantType } from './grant.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly engine: PolicyEngine;
  readonly minters: Minters;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** What a claim delivers, in this one answer. */
export interface ClaimedCredential extends MintedCredential {
  readonly grant: GrantIn<'active'>;
  readonly expiresInSeconds: number;
}

/**
 * Delivers a grant's credential, once, to the party that the grant is for. Three writes, so that a stop
 * anywhere leaves nothing live that is not known:
 *
 *     issuing   the claim is taken: no other claim gets through
 *     (mint)    the credential is made; until the next write no target that asks accepts it
 *     live      its fingerprint is recorded; then it is handed out
 *
 * If it could not be made, the claim is given back and may be made again.
 */
export function claimCredential({ deployment, engine, minters, ledger, clock }: Dependencies) {
  return async (caller: Caller, grantId: string): Promise<ClaimedCredential> => {
    const stored = await ledger.read(grantType, grantId);
    if (stored === undefined || !isSameParty(caller, stored.entity)) throw notFound('grant');
    const target = findTarget(deployment, stored.entity.target);
    if (target === undefined)
      throw new BrokenInvariant('A grant is for a target that the deployment does not have');
    const now = epochSeconds(clock);
    const grant = claimable(stored, now);
    await decideAgain(caller, grant.entity, target, now);

    const minter = minters[target.connector];
    const lifetime = minter.lifetimeSeconds(target, grant.entity.expiresAtEpochSeconds - now);
    const issuing = await take(caller, grant, now, now + lifetime);
    const minted = await mintOrGiveBack(caller, minter, issuing, target, now);
    const live = await markLive(caller, issuing, minted, now);
    return { ...minted, grant: live, expiresInSeconds: lifetime };
  };

  /** What a session may do is judged when it does it: the permits must still hold, for all of the grant. */
  async function decideAgain(
    caller: Caller,
    grant: GrantIn<'active'>,
    target: Target,
    now: number,
  ): Promise<void> {
    const ids = [grant.principal.id, ...grant.actors.map(({ id }) => id)];
    const known = await loadPrincipals(ledger, ids);
    const parties = ids.flatMap((id) => known.get(id) ?? []) as [Principal, ...Principal[]];
    const refused = grant.permissions.filter(
      (permission) =>
        decidePermission(engine, permission, {
          parties,
          target,
          channel: caller.channel,
          assurance: caller.assurance,
          requestedDurationSeconds: grant.expiresAtEpochSeconds - now,
          approved: grant.approvers !== undefined,
        }).outcome !== 'permitted',
    );
    if (refused.length > 0) {
      throw forbidden(
        'no-longer-permitted',
        `Policy no longer permits ${refused.join(', ')} to this session. Give the grant back and ask anew.`,
      );
    }
  }

  async function take(
    caller: Caller,
    grant: Stored<GrantIn<'active'>>,
    now: number,
    expiresAtEpochSeconds: number,
  ): Promise<Stored<GrantIn<'active'>>> {
    const { handle } = grant.entity.credential;
    return change(caller, grant, 'credential.claimed', {
      status: 'issuing',
      handle,
      sinceEpochSeconds: now,
      expiresAtEpochSeconds,
    });
  }

  async function mintOrGiveBack(
    caller: Caller,
    minter: CredentialMinter,
    issuing: Stored<GrantIn<'active'>>,
    target: Target,
    now: number,
  ): Promise<MintedCredential> {
    const { credential } = issuing.entity;
    if (credential.status !== 'issuing')
      throw new BrokenInvariant('A credential is minted without its claim');
    try {
      return await minter.mint(issuing.entity, target, {
        nowEpochSeconds: now,
        expiresAtEpochSeconds: credential.expiresAtEpochSeconds,
      });
    } catch (error) {
      await change(caller, issuing, 'credential.not-issued', {
        status: 'prepared',
        handle: credential.handle,
      });
      throw error;
    }
  }

  async function markLive(
    caller: Caller,
    issuing: Stored<GrantIn<'active'>>,
    minted: MintedCredential,
    now: number,
  ): Promise<GrantIn<'active'>> {
    const { credential } = issuing.entity;
    if (credential.status !== 'issuing')
      throw new BrokenInvariant('A credential is issued without its claim');
    const live = await change(caller, issuing, 'credential.issued', {
      status: 'live',
      handle: credential.handle,
      fingerprint: createHash('sha256').update(minted.value).digest('hex'),
      issuedAtEpochSeconds: now,
      expiresAtEpochSeconds: credential.expiresAtEpochSeconds,
    });
    return live.entity;
  }

  async function change(
    caller: Caller,
    grant: Stored<GrantIn<'active'>>,
    event: string,
    credential: GrantIn<'active'>['credential'],
  ): Promise<Stored<GrantIn<'active'>>> {
    const entity = { ...grant.entity, credential };
    await ledger.commit({
      chain: entity.requestId,
      event: caseEvent(clock, entity.txn, event, whoCalls(caller), {
        grant: entity.id,
        handle: credential.handle,
        ...('fingerprint' in credential ? { fingerprint: credential.fingerprint } : {}),
      }),
      changes: [replacement(grantType, grant, entity)],
    });
    return { entity, version: grant.version + 1 };
  }
}

function claimable(stored: Stored<Grant>, now: number): Stored<GrantIn<'active'>> {
  switch (claimability(stored.entity, now)) {
    case 'claimable':
      return stored as Stored<GrantIn<'active'>>;
    case 'not_active':
      throw conflict('grant-not-active', 'The grant is not active yet; follow its request.');
    case 'ended':
      throw conflict('grant-ended', 'The grant has ended; ask anew.');
    case 'claimed':
      throw conflict('already-claimed', 'The credential was claimed before; it is delivered once.');
    case 'being_claimed':
      throw conflict('being-claimed', 'The credential is being claimed at this moment.');
  }
}
