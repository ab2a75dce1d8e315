import {
  DeleteRolePolicyCommand,
  GetRoleCommand,
  type IAMClient,
  LimitExceededException,
  NoSuchEntityException,
  PutRolePolicyCommand,
  paginateListRolePolicies,
} from '@aws-sdk/client-iam';
import { type Clock, epochSeconds } from '../../../platform/clock.port.ts';
import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { CredentialRevoker, Material } from '../../connector.port.ts';
import {
  type Denial,
  denialDocument,
  denialName,
  hasRoom,
  isCovered,
  isOver,
  readDenial,
} from './denials.ts';
import { LONGEST_SESSION_SECONDS, sessionTimes } from './session.ts';

/**
 * AWS says that IAM is eventually consistent and names no bound
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency). Its
 * staff speak of less than a minute in most cases, others have measured some four seconds.
 */
const PROPAGATION_SECONDS = 60;

interface Dependencies {
  /** In the function's own role. */
  readonly iam: IAMClient;
  /** With the credentials of a session. */
  readonly iamAs: (session: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  }) => IAMClient;
  readonly clock: Clock;
}

/**
 * Nothing ends one session of a role: its role is made to refuse it, until it has ended by itself. Past what the role
 * has room for, the role refuses every session that is older than now.
 */
export function awsStsRevoker({ iam, iamAs, clock }: Dependencies): CredentialRevoker<TargetOf<'aws-sts'>> {
  return {
    async revoke(grant, target) {
      const times = sessionTimes(grant);
      const nowEpochSeconds = epochSeconds(clock);
      if (times === undefined || times.endByEpochSeconds <= nowEpochSeconds) return;
      const RoleName = nameOf(target.roleArn);
      const denial: Denial = {
        of: 'grant',
        grantId: grant.id,
        issuedByEpochSeconds: times.issuedByEpochSeconds,
        untilEpochSeconds: times.endByEpochSeconds,
      };
      const before = await denialsOn(RoleName);
      if (before === 'role is gone') return;
      if (before.some((one) => denialName(one) === denialName(denial))) return;
      const denials = await prune(RoleName, before, (one) => isOver(one, nowEpochSeconds));
      if (hasRoom(denials, denial) && (await put(RoleName, denial))) return;

      const older: Denial = {
        of: 'older-sessions',
        beforeEpochSeconds: nowEpochSeconds,
        untilEpochSeconds: nowEpochSeconds + LONGEST_SESSION_SECONDS,
      };
      if (!(await put(RoleName, older))) throw noRoom(target.id);
      const left = await prune(RoleName, denials, (one) => isCovered(one, older));
      if (hasRoom([...left, older], denial) && (await put(RoleName, denial))) return;
      // A session that may be issued at this very moment is not older: its grant is ended again later.
      if (!isCovered(denial, older)) throw noRoom(target.id);
    },

    async probe(grant, target, kept, nowEpochSeconds) {
      const times = sessionTimes(grant);
      if (times === undefined) return { answer: 'dead', how: 'no session was asked for' };
      const RoleName = nameOf(target.roleArn);
      const tried = kept === undefined ? undefined : await tryWith(kept, RoleName);
      if (tried === 'expired' || (tried === undefined && times.endByEpochSeconds <= nowEpochSeconds))
        return { answer: 'dead', how: 'its time is over' };
      if (tried === 'accepted') return { answer: 'live', how: 'iam:GetRole with it' };

      const denials = await denialsOn(RoleName).catch(() => undefined);
      if (denials === undefined) return { answer: 'unknown', how: 'IAM did not answer' };
      if (denials === 'role is gone') return { answer: 'dead', how: 'its role is gone' };
      const isDenied = denials.some((one) =>
        one.of === 'grant' ? one.grantId === grant.id : times.issuedByEpochSeconds < one.beforeEpochSeconds,
      );
      if (!isDenied) return { answer: 'unknown', how: 'its role does not refuse it' };
      if (tried === 'denied')
        return {
          answer: 'dead',
          how: 'iam:GetRole with it: refused by an explicit deny, which is on its role',
        };
      // Made by a claim that stopped before it was kept: nobody has been given it.
      if (kept === undefined) return { answer: 'dead', how: 'its role refuses it; it was handed to nobody' };
      return { answer: 'unknown', how: 'iam:GetRole with it: no answer that tells' };
    },

    boundSeconds: () => PROPAGATION_SECONDS,
    keeps: true,
  };

  /** Whether there was room for it. */
  async function put(RoleName: string, denial: Denial): Promise<boolean> {
    try {
      await iam.send(
        new PutRolePolicyCommand({
          RoleName,
          PolicyName: denialName(denial),
          PolicyDocument: denialDocument(denial),
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof LimitExceededException) return false;
      throw unavailable(error);
    }
  }

  /** Deletes those that are not needed any more, and answers with the others. */
  async function prune(
    RoleName: string,
    denials: readonly Denial[],
    isNeedless: (denial: Denial) => boolean,
  ): Promise<Denial[]> {
    for (const denial of denials.filter(isNeedless)) {
      const deletion = new DeleteRolePolicyCommand({ RoleName, PolicyName: denialName(denial) });
      await iam.send(deletion).catch((error: unknown) => {
        if (!(error instanceof NoSuchEntityException)) throw unavailable(error);
      });
    }
    return denials.filter((denial) => !isNeedless(denial));
  }

  async function denialsOn(RoleName: string): Promise<Denial[] | 'role is gone'> {
    const denials: Denial[] = [];
    try {
      for await (const { PolicyNames = [] } of paginateListRolePolicies({ client: iam }, { RoleName }))
        denials.push(...PolicyNames.flatMap((name) => readDenial(name) ?? []));
      return denials;
    } catch (error) {
      if (error instanceof NoSuchEntityException) return 'role is gone';
      throw unavailable(error);
    }
  }

  /**
   * Asks for what no session policy has to allow, and tells by the refusal's own words why it is refused: only a live
   * session is refused because nothing allows it
   * (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
   */
  async function tryWith(
    { access_key_id = '', secret_access_key = '', session_token = '' }: Material,
    RoleName: string,
  ): Promise<'accepted' | 'denied' | 'expired' | 'no answer'> {
    const client = iamAs({
      accessKeyId: access_key_id,
      secretAccessKey: secret_access_key,
      sessionToken: session_token,
    });
    try {
      await client.send(new GetRoleCommand({ RoleName }));
      return 'accepted';
    } catch (error) {
      const { name, message } = error as Error;
      if (/^ExpiredToken/.test(name)) return 'expired';
      if (!/^AccessDenied/.test(name)) return 'no answer';
      if (message.includes('with an explicit deny in an identity-based policy')) return 'denied';
      return /because no .+ allows the iam:GetRole action/.test(message) ? 'accepted' : 'no answer';
    } finally {
      client.destroy();
    }
  }
}

/** IAM names a role of the account by the last part of its ARN, whatever its path. */
function nameOf(roleArn: string): string {
  return roleArn.replace(/^.*\//, '');
}

function unavailable(cause: unknown): DependencyUnavailable {
  return new DependencyUnavailable('IAM did not confirm the call', { cause });
}

function noRoom(targetId: string): DependencyUnavailable {
  return new DependencyUnavailable(`The role of ${targetId} has no room for another denial`);
}
