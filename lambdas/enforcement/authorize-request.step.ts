import type { EvaluationAnswer, EvaluationBody } from '../decision/authzen.routes.ts';
import { forbidden, insufficientAuthentication, invalidRequest, Problem } from '../platform/problem.ts';
import type { Caller } from '../verification/caller.ts';
import { type HttpQuestion, mapHttp } from './http-mapping.ts';
import { type Evaluated, evaluatedQuestion } from './meaning.ts';
import { type EnforcementDependencies, requireMeaning, subjectOf } from './question-asked.ts';
import { pathSegments } from './request-path.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Decides about a request to an internal API, for the proxy before it.
 * @throws Problem 401 where a step-up alone is missing (RFC 9470 §3), 403 where it is not permitted
 */
export function authorizeRequest({ deployment, evaluate }: EnforcementDependencies) {
  return async (caller: Caller, asked: HttpQuestion, headers: Headers): Promise<EvaluationAnswer> => {
    const subject = subjectOf(deployment.roles, caller, namedSubject(headers));
    const meant = requireMeaning(mapHttp(deployment.enforcement.http, asked));
    const approval = headers['x-sallyport-approval'];
    const answer = await evaluate(caller, {
      subject,
      ...meant,
      ...(approval === undefined ? {} : { context: { approval: { id: approval } } }),
    });
    if (!answer.decision) throw refusal(answer, evaluatedQuestion(subject, meant));
    return answer;
  };
}

/**
 * The request that `X-Original-URI` and `X-Original-Method` tell of.
 * @throws Problem 400 where one is missing: a proxy that is not configured must not be answered as if all were GET
 */
export function questionInHeaders(headers: Headers): HttpQuestion {
  const { 'x-original-uri': uri, 'x-original-method': method } = headers;
  if (uri === undefined || method === undefined)
    throw invalidRequest('Send the request that you ask about in X-Original-URI and X-Original-Method.');
  const [path = ''] = uri.split('?', 1);
  return { method, host: headers['x-original-host'], segments: pathSegments(path, 'encoded') };
}

/** The request whose method and path were used to ask. API Gateway has decoded the path. */
export function questionInPath(method: string, path: string, headers: Headers): HttpQuestion {
  return { method, host: headers['x-original-host'], segments: pathSegments(`/${path}`, 'decoded') };
}

/**
 * @throws Problem 400 where the subject is not said whole: actors or a channel without the session that they are of
 * would be passed over
 */
function namedSubject(headers: Headers): EvaluationBody['subject'] | undefined {
  const {
    'x-sallyport-subject': named,
    'x-sallyport-session': session,
    'x-sallyport-channel': channel,
    'x-sallyport-actors': actors,
  } = headers;
  if (session === undefined && (channel !== undefined || actors !== undefined))
    throw invalidRequest('Send the session that the channel and the actors are of: X-Sallyport-Session.');
  if (named === undefined) {
    if (session !== undefined) throw invalidRequest('Send whose session it is: X-Sallyport-Subject.');
    return undefined;
  }
  const [, type, id] = /^([a-z_]{1,64})\/(.{1,256})$/.exec(named) ?? [];
  if (type === undefined || id === undefined)
    throw invalidRequest('Send X-Sallyport-Subject as its type and its id: user/alice.');
  if (session === undefined) return { type, id };
  return {
    type,
    id,
    properties: {
      session,
      ...(channel === undefined ? {} : { channel }),
      ...(actors === undefined ? {} : { actors: listed(actors) }),
    },
  };
}

/**
 * `-` is nobody: proxies drop headers that are empty.
 * @throws Problem 400 where somebody's place is empty: whoever acts would pass as the subject where their name got lost
 */
function listed(header: string): string[] {
  if (header === '-') return [];
  const actors = header.split(',').map((one) => one.trim());
  if (actors.includes(''))
    throw invalidRequest('Send who acts in X-Sallyport-Actors, with commas between; - for nobody.');
  return actors;
}

function refusal({ context }: EvaluationAnswer, evaluated: Evaluated): Problem {
  const [stepUp, ...others] = context.obligations ?? [];
  if (stepUp?.type === 'step-up' && others.length === 0) {
    const { acr_value: acr } = stepUp.properties;
    return insufficientAuthentication(String(acr), 'The session does not prove enough for this request.');
  }
  const { status, type, title, detail } = forbidden('denied', 'The policies do not permit this request.');
  return new Problem(status, 'denied', title, detail, { type, extensions: { context, evaluated } });
}
