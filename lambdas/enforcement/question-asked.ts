import type { EvaluationAnswer, EvaluationBody } from '../decision/authzen.routes.ts';
import type { Deployment } from '../platform/deployment.ts';
import { forbidden, type Problem } from '../platform/problem.ts';
import { type Caller, isInAny } from '../verification/caller.ts';
import type { Mapped, Meant } from './meaning.ts';

/** The one evaluation that every enforcement point's question goes through. */
export type Evaluate = (caller: Caller, body: EvaluationBody) => Promise<EvaluationAnswer>;

export interface EnforcementDependencies {
  readonly deployment: Pick<Deployment, 'enforcement' | 'roles'>;
  readonly evaluate: Evaluate;
}

/**
 * Whom a question is about: whom the enforcement point names, or the caller.
 * @throws Problem 403 where an enforcement point names nobody: a proxy that lost its client's name must not be answered
 * with what the proxy itself may do
 */
export function subjectOf(
  roles: Pick<Deployment['roles'], 'enforcementPoints'>,
  caller: Caller,
  named: EvaluationBody['subject'] | undefined,
): EvaluationBody['subject'] {
  if (named !== undefined) return named;
  if (isInAny(caller, roles.enforcementPoints))
    throw forbidden('no-subject', 'An enforcement point says whom it asks about.');
  return { type: caller.principal.kind, id: caller.principal.id };
}

/** @throws Problem 403 where the request has no meaning, or more than one */
export function requireMeaning(mapped: Mapped): Meant {
  if (mapped === 'unmapped')
    throw forbidden('not-mapped', 'No rule of the deployment says what this request means.');
  if (mapped === 'ambiguous') throw ambiguous();
  return mapped;
}

function ambiguous(): Problem {
  return forbidden(
    'ambiguous-request',
    'This request could be taken for another one. Send its path in one form: no empty or dot segments, no encoded ' +
      'separators, letters in the case that the rules have; and tell its host.',
  );
}
