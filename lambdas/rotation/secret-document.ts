import { timeDocument } from '../platform/documents.ts';
import { formatDuration } from '../platform/duration.ts';
import { type Connection, managedSecretName, strategyOf } from './connection.ts';
import type { ManagedSecret, Version } from './managed-secret.ts';
import { failureDocument, type Rotation } from './rotation.ts';
import type { RotationDocument, SecretDocument } from './secrets.routes.ts';

/** A managed secret as answers of the API write it. */
export function secretDocument(secret: ManagedSecret, connection: Connection | undefined): SecretDocument {
  const { current, previous, rotation, lastRotation, checkOut } = secret;
  return {
    id: secret.id,
    name: connection?.name ?? secret.id,
    kind: secret.kind,
    strategy: connection === undefined ? 'unknown' : strategyOf(connection),
    status: rotation === undefined ? (current === undefined ? 'initialising' : 'ready') : 'rotating',
    secret_name: managedSecretName(secret.id),
    owner: secret.owner,
    consumers: secret.consumers,
    rotate_every: formatDuration(secret.rotateEverySeconds),
    ...(current === undefined ? {} : { current: versionDocument(current) }),
    ...(previous === undefined ? {} : { previous: versionDocument(previous) }),
    ...(rotation === undefined ? {} : { rotation: rotation.id }),
    ...(lastRotation === undefined ? {} : { last_rotation: lastRotation }),
    next_rotation_at: timeDocument(secret.nextRotationAtEpochSeconds),
    ...(checkOut === undefined ? {} : { checked_out_by: checkOut.grant }),
    created_at: timeDocument(secret.createdAtEpochSeconds),
  };
}

function versionDocument({ token, fingerprints, sinceEpochSeconds }: Version) {
  return {
    version: token,
    ...(fingerprints[0] === undefined ? {} : { fingerprint: fingerprints[0] }),
    since: timeDocument(sinceEpochSeconds),
  };
}

/** A rotation as answers of the API write it. */
export function rotationDocument(rotation: Rotation): RotationDocument {
  const { revocation, failure, endedAtEpochSeconds } = rotation;
  return {
    id: rotation.id,
    secret: rotation.secret,
    reason: rotation.reason,
    ...(revocation === undefined ? {} : { revocation }),
    ends_previous: rotation.endsPrevious,
    status: rotation.status,
    ...(failure === undefined ? {} : { failure: failureDocument(failure) }),
    started_at: timeDocument(rotation.startedAtEpochSeconds),
    ...(endedAtEpochSeconds === undefined ? {} : { ended_at: timeDocument(endedAtEpochSeconds) }),
  };
}
