import { type Circumstances, decidePermission, stepUpThatPermits } from '../decision/decide.ts';
import type { Policies, PolicySetEngine } from '../decision/policies.port.ts';
import { targetResource } from '../decision/resource.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { type Deployment, findTarget, type Target } from '../platform/deployment.ts';
import { replacement, type Stored } from '../platform/entity.ts';
import { BrokenInvariant, GrantNotHeld } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { conflict, forbidden, insufficientAuthentication, notFound, Problem } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { acrOf } from '../verification/assurance.ts';
import { type Caller, isSameParty, partiesOf, whoCalls } from '../verification/caller.ts';
import { isTargetFrozen, targetFreezesWanted } from '../verification/freeze.ts';
import { originClaims } from '../verification/origin-claims.ts';
import {
  type CredentialMinter,
  type Material,
  type MintedCredential,
  type Minters,
  minterFor,
} from './connector.port.ts';
import type { CredentialVault } from './credential-vault.port.ts';
import {
  approvalsOf,
  type Credential,
  claimability,
  fingerprintOf,
  type Grant,
  type GrantIn,
  grantType,
  isHeld,
  lostTry,
} from './grant.ts';
import { heldAncestors } from './held-ancestors.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly policies: Policies;
  readonly minters: Minters;
  readonly vault: CredentialVault;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** What a claim delivers, in this one answer. */
export interface ClaimedCredential extends Pick<MintedCredential, 'tokenType'> {
  /** The credential; none where it is fetched from Secrets Manager instead. */
  readonly material?: Material;
  /** The name of the secret that the grantee's own AWS role may read, where there is such a role. */
  readonly secret?: string;
  readonly grant: GrantIn<'active'>;
  readonly expiresInSeconds: number;
}

/**
 * Delivers a grant's credential, once, to the party that the grant is for. Two writes around the effect, so that a stop
 * anywhere leaves nothing live that is not known:
 *
 *     issuing   the claim is taken: no other claim gets through
 *     (mint)    the credential is made; until the next write no target that asks accepts it
 *     live      its fingerprint is recorded; then it is handed out
 *
 * If it could not be made, the claim is given back and may be made again.
 */
