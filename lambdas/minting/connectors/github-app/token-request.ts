import * as z from 'zod';
import type { TargetOf } from '../../../platform/deployment.ts';
import type { Grant } from '../../grant.ts';
import { meaningsOf } from '../meanings.ts';
import { levels } from './target.ts';

type CodeHost = TargetOf<'github-app'>;
type Level = (typeof levels)[number];

/** How long an installation token lives, whatever is asked for (GitHub Docs, "Create an installation access token for an app"). */
export const TOKEN_SECONDS = 3600;

/** How far apart GitHub's clock and ours may be. */
export const CLOCK_SKEW_SECONDS = 60;

/** What every installation token may do besides (GitHub Docs, "Permissions required for GitHub Apps"). */
const ALWAYS_GIVEN: Readonly<Record<string, Level>> = { metadata: 'read' };

export interface TokenRequest {
  readonly repositories: readonly string[];
  readonly permissions: Readonly<Record<string, Level>>;
}

/** What GitHub answers to it. */
export const IssuedToken = z.object({
  token: z.string().min(1),
  expires_at: z.iso.datetime({ offset: true }),
  permissions: z.record(z.string(), z.string()),
  repository_selection: z.string(),
  repositories: z.array(z.object({ name: z.string() })),
});
export type IssuedToken = z.infer<typeof IssuedToken>;

/**
 * Asks for the target's repositories, and for the permissions of the grant. Where several of them are one at GitHub, the
 * highest level holds the others.
 * @throws Problem where the target has lost a permission of the grant
 */
export function tokenRequest(grant: Grant, target: CodeHost): TokenRequest {
  const permissions: Record<string, Level> = {};
  for (const { permission, level } of meaningsOf(grant, target)) {
    const asked = permissions[permission];
    if (asked === undefined || isMore(level, asked)) permissions[permission] = level;
  }
  return { repositories: target.repositories, permissions };
}

/** Whether a token can do more, or elsewhere, or for longer, than was asked for. */
export function exceeds(issued: IssuedToken, asked: TokenRequest, nowEpochSeconds: number): boolean {
  const allowed: Readonly<Record<string, Level>> = { ...ALWAYS_GIVEN, ...asked.permissions };
  // GitHub's names of repositories do not distinguish cases.
  const repositories = new Set(asked.repositories.map((name) => name.toLowerCase()));
  return (
    issued.repository_selection !== 'selected' ||
    issued.repositories.some(({ name }) => !repositories.has(name.toLowerCase())) ||
    Object.entries(issued.permissions).some(([name, level]) => {
      const most = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
      return most === undefined || isMore(level, most);
    }) ||
    Date.parse(issued.expires_at) / 1000 > nowEpochSeconds + TOKEN_SECONDS + CLOCK_SKEW_SECONDS
  );
}

/** A level that we do not know is more than any. */
function isMore(level: string, than: Level): boolean {
  const place = (levels as readonly string[]).indexOf(level);
  return place === -1 || place > levels.indexOf(than);
}
