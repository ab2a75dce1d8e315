import { createHash } from 'node:crypto';
import { type Principal, principalArn } from '../iam/principal.ts';
import { type Answer, queryAnswer } from './protocols.ts';

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: it needs no permission. */
export function answerCallerIdentity(principal: Principal, accountId: string): Answer {
  const UserId =
    principal.kind === 'role' ? `${roleIdOf(principal.roleArn)}:${principal.sessionName}` : accountId;
  return queryAnswer('GetCallerIdentity', 'https://sts.amazonaws.com/doc/2011-06-15/', {
    Arn: principalArn(principal, accountId),
    UserId,
    Account: accountId,
  });
}

/** AWS draws it when a role is made. */
function roleIdOf(roleArn: string): string {
  return `AROA${createHash('sha256').update(roleArn).digest('hex').slice(0, 17).toUpperCase()}`;
}
