/** A member that a problem document may carry beyond RFC 9457's own. */
type ProblemExtensions = Readonly<Record<string, unknown>>;

/**
 * A refusal of an HTTP request, answered as problem+json (RFC 9457). Nothing was changed when it is thrown.
 * `type` is `urn:sallyport:problem:<code>` unless a profile names its own.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly extensions: ProblemExtensions;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    title: string,
    detail: string,
    more: { type?: string; extensions?: ProblemExtensions; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(title);
    this.status = status;
    this.type = more.type ?? `urn:sallyport:problem:${code}`;
    this.title = title;
    this.detail = detail;
    this.extensions = more.extensions ?? {};
    this.headers = more.headers ?? {};
  }

  /** The document of RFC 9457 §3.1. */
  toDocument(): Record<string, unknown> {
    return {
      type: this.type,
      title: this.title,
      status: this.status,
      detail: this.detail,
      ...this.extensions,
    };
  }
}

export function invalidRequest(
  detail: string,
  errors?: readonly { path: string; message: string }[],
): Problem {
  return new Problem(
    400,
    'invalid-request',
    'The request is not valid',
    detail,
    errors === undefined ? {} : { extensions: { errors } },
  );
}

/** What does not exist and what the caller may not see are answered alike. */
export function notFound(what: string): Problem {
  return new Problem(404, 'not-found', 'Not found', `There is no such ${what}, or you may not see it.`);
}

export function forbidden(code: string, detail: string): Problem {
  return new Problem(403, code, 'Refused', detail);
}

export function conflict(code: string, detail: string, type?: string): Problem {
  return new Problem(409, code, 'The state does not allow this', detail, type === undefined ? {} : { type });
}

/**
 * A token is missing or not accepted, or the proof of its key is not: RFC 6750 §3 asks for the challenge, and for no
 * error code where no token was sent; RFC 9449 §7.1 for the errors of proofs. Who sent a token in the DPoP scheme is
 * challenged in that one (`http-handler.middy.ts`).
 */
export function unauthenticated(
  detail: string,
  error?: 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce',
): Problem {
  const challenge = error === undefined ? 'Bearer' : `Bearer error="${error}", error_description="${detail}"`;
  return new Problem(401, error ?? 'no-token', 'Authentication is needed', detail, {
    headers: { 'www-authenticate': challenge },
  });
}

/** The session is too weak for this, or its authentication too old: RFC 9470 §3, step-up authentication. */
export function insufficientAuthentication(acr: string, detail: string, maxAgeSeconds?: number): Problem {
  const maxAge = maxAgeSeconds === undefined ? '' : `, max_age=${maxAgeSeconds}`;
  return new Problem(401, 'insufficient-user-authentication', 'Stronger authentication is needed', detail, {
    extensions: {
      acr_values: acr,
      ...(maxAgeSeconds === undefined ? {} : { max_age: maxAgeSeconds }),
    },
    headers: {
      'www-authenticate': `Bearer error="insufficient_user_authentication", error_description="${detail}", acr_values="${acr}"${maxAge}`,
    },
  });
}

/** RFC 6585 §4. */
export function tooManyAttempts(retryAfterSeconds: number): Problem {
  return new Problem(
    429,
    'too-many-attempts',
    'Too many attempts',
    `Try again in ${retryAfterSeconds} seconds.`,
    { headers: { 'retry-after': String(retryAfterSeconds) } },
  );
}

/**
 * An OAuth error (RFC 6749 §5.2): the `error` member is for OAuth clients, the rest for people. Both read the
 * same document.
 */
export function oauthError(
  error: string,
  description: string,
  status = 400,
  headers: Readonly<Record<string, string>> = {},
): Problem {
  return new Problem(status, error.replaceAll('_', '-'), 'The token request is refused', description, {
    extensions: { error, error_description: description },
    headers,
  });
}
