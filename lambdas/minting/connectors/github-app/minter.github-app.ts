import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import { conflict, Problem } from '../../../platform/problem.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';
import type { CredentialMinter } from '../../connector.port.ts';
import { appToken, callGithub, endToken } from './code-host.github-app.ts';
import { exceeds, IssuedToken, TOKEN_SECONDS, tokenRequest } from './token-request.ts';

/** Makes installation tokens of a GitHub App, narrowed to the grant. */
export function githubAppMinter(secrets: AdministratorSecrets): CredentialMinter<TargetOf<'github-app'>> {
  return {
    async mint(grant, target, { nowEpochSeconds }) {
      const administrator = await secrets.read(target.id);
      const asked = tokenRequest(grant, target);
      const { status, body } = await callGithub(
        target,
        await appToken(target, administrator, nowEpochSeconds),
        'POST',
        `/app/installations/${target.installationId}/access_tokens`,
        asked,
      );
      if (status === 422)
        throw conflict(
          'not-at-target',
          `The App's installation at ${target.id} has not all that the grant holds; whoever administers it must extend it.`,
        );
      // Refused before anything was made: the claim can be made again once it is put right.
      if (status >= 400 && status < 500)
        throw new Problem(
          503,
          'refused-by-target',
          'The target refused',
          `GitHub refused the App of ${target.id} (${status}). Claim again once whoever administers it has put that right.`,
        );
      const issued = IssuedToken.safeParse(body);
      if (status !== 201 || !issued.success)
        throw new DependencyUnavailable(`The API of ${target.id} did not confirm a token: ${status}`);

      const { token } = issued.data;
      if (exceeds(issued.data, asked, nowEpochSeconds)) {
        await endToken(target, token);
        throw conflict(
          'more-than-granted',
          `${target.id} gave more than the grant holds; it was ended at once. Tell whoever administers it.`,
        );
      }
      return { material: { access_token: token }, recognisedBy: [token], tokenType: 'Bearer' };
    },

    lifetimeSeconds: (_target, remainingSeconds) => Math.min(remainingSeconds, TOKEN_SECONDS),
    keeps: true,
    delivers: 'token',
  };
}
