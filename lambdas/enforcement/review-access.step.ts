import type { EvaluationAnswer, EvaluationBody } from '../decision/authzen.routes.ts';
import { bareEvaluationId } from '../decision/denial-bindings.port.ts';
import { forbidden, invalidRequest } from '../platform/problem.ts';
import type { Caller } from '../verification/caller.ts';
import type { AccessReview, AnsweredReview } from './enforcement.routes.ts';
import { type Cluster, mapObject, mapPath, mapUser } from './kubernetes-mapping.ts';
import type { Mapped } from './meaning.ts';
import type { EnforcementDependencies } from './question-asked.ts';

type Status = AnsweredReview['status'];

/** What an API server's authenticator says of a user in our terms, by the names of `extra`. */
const EXTRA = {
  session: 'sallyport.example/session',
  channel: 'sallyport.example/channel',
  /** The user, then who acts for them, nearest first: never empty, since a cluster drops what is. */
  parties: 'sallyport.example/parties',
} as const;

const NO_OPINION: Status = { allowed: false, reason: 'No rule of Sallyport’s is about this' };
const AMBIGUOUS: Status = {
  allowed: false,
  denied: true,
  reason: 'Sallyport denies what could be taken for another request',
};

/**
 * Answers an API server. Of whom or what no rule names, it has no opinion: the next authorizer is asked. What a rule
 * names is allowed, or denied so that none after it can allow it
 * (https://kubernetes.io/docs/reference/access-authn-authz/webhook/).
 * @throws Problem 403 where the caller is not the API server of a cluster that the deployment names
 */
export function reviewAccess({ deployment, evaluate }: EnforcementDependencies) {
  return async (caller: Caller, { apiVersion, kind, spec }: AccessReview): Promise<AnsweredReview> => {
    const cluster = deployment.enforcement.kubernetes.find(({ askedBy }) => askedBy === caller.principal.id);
    if (cluster === undefined)
      throw forbidden('not-a-cluster', 'The deployment names no cluster whose API server asks as you.');
    return { apiVersion, kind, spec, status: await decide(cluster, caller, spec) };
  };

  async function decide(cluster: Cluster, caller: Caller, spec: AccessReview['spec']): Promise<Status> {
    const user = mapUser(cluster.users, spec.user);
    const mapped = user === 'unmapped' ? user : mapAsked(cluster, spec);
    if (user === 'unmapped' || mapped === 'unmapped') return NO_OPINION;
    if (user === 'ambiguous' || mapped === 'ambiguous') return AMBIGUOUS;
    const answer = await evaluate(caller, {
      subject: { ...user, ...placeOf(user.id, spec.extra) },
      ...mapped,
    });
    return answer.decision
      ? { allowed: true, reason: reasonOf(answer) }
      : { allowed: false, denied: true, reason: reasonOf(answer) };
  }
}

function mapAsked(
  cluster: Cluster,
  { resourceAttributes, nonResourceAttributes }: AccessReview['spec'],
): Mapped {
  if (resourceAttributes !== undefined) return mapObject(cluster.resources, resourceAttributes);
  if (nonResourceAttributes !== undefined) return mapPath(cluster.paths, nonResourceAttributes);
  return 'unmapped';
}

/**
 * Where the user was seen, and with whom.
 * @throws Problem 400 where that is said in part: an actor that is left out would pass as the person
 */
function placeOf(
  id: string,
  extra: AccessReview['spec']['extra'] = {},
): Pick<EvaluationBody['subject'], 'properties'> {
  const { [EXTRA.session]: sessions = [], [EXTRA.channel]: channels = [], [EXTRA.parties]: parties } = extra;
  if (sessions.length > 1 || channels.length > 1)
    throw invalidRequest(`A user is in one session and one channel: ${EXTRA.session}, ${EXTRA.channel}.`);
  const [[session], [channel], [first, ...actors]] = [sessions, channels, parties ?? [id]];
  if (first !== id) throw invalidRequest(`The first of the parties is the user: ${EXTRA.parties}.`);
  if (session === undefined && (channel !== undefined || parties !== undefined))
    throw invalidRequest(`Say the session that the channel and the parties are of: ${EXTRA.session}.`);
  if (session === undefined) return {};
  return {
    properties: {
      session,
      ...(channel === undefined ? {} : { channel }),
      ...(parties === undefined ? {} : { actors }),
    },
  };
}

/** For who reads the API server's audit log, or what `kubectl` prints. */
function reasonOf({ decision, context }: EvaluationAnswer): string {
  const { evaluation_id: id, reason = '', policies, obligations = [] } = context;
  const missing = obligations.map(({ type }) => type);
  return [
    decision ? 'Sallyport permits' : `Sallyport denies: ${reason}`,
    ...(policies.length === 0 ? [] : [`by ${policies.join(', ')}`]),
    ...(missing.length === 0 ? [] : [`missing: ${missing.join(', ')}`]),
    `evaluation ${bareEvaluationId(id)}`,
  ].join('; ');
}