export function claimCredential({ deployment, policies, minters, vault, ledger, clock }: Dependencies) {
  return async (caller: Caller, grantId: string): Promise<ClaimedCredential> => {
    const claim = await rereadOnConflict(() => take(caller, grantId));
    const { grant, minter, target, lost, nowEpochSeconds, expiresAtEpochSeconds } = claim;
    let minted: MintedCredential;
    let kept: { readonly secret: string } | undefined;
    const reader = minter.delivers === 'secret' ? awsRoleOf(caller) : undefined;
    try {
      minted = await minter.mint(grant, target, {
        nowEpochSeconds,
        expiresAtEpochSeconds,
        keyThumbprint: caller.keyThumbprint,
        claimedFrom: originClaims(caller.session, caller.assurance),
      });
      kept = minter.keeps ? await vault.keep(grant.id, minted.material, reader) : undefined;
    } catch (error) {
      // What rests nowhere was not made, and neither was what the target can never give. Of anything else nobody knows:
      // the next claim makes it anew in its place, and its revocation looks for it.
      if (!minter.keeps || error instanceof Problem)
        await settle(caller, claim, 'credential.not-issued', {
          status: 'prepared',
          handle: claim.handle,
          ...lost,
        });
      throw error;
    }
    const live = await settle(caller, claim, 'credential.issued', {
      status: 'live',
      handle: claim.handle,
      fingerprints: minted.recognisedBy.map(fingerprintOf),
      issuedAtEpochSeconds: nowEpochSeconds,
      expiresAtEpochSeconds,
      ...lost,
    });
    return {
      ...(minted.tokenType === undefined ? {} : { tokenType: minted.tokenType }),
      ...(kept !== undefined && reader !== undefined ? kept : { material: minted.material }),
      grant: live,
      expiresInSeconds: expiresAtEpochSeconds - nowEpochSeconds,
    };
  };

  /** A claim that was taken: nobody else's gets through while it lasts. */
  interface Claim {
    readonly grant: GrantIn<'active'>;
    readonly target: Target;
    readonly minter: CredentialMinter;
    readonly handle: string;
    readonly lost: ReturnType<typeof lostTry>;
    readonly nowEpochSeconds: number;
    readonly expiresAtEpochSeconds: number;
  }

  async function take(caller: Caller, grantId: string): Promise<Claim> {
    const stored = await ledger.read(grantType, grantId);
    if (stored === undefined || !isSameParty(caller, stored.entity)) throw notFound('grant');
    const target = findTarget(deployment, stored.entity.target);
    if (target === undefined)
      throw new BrokenInvariant('A grant is for a target that the deployment does not have');
    const now = epochSeconds(clock);
    requireSameKey(caller, stored.entity);
    const grant = claimable(stored.entity, now);
    const minter = minterFor(minters, target);
    if (minter.delivers === 'nothing')
      throw conflict(
        'nothing-to-claim',
        'There is no credential for this grant: use the resource. Its enforcement point asks Sallyport.',
      );
    if (isTargetFrozen(target, await ledger.readAll(targetFreezesWanted(target))))
      throw conflict(
        'target-frozen',
        'The target is frozen while it is contained. Claim again once its responders have lifted the freeze.',
      );
    const engine = await policies.current();
    decideAgain(engine, caller, grant, target, now);
    await heldAncestors(ledger, grant, now).catch((error: unknown) => {
      if (!(error instanceof GrantNotHeld)) throw error;
      throw conflict('grant-ended', 'A grant that this one is a part of has ended; ask anew.');
    });

    const expiresAtEpochSeconds = now + minter.lifetimeSeconds(target, grant.expiresAtEpochSeconds - now);
    const { handle } = grant.credential;
    const lost = lostTry(grant.credential);
    const taken = await change(
      caller,
      stored,
      grant,
      'credential.claimed',
      {
        status: 'issuing',
        handle,
        sinceEpochSeconds: now,
        expiresAtEpochSeconds,
        ...lost,
      },
      { policy_set: engine.policySet },
    );
    return { grant: taken, target, minter, handle, lost, nowEpochSeconds: now, expiresAtEpochSeconds };
  }

  /** Ends a claim as it came out, unless the grant has ended or another claim has taken its place. */
  function settle(
    caller: Caller,
    claim: Claim,
    event: string,
    outcome: Credential,
  ): Promise<GrantIn<'active'>> {
    // The workflow may be saving its hold at this moment.
    return rereadOnConflict(async () => {
      const stored = await ledger.read(grantType, claim.grant.id);
      const grant = stored?.entity;
      if (stored === undefined || grant === undefined || !isHeld(grant, epochSeconds(clock)))
        throw conflict('grant-ended', 'The grant ended while its credential was being claimed.');
      const { credential } = grant;
      if (credential.status !== 'issuing' || credential.sinceEpochSeconds !== claim.nowEpochSeconds)
        throw conflict('being-claimed', 'The claim took too long, and another one has taken its place.');
      return change(caller, stored, grant, event, outcome);
    });
  }

  /** What a session may do is judged when it does it: the permits must still hold, for all of the grant. */
  function decideAgain(
    engine: PolicySetEngine,
    caller: Caller,
    grant: GrantIn<'active'>,
    target: Target,
    now: number,
  ): void {
    const asked = grant.permissions.map((permission): [string, Circumstances] => [
      permission,
      {
        parties: partiesOf(caller),
        resource: targetResource(target),
        channel: caller.channel,
        assurance: caller.assurance,
        provenByActors: caller.provenByActors,
        requestedDurationSeconds: grant.expiresAtEpochSeconds - now,
        approvals: approvalsOf(grant, permission),
      },
    ]);
    const refused = asked.filter(
      ([permission, circumstances]) =>
        decidePermission(engine, permission, circumstances).outcome !== 'permitted',
    );
    if (refused.length > 0) {
      const permissions = refused.map(([permission]) => permission).join(', ');
      const aal = stepUpThatPermits(engine, refused);
      if (aal !== undefined) {
        throw insufficientAuthentication(
          acrOf(aal) ?? '',
          `This session does not prove enough for ${permissions} any more. Step up, then claim again.`,
        );
      }
      throw forbidden(
        'no-longer-permitted',
        `Policy no longer permits ${permissions} to this session. Give the grant back and ask anew.`,
      );
    }
  }

  async function change(
    caller: Caller,
    stored: Stored<Grant>,
    grant: GrantIn<'active'>,
    event: string,
    credential: Credential,
    details: Readonly<Record<string, string>> = {},
  ): Promise<GrantIn<'active'>> {
    const changed = { ...grant, credential };
    await ledger.commit({
      chain: grant.requestId,
      event: caseEvent(clock, grant.txn, event, whoCalls(caller), {
        grant: grant.id,
        handle: credential.handle,
        ...(credential.status === 'live' ? { fingerprint: credential.fingerprints[0] } : {}),
        ...details,
      }),
      changes: [replacement(grantType, stored, changed)],
    });
    return changed;
  }
}

/** The IAM role that the grantee runs in, who is whoever acts, not the one it acts for. */
function awsRoleOf(caller: Caller): string | undefined {
  const grantee = caller.actors[0] ?? caller.principal;
  return grantee.kind === 'user' ? undefined : grantee.awsRole;
}

/** What was asked for with a key is given to who holds that key, in whichever of the principal's sessions. */
function requireSameKey(caller: Caller, grant: Grant): void {
  if (grant.keyThumbprint !== undefined && grant.keyThumbprint !== caller.keyThumbprint) {
    throw forbidden(
      'another-key',
      'The grant was asked for in a session that is bound to a key. Claim it with a token that is bound to the same key.',
    );
  }
}

function claimable(grant: Grant, now: number): GrantIn<'active'> {
  switch (claimability(grant, now)) {
    case 'claimable':
      return grant as GrantIn<'active'>;
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
