import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { type Change, creation, replacement } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { IssuedTokenRecogniser } from '../platform/issued-token.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { forbidden, Problem } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type Caller, partiesOf, whoCalls } from '../verification/caller.ts';
import { freezeType } from '../verification/freeze.ts';
import { referenceTo } from '../verification/session.ts';
import { type ContainmentWorkflow, legFromRecord } from './containment-workflow.port.ts';
import { type ResolvedScope, resolveScope } from './resolve-scope.step.ts';
import { refusalOfResponder } from './responder.ts';
import {
  freezeFor,
  isOver,
  type Revocation,
  revocationScopeType,
  revocationType,
  type Scope,
  scopeId,
  submitted,
} from './revocation.ts';
import type { StartRevocationBody } from './revocations.routes.ts';
import type { SecretRotations } from './secret-rotations.port.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly tokens: IssuedTokenRecogniser;
  readonly secrets: Pick<SecretRotations, 'isManaged' | 'exposedBy'>;
  readonly workflow: ContainmentWorkflow;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Starts to contain an incident. The freeze is written in the transaction that records the run, so that its scope is
 * denied from that instant. While a run of the same scope is not over, it is the one that answers. Whatever is refused
 * is recorded in a chain of its own.
 * @throws Problem 401, 403 for who may not start it, or whom it concerns; 404 for what is not there
 * @throws DependencyUnavailable where the start was not confirmed; the same again starts what was recorded
 */
export function startRevocation({ deployment, ledger, workflow, clock, ids, ...finding }: Dependencies) {
  const resolve = resolveScope({ deployment, ledger, ...finding });

  return async (caller: Caller, body: StartRevocationBody): Promise<Revocation> => {
    const refused = refusalOfResponder(deployment, caller);
    // Of what somebody sends who may not, nothing is looked up.
    if (refused !== undefined) return refuse(caller, Object.keys(body.scope)[0] ?? '', refused);
    const resolved = await resolve(body.scope);
    if ('unknown' in resolved) return tellUnknown(caller, resolved.unknown);
    if (partiesOf(caller).some(resolved.concerns))
      return refuse(
        caller,
        resolved.scope.kind,
        forbidden(
          'concerned',
          'Nobody contains what they are themselves a part of. Another responder has to start it.',
        ),
        resolved.scope,
      );
    const revocation = await rereadOnConflict(() => joinOrRecord(caller, body, resolved));
    if (!isOver(revocation)) await workflow.start(legFromRecord(revocation.id));
    return revocation;
  };

  async function joinOrRecord(
    caller: Caller,
    body: StartRevocationBody,
    { scope, sessions, exposed }: ResolvedScope,
  ): Promise<Revocation> {
    const dryRun = body.dry_run ?? false;
    const pointer = scopeId(scope, dryRun);
    const known = await ledger.read(revocationScopeType, pointer);
    const last = known && (await ledger.read(revocationType, known.entity.revocation))?.entity;
    if (last !== undefined && !isOver(last)) return last;

    const revocation = submitted(
      {
        id: `rev-${ids.next()}`,
        txn: ids.next(),
        scope,
        sessions: [...sessions],
        reason: body.reason,
        dryRun,
        startedBy: { principal: referenceTo(caller.principal), actors: caller.actors.map(referenceTo) },
        startedAtEpochMilliseconds: clock.nowEpochMilliseconds(),
      },
      exposed,
    );
    const entry = { id: pointer, revocation: revocation.id };
    await ledger.commit({
      chain: revocation.id,
      opens: true,
      event: caseEvent(clock, revocation.txn, 'revocation.started', whoCalls(caller), {
        scope,
        reason: revocation.reason,
        dry_run: dryRun,
        ...(sessions.length === 0 ? {} : { sessions: [...sessions] }),
      }),
      changes: [
        creation(revocationType, revocation),
        known === undefined
          ? creation(revocationScopeType, entry)
          : replacement(revocationScopeType, known, entry),
        ...(dryRun ? [] : await freezes(revocation, exposed)),
      ],
    });
    return revocation;
  }

  async function freezes(
    { id: revocation, scope }: Revocation,
    exposed: readonly string[],
  ): Promise<Change[]> {
    const wanted = freezeFor(scope, exposed);
    const found = await ledger.readAll(wanted.map(({ id }) => [freezeType, id] as const));
    return wanted.map(({ id, holder }, index) => {
      const before = found[index];
      const freeze = { id, heldBy: { ...before?.entity.heldBy, [holder]: revocation } };
      return before === undefined ? creation(freezeType, freeze) : replacement(freezeType, before, freeze);
    });
  }

  async function refuse(caller: Caller, kind: string, problem: Problem, scope?: Scope): Promise<never> {
    await tell(caller, 'revocation.refused', {
      kind,
      problem: problem.type,
      ...(scope === undefined ? {} : { scope }),
    });
    throw problem;
  }

  /** A credential that is nobody's may be somebody's tomorrow: its fingerprint is kept in the record. */
  async function tellUnknown(caller: Caller, scope: Scope): Promise<never> {
    const chain = await tell(caller, 'revocation.unfounded', { scope });
    if (scope.kind !== 'credential')
      throw new Problem(
        404,
        'unknown-scope',
        'Not found',
        `There is no ${scope.kind} ${JSON.stringify(scope.id)} here. Look its id up, or name what you do know: a principal, a target, the leaked credential itself.`,
        { extensions: { revocation: chain } },
      );
    throw new Problem(
      404,
      'unknown-credential',
      'Not found',
      'The credential is nobody’s here: no grant, session or managed secret has it. Its fingerprint is recorded. If it is of a system that Sallyport does not govern, revoke it there.',
      { extensions: { revocation: chain, fingerprint: scope.id } },
    );
  }

  async function tell(
    caller: Caller,
    type: string,
    details: Parameters<typeof caseEvent>[4],
  ): Promise<string> {
    const chain = `rev-${ids.next()}`;
    await ledger.commit({
      chain,
      opens: true,
      event: caseEvent(clock, ids.next(), type, whoCalls(caller), details),
      changes: [],
    });
    return chain;
  }
}
