import { GRANT_TAG } from './session.ts';

/**
 * What refuses sessions of a role is written on the role, a policy a grant. A policy is never changed, and its name is
 * used for nothing else, so that of those who write at the same time none undoes what another has written. The name
 * says all that is in it, so that no policy has to be read.
 */
export type Denial =
  /** Refuses the sessions of one grant. */
  | {
      readonly of: 'grant';
      readonly grantId: string;
      /** When its last session was issued, at the latest. */
      readonly issuedByEpochSeconds: number;
      readonly untilEpochSeconds: number;
    }
  /** Refuses every session that was issued before. */
  | {
      readonly of: 'older-sessions';
      readonly beforeEpochSeconds: number;
      readonly untilEpochSeconds: number;
    };

const PREFIX = 'sallyport-revoked-';

/**
 * How much of a role's inline policies denials may take, of AWS's 10,240 characters without white space: the rest is
 * for the role's own (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
 */
const ROOM = 9600;

export function denialName(denial: Denial): string {
  const what =
    denial.of === 'grant'
      ? `${denial.issuedByEpochSeconds}-${denial.grantId}`
      : `before-${denial.beforeEpochSeconds}`;
  return `${PREFIX}${denial.untilEpochSeconds}-${what}`;
}

/** @returns undefined where the policy is no denial of ours */
export function readDenial(name: string): Denial | undefined {
  const [, until, before, issuedBy, grantId] =
    /^sallyport-revoked-(\d+)-(?:before-(\d+)|(\d+)-(.+))$/.exec(name) ?? [];
  const untilEpochSeconds = Number(until);
  if (before !== undefined)
    return { of: 'older-sessions', beforeEpochSeconds: Number(before), untilEpochSeconds };
  return grantId === undefined
    ? undefined
    : { of: 'grant', grantId, issuedByEpochSeconds: Number(issuedBy), untilEpochSeconds };
}

/** Without `Version`, which would change nothing and take room. */
export function denialDocument(denial: Denial): string {
  const Condition =
    denial.of === 'grant'
      ? { StringEquals: { [`aws:PrincipalTag/${GRANT_TAG}`]: denial.grantId } }
      : {
          // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
          DateLessThan: {
            'aws:TokenIssueTime': `${new Date(denial.beforeEpochSeconds * 1000).toISOString().slice(0, 19)}Z`,
          },
        };
  return JSON.stringify({ Statement: { Effect: 'Deny', Action: '*', Resource: '*', Condition } });
}

/** Whether one more grant can be refused, with room kept to refuse all older sessions instead. */
export function hasRoom(denials: readonly Denial[], denial: Denial): boolean {
  const instead: Denial = { of: 'older-sessions', beforeEpochSeconds: 0, untilEpochSeconds: 0 };
  const taken = [...denials, denial, instead].map((one) => denialDocument(one).length);
  return taken.reduce((sum, length) => sum + length, 0) <= ROOM;
}

/** Whether all that a denial refuses is refused by another one, too. */
export function isCovered(denial: Denial, by: Denial): boolean {
  if (by.of !== 'older-sessions') return false;
  return denial.of === 'grant'
    ? denial.issuedByEpochSeconds < by.beforeEpochSeconds
    : denial.beforeEpochSeconds < by.beforeEpochSeconds;
}

/** Whether it refuses nothing any more: the sessions have ended by themselves. */
export function isOver(denial: Denial, nowEpochSeconds: number): boolean {
  return denial.untilEpochSeconds <= nowEpochSeconds;
}
