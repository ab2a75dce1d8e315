import { bareEvaluationId, type DenialBindings } from '../decision/denial-bindings.port.ts';
import {
  type BoundDenial,
  type DeniedQuestion,
  isSameQuestion,
  membersOf,
} from '../decision/denied-question.ts';
import { requestProblem } from './problems.ts';
import type { Denial } from './requests.routes.ts';

/**
 * Holds a submission to the denial that it follows from, by value (`binding_token`) or by reference (`evaluation_id`), or
 * both. Of what is repeated, just what was bound is compared: a request may say more than the evaluation did.
 * @throws Problem not_requestable, invalid_denial_binding, expired_denial
 */
export async function followedDenial(
  denials: DenialBindings,
  repeated: DeniedQuestion,
  denial: Denial | undefined,
  nowEpochSeconds: number,
): Promise<BoundDenial> {
  const { binding_token: token, evaluation_id: id } = denial ?? {};
  const bound =
    token === undefined ? await byReference(denials, repeated, id) : await byValue(denials, token);
  if (bound === undefined || !repeats(repeated, bound) || !agrees(bound, denial)) {
    throw requestProblem(
      'invalid_denial_binding',
      'Send the denial’s binding_token or evaluation_id as it came, with the same subject, actors, action, resource and context.',
    );
  }
  if (nowEpochSeconds >= bound.expiresAtEpochSeconds)
    throw requestProblem('expired_denial', 'Evaluate again, and follow the denial that comes of it.');
  return bound;
}

/** As an enforcement point may have asked, with all that it said; or as the subject itself did, of which nothing counts. */
async function byReference(
  denials: DenialBindings,
  repeated: DeniedQuestion,
  evaluationId: string | undefined,
): Promise<BoundDenial | undefined> {
  if (evaluationId === undefined) return undefined;
  if (bareEvaluationId(evaluationId) === evaluationId)
    throw requestProblem(
      'not_requestable',
      'That evaluation was no denial that an approval would turn into a permit: its context had no access_request.',
    );
  const { resource, context: _, ...rest } = repeated;
  const own = { ...rest, resource: { type: resource.type, id: resource.id } };
  return (await denials.recall(evaluationId, repeated)) ?? denials.recall(evaluationId, own);
}

function byValue(denials: DenialBindings, token: string): Promise<BoundDenial | undefined> {
  return denials.open(token);
}

function repeats({ resource, context, ...rest }: DeniedQuestion, bound: BoundDenial): boolean {
  const properties = membersOf(resource.properties, Object.keys(bound.resource.properties ?? {}));
  const circumstances = membersOf(context, Object.keys(bound.context ?? {}));
  return isSameQuestion(
    {
      ...rest,
      resource: { type: resource.type, id: resource.id, ...(properties === undefined ? {} : { properties }) },
      ...(circumstances === undefined ? {} : { context: circumstances }),
    },
    bound,
  );
}

/** What else a denial says of itself must not be of another one. */
function agrees(bound: BoundDenial, { evaluation_id: id, expires_at: expiresAt }: Denial = {}): boolean {
  return (
    (id === undefined || bareEvaluationId(id) === bound.id) &&
    (expiresAt === undefined || secondsOf(expiresAt) === bound.expiresAtEpochSeconds)
  );
}

function secondsOf(timestamp: string): number {
  return Date.parse(timestamp) / 1000;
}
