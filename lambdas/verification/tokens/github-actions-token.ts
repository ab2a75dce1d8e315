import * as z from 'zod';
import { PostureClaim, type TokenKind } from './token-kind.ts';

const GitHubActionsClaims = z.object({
  iat: z.number(),
  jti: z.string(),
  repository: PostureClaim,
  ref: PostureClaim,
  job_workflow_ref: PostureClaim,
  runner_environment: PostureClaim,
  /** Of jobs that have one: a rule that names an environment is for no other. */
  environment: PostureClaim.optional(),
});

/** https://docs.github.com/en/actions/reference/security/oidc: the token of one job of a workflow. */
export const gitHubActionsToken: TokenKind = {
  of: 'machine',
  types: ['JWT'],
  isUsedOnce: true,
  read(claims) {
    const read = GitHubActionsClaims.safeParse(claims);
    if (!read.success) return undefined;
    const { iat, repository, ref, environment, job_workflow_ref, runner_environment } = read.data;
    return {
      amr: [],
      provenAtEpochSeconds: iat,
      posture: {
        repository,
        ref,
        workflow: job_workflow_ref,
        runner: runner_environment,
        ...(environment === undefined ? {} : { environment }),
      },
    };
  },
};
