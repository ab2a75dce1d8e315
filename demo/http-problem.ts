import type { ServerResponse } from 'node:http';

/** An answer other than success: problem details (RFC 9457), and the challenge that goes with a 401 or 403. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly challenge: string | undefined;

  constructor(status: number, title: string, options: { challenge?: string; cause?: unknown } = {}) {
    super(title, { cause: options.cause });
    this.status = status;
    this.challenge = options.challenge;
  }

  send(response: ServerResponse): void {
    response
      .writeHead(this.status, {
        'content-type': 'application/problem+json',
        ...(this.challenge === undefined ? {} : { 'www-authenticate': this.challenge }),
      })
      .end(JSON.stringify({ type: 'about:blank', title: this.message, status: this.status }));
  }
}

/** RFC 6750 §3: without a token, the challenge alone, and no error code. */
export function authenticationRequired(): HttpProblem {
  return new HttpProblem(401, 'An access token is required', { challenge: 'Bearer, DPoP algs="ES256"' });
}

/** RFC 6750 §3.1, and RFC 9449 §7.1 for a token that is bound to a key. */
export function invalidToken(
  scheme: 'Bearer' | 'DPoP',
  title: string,
  { error = 'invalid_token', cause }: { error?: string; cause?: unknown } = {},
): HttpProblem {
  return new HttpProblem(401, title, {
    challenge: `${scheme} error="${error}", error_description="${title}"`,
    cause,
  });
}

/** RFC 6750 §3.1: a good token, for less than this. */
export function insufficientScope(permission: string, title: string): HttpProblem {
  return new HttpProblem(403, title, {
    challenge: `Bearer error="insufficient_scope", error_description="${title}", scope="${permission}"`,
  });
}
