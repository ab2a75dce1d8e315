import type { Policy } from './policy.ts';

/** A function, an execution or whoever has asked STS, in the role that it has assumed. */
export interface AssumedRole {
  readonly kind: 'role';
  readonly roleArn: string;
  readonly sessionName: string;
  /** What STS holds of a session that was asked for. */
  readonly session?: RoleSession;
}

export interface RoleSession {
  /** It may do what its role may and this policy allows (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session). */
  readonly policy: Policy | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly sourceIdentity: string | undefined;
  readonly issuedAtEpochSeconds: number;
  readonly expiresAtEpochSeconds: number;
}

/** Who makes a call. */
export type Principal =
  | AssumedRole
  /** Whoever works with this machine: what the administrator of an AWS account is. */
  | { readonly kind: 'operator' }
  | {
      readonly kind: 'service';
      /** Such as `lambda.amazonaws.com`. */
      readonly name: string;
      /** For what of it the service makes the call: the ARN of a route, of a function. */
      readonly sourceArn: string;
    };

/** The principal as AWS's messages and policies name it. */
export function principalArn(principal: Principal, accountId: string): string {
  switch (principal.kind) {
    case 'role': {
      const roleName = principal.roleArn.replace(/^.*\//, '');
      return `arn:aws:sts::${accountId}:assumed-role/${roleName}/${principal.sessionName}`;
    }
    case 'operator':
      return `arn:aws:iam::${accountId}:root`;
    case 'service':
      return principal.name;
  }
}
