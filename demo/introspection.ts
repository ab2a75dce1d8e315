import { HttpProblem } from './http-problem.ts';
import { createOwnSession, type OwnSessionOptions } from './own-session.ts';

export type IntrospectionOptions = OwnSessionOptions;

/**
 * Asks Sallyport whether a token still counts (RFC 7662 §2), so that what was revoked a moment ago is refused
 * now. If Sallyport cannot be asked, the answer is 503: a token that cannot be checked opens nothing.
 */
export function createIntrospection(options: IntrospectionOptions) {
  const ask = createOwnSession(options);

  return async (token: string): Promise<boolean> => {
    try {
      const response = await ask('/oauth2/introspect', {
        method: 'POST',
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
      });
      if (!response.ok) throw new Error(`Introspection answered ${response.status}`);
      const answer = (await response.json()) as { active?: unknown };
      return answer.active === true;
    } catch (cause) {
      throw new HttpProblem(503, 'The access token cannot be checked now', { cause });
    }
  };
}
