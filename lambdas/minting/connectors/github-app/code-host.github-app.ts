import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { Material } from '../../connector.port.ts';
import { type ApiAnswer, callApi } from '../api-call.https.ts';

type CodeHost = TargetOf<'github-app'>;

/** GitHub takes a token of at most ten minutes, and wants it dated back for clocks that differ. */
const APP_TOKEN_SECONDS = 600;
const DATED_BACK_SECONDS = 60;

/**
 * Proves to be the App (GitHub Docs, "Generating a JSON Web Token (JWT) for a GitHub App").
 * @throws DependencyUnavailable where the administrator's secret has no key
 */
export async function appToken(
  target: CodeHost,
  administrator: Material,
  nowEpochSeconds: number,
): Promise<string> {
  const issuedAt = nowEpochSeconds - DATED_BACK_SECONDS;
  try {
    // GitHub gives it as PKCS #1.
    const key = createPrivateKey(administrator['private_key'] ?? '');
    return await new SignJWT({ iss: target.appId, iat: issuedAt, exp: issuedAt + APP_TOKEN_SECONDS })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .sign(key);
  } catch {
    // Without its cause: what does not parse may be shown in it.
    throw new DependencyUnavailable(`The administrator's secret of ${target.id} has no private key`);
  }
}

/**
 * Calls GitHub's API.
 * @throws DependencyUnavailable where it did not answer
 */
export function callGithub(
  target: CodeHost,
  bearer: string,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<ApiAnswer> {
  return callApi({
    method,
    url: target.apiUrl + path,
    headers: {
      authorization: `Bearer ${bearer}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      'user-agent': 'sallyport',
    },
    body,
  });
}

/**
 * Ends an installation token; only who has it can. One that is refused has ended.
 * @throws DependencyUnavailable where that was not confirmed
 */
export async function endToken(target: CodeHost, token: string): Promise<void> {
  const { status } = await callGithub(target, token, 'DELETE', '/installation/token');
  if (status !== 204 && status !== 401)
    throw new DependencyUnavailable(`The API of ${target.id} did not confirm the end of a token: ${status}`);
}
