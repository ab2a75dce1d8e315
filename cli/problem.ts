import { printable } from './printable.ts';

/** Problem details (RFC 9457) as the API gives them. Nothing of it is taken for granted. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly request_id?: string;
  readonly acr_values?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

const PROBLEM = 'urn:sallyport:problem:';
const LOG_IN = 'Log in: npx sallyport login --subject-token <file, - or env:NAME>.';

/** What a responder can do about it, where the API's own sentence does not say so. */
const advice: Readonly<Record<string, string>> = {
  'no-token': LOG_IN,
  invalid_token: `The session is over, or its token has expired. ${LOG_IN}`,
  invalid_dpop_proof: `The key that the session is bound to did not prove it. ${LOG_IN}`,
};

/** A problem as sentences: what is wrong, what to do, and by what to ask about it. */
export function explainProblem(
  response: { readonly status: number; readonly headers: Headers },
  problem: Problem,
): string {
  const code = problem.type?.startsWith(PROBLEM) ? problem.type.slice(PROBLEM.length) : '';
  const errors = (problem.errors ?? []).slice(1).map(({ path, message }) => `${path}: ${message}.`);
  const retryAfter = response.headers.get('retry-after');
  return [
    problem.detail ?? problem.title ?? `Sallyport answered ${response.status}.`,
    ...errors,
    advice[code],
    code === 'insufficient-user-authentication' && problem.acr_values
      ? `Log in with ${problem.acr_values} or more, then do the same again.`
      : undefined,
    response.status === 503 && retryAfter !== null ? `It asks for ${retryAfter} s of patience.` : undefined,
    problem.request_id === undefined ? undefined : `(request ${problem.request_id})`,
  ]
    .filter((sentence) => sentence !== undefined)
    .map(printable)
    .join(' ');
}
