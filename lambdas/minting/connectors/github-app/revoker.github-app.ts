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
      if (token === undefined) return judgedByTime(grant, nowEpochSeconds);
      try {
        const { status } = await callGithub(target, token, 'GET', '/installation/repositories?per_page=1');
        const how = `GET /installation/repositories with it: ${status}`;
        if (status === 401) return { answer: 'dead', how };
        return { answer: status === 200 ? 'live' : 'unknown', how };
      } catch (error) {
        if (!(error instanceof DependencyUnavailable)) throw error;
        return { answer: 'unknown', how: 'GitHub did not answer' };
      }
    },

    boundSeconds: () => 0,
    keeps: true,
  };
}

/** Without the token nobody can try it, nor end it. */
function judgedByTime(grant: Grant, nowEpochSeconds: number): ProbeAnswer {
  const credential = 'credential' in grant ? grant.credential : undefined;
  switch (credential?.status) {
    case 'issuing':
    case 'live': {
      // A claim may still be at work until its lease is over.
      const since =
        credential.status === 'live' ? credential.issuedAtEpochSeconds : credential.sinceEpochSeconds;
      const isOver = nowEpochSeconds > since + CLAIM_LEASE_SECONDS + TOKEN_SECONDS + CLOCK_SKEW_SECONDS;
      return isOver
        ? { answer: 'dead', how: 'its hour is over' }
        : { answer: 'unknown', how: 'it is not at hand, and its hour is not over' };
    }
    case undefined:
    case 'prepared':
      return { answer: 'dead', how: 'none was ever asked for' };
    case 'revoked':
      return { answer: 'dead', how: 'it was dead before' };
  }
}
