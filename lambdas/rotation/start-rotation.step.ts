import type { Who } from '../audit/event.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { creation, replacement, type Stored } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { chainOfSecret, type ManagedSecret, managedSecretType } from './managed-secret.ts';
import {
  ROTATION_LEASE_SECONDS,
  type Rotation,
  type RotationFailure,
  type RotationReason,
  rotationId,
  rotationType,
} from './rotation.ts';
import type { RotationWorkflow } from './rotation-workflow.port.ts';

/** What failed where an execution was stopped before it could say. */
const ABANDONED: RotationFailure = { state: 'Execution', error: 'Abandoned' };

export interface StartRotationDependencies {
  readonly ledger: Ledger;
  readonly workflow: RotationWorkflow;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface RotationOrder {
  readonly secretId: string;
  readonly reason: RotationReason;
  /** The revocation that asks for it. */
  readonly revocation?: string;
  /** Correlates it with what else belongs to the same undertaking. */
  readonly txn: string;
  readonly by: Who;
}

/**
 * Starts the rotation of a secret, or joins the one that runs: a secret has one at a time. For a revocation, what was
 * valid before is dead at its end, also where one runs that was started for less. The rotation is recorded before its
 * workflow is started, and starting that twice is starting it once, so this can be done again.
 * @returns the rotation that runs now; undefined where there is no such secret
 * @throws DependencyUnavailable where the start was not confirmed; the same again joins what was recorded
 */
export function startRotation({ ledger, workflow, clock, ids }: StartRotationDependencies) {
  return async (order: RotationOrder): Promise<Rotation | undefined> => {
    const rotation = await rereadOnConflict(async () => {
      const secret = await ledger.read(managedSecretType, order.secretId);
      if (secret === undefined) return undefined;
      return (await joined(secret, order)) ?? (await begun(secret, order));
    });
    if (rotation !== undefined) await workflow.start(rotation.id);
    return rotation;
  };

  async function joined(secret: Stored<ManagedSecret>, order: RotationOrder): Promise<Rotation | undefined> {
    if (secret.entity.rotation === undefined) return undefined;
    const running = await ledger.read(rotationType, secret.entity.rotation.id);
    if (running?.entity.status !== 'running' || isAbandoned(secret.entity)) return undefined;
    if (running.entity.endsPrevious || order.reason !== 'revocation') return running.entity;
    const strengthened: Rotation = {
      ...running.entity,
      endsPrevious: true,
      ...(order.revocation === undefined ? {} : { revocation: order.revocation }),
    };
    await ledger.commit({
      chain: chainOfSecret(secret.entity.id),
      event: caseEvent(clock, order.txn, 'rotation.strengthened', order.by, {
        secret: secret.entity.id,
        rotation: strengthened.id,
        ...(order.revocation === undefined ? {} : { revocation: order.revocation }),
      }),
      changes: [replacement(rotationType, running, strengthened)],
    });
    return strengthened;
  }

  async function begun(secret: Stored<ManagedSecret>, order: RotationOrder): Promise<Rotation> {
    const now = epochSeconds(clock);
    const rotation = newRotation(ids, order, now);
    const abandoned = await abandonedBefore(secret.entity);
    await ledger.commit({
      chain: chainOfSecret(secret.entity.id),
      event: caseEvent(clock, order.txn, 'rotation.started', order.by, {
        secret: secret.entity.id,
        rotation: rotation.id,
        reason: rotation.reason,
        ...(rotation.revocation === undefined ? {} : { revocation: rotation.revocation }),
        ...(abandoned === undefined ? {} : { abandoned: abandoned.entity.id }),
      }),
      changes: [
        replacement(managedSecretType, secret, {
          ...secret.entity,
          rotation: { id: rotation.id, sinceEpochSeconds: rotation.startedAtEpochSeconds },
        }),
        creation(rotationType, rotation),
        ...(abandoned === undefined
          ? []
          : [
              replacement(rotationType, abandoned, {
                ...abandoned.entity,
                status: 'unresolved' as const,
                failure: ABANDONED,
                endedAtEpochSeconds: now,
              }),
            ]),
      ],
    });
    return rotation;
  }

  /** Its execution is over and has recorded nothing: what it left is cleared away by the one that takes its place. */
  function isAbandoned({ rotation }: ManagedSecret): boolean {
    return (
      rotation !== undefined && epochSeconds(clock) >= rotation.sinceEpochSeconds + ROTATION_LEASE_SECONDS
    );
  }

  async function abandonedBefore({ rotation }: ManagedSecret): Promise<Stored<Rotation> | undefined> {
    const before = rotation && (await ledger.read(rotationType, rotation.id));
    return before?.entity.status === 'running' ? before : undefined;
  }
}

export function newRotation(ids: Ids, order: RotationOrder, nowEpochSeconds: number): Rotation {
  return {
    id: rotationId(ids.next()),
    txn: order.txn,
    secret: order.secretId,
    reason: order.reason,
    ...(order.revocation === undefined ? {} : { revocation: order.revocation }),
    endsPrevious: order.reason === 'revocation',
    status: 'running',
    startedAtEpochSeconds: nowEpochSeconds,
  };
}
