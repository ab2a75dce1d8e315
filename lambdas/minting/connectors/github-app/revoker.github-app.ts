import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { CredentialRevoker, ProbeAnswer } from '../../connector.port.ts';
import { CLAIM_LEASE_SECONDS, type Grant } from '../../grant.ts';
import { callGithub, endToken } from './code-host.github-app.ts';
import { CLOCK_SKEW_SECONDS, TOKEN_SECONDS } from './token-request.ts';

/** Ends installation tokens by themselves. One that was lost before it was kept ends with its hour. */
export function githubAppRevoker(): CredentialRevoker<TargetOf<'github-app'>> {
  return {
    async revoke(_grant, target, kept) {
      const token = kept?.['access_token'];
      if (token !== undefined) await endToken(target, token);
    },

    async probe(grant, target, kept, nowEpochSeconds): Promise<ProbeAnswer> {
      const token = kept?.['access_token'];
      if (token === undefined) return judgedByTime(lastTryAt(grant), nowEpochSeconds);
      try {
        const { status } = await callGithub(target, token, 'GET', '/installation/repositories?per_page=1');
        const how = `GET /installation/repositories with it: ${status}`;
        if (status !== 401) return { answer: status === 200 ? 'live' : 'unknown', how };
        const lost = judgedByTime(lostTryAt(grant), nowEpochSeconds);
        return lost.answer === 'dead' ? { answer: 'dead', how } : { ...lost, how: `${how}; ${lost.how}` };
      } catch (error) {
        if (!(error instanceof DependencyUnavailable)) throw error;
        return { answer: 'unknown', how: 'GitHub did not answer' };
      }
    },

    boundSeconds: () => 0,
    keeps: true,
  };
}

/** When the last try began whose token, if it made one, is not at hand. */
function lastTryAt(grant: Grant): number | undefined {
  const credential = 'credential' in grant ? grant.credential : undefined;
  switch (credential?.status) {
    case 'issuing':
      return credential.sinceEpochSeconds;
    case 'live':
      return credential.issuedAtEpochSeconds;
    default:
      return lostTryAt(grant);
  }
}

/** When the last try before its own began, if any did. */
function lostTryAt(grant: Grant): number | undefined {
  return 'credential' in grant && 'lostTryAtEpochSeconds' in grant.credential
    ? grant.credential.lostTryAtEpochSeconds
    : undefined;
}

/** Without the token nobody can try it, nor end it. */
function judgedByTime(tryAtEpochSeconds: number | undefined, nowEpochSeconds: number): ProbeAnswer {
  if (tryAtEpochSeconds === undefined) return { answer: 'dead', how: 'none was ever asked for' };
  // A claim may still have been at work until its lease was over.
  const longest = CLAIM_LEASE_SECONDS + TOKEN_SECONDS + CLOCK_SKEW_SECONDS;
  return nowEpochSeconds > tryAtEpochSeconds + longest
    ? { answer: 'dead', how: 'its hour is over' }
    : { answer: 'unknown', how: 'one that is not at hand may live until its hour is over' };
}
