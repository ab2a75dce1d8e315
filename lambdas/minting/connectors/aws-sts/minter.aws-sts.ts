import { AssumeRoleCommand, PackedPolicyTooLargeException, type STSClient } from '@aws-sdk/client-sts';
import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import { conflict, type Problem } from '../../../platform/problem.ts';
import type { CredentialMinter } from '../../connector.port.ts';
import { GRANT_TAG, LONGEST_SESSION_SECONDS, legalName, SHORTEST_SESSION_SECONDS } from './session.ts';
import { LONGEST_SESSION_POLICY, sessionPolicy } from './session-policy.ts';

/** Makes a session of the target's role, narrowed to what the grant holds (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). */
export function awsStsMinter(sts: STSClient): CredentialMinter<TargetOf<'aws-sts'>> {
  return {
    async mint(grant, target, { nowEpochSeconds, expiresAtEpochSeconds }) {
      const Policy = sessionPolicy(target.permissions, grant.permissions);
      if (Policy.length > LONGEST_SESSION_POLICY) throw tooManyPermissions();
      const principal = legalName(grant.principal.id);
      const assume = new AssumeRoleCommand({
        RoleArn: target.roleArn,
        RoleSessionName: legalName(grant.credential.handle),
        Policy,
        // What is left of the grant may be less: its end refuses the session.
        DurationSeconds: Math.max(expiresAtEpochSeconds - nowEpochSeconds, SHORTEST_SESSION_SECONDS),
        SourceIdentity: principal,
        // Not transitive: a role that the session could assume from here has rules of its own.
        Tags: [
          { Key: GRANT_TAG, Value: grant.id },
          { Key: 'principal', Value: principal },
        ],
        ...(target.externalId === undefined ? {} : { ExternalId: target.externalId }),
      });
      const { Credentials } = await sts.send(assume).catch((error: unknown) => {
        if (error instanceof PackedPolicyTooLargeException) throw tooManyPermissions();
        throw new DependencyUnavailable(`The role of ${target.id} could not be assumed`, { cause: error });
      });
      const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials ?? {};
      if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined)
        throw new DependencyUnavailable('STS answered without credentials');
      return {
        material: {
          access_key_id: AccessKeyId,
          secret_access_key: SecretAccessKey,
          session_token: SessionToken,
        },
        // Its id is no secret, but what scanners and CloudTrail report of a leaked one, and of this session alone.
        recognisedBy: [SecretAccessKey, SessionToken, AccessKeyId],
      };
    },

    lifetimeSeconds: (_, remainingSeconds) => Math.min(remainingSeconds, LONGEST_SESSION_SECONDS),
    keeps: true,
    delivers: 'secret',
  };
}

function tooManyPermissions(): Problem {
  return conflict(
    'session-policy-too-large',
    `What the grant permits does not fit into the ${LONGEST_SESSION_POLICY} characters that AWS gives a session policy. Give the grant back and ask for fewer permissions at once.`,
  );
}
