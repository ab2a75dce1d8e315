import * as z from 'zod';
import { durationSeconds } from '../platform/duration.ts';
import { ApiKeyConnection } from './rotators/api-key/connection.ts';
import { OauthClientConnection } from './rotators/oauth-client/connection.ts';
import { PostgresUserConnection } from './rotators/postgres-user/connection.ts';
import { SigningKeyConnection } from './rotators/signing-key/connection.ts';

/**
 * An account at a system, whose secret Sallyport can manage. Only who deploys Sallyport says which there are, and
 * where: no caller can make it connect anywhere else.
 */
export const Connection = z.discriminatedUnion('kind', [
  PostgresUserConnection,
  ApiKeyConnection,
  OauthClientConnection,
  SigningKeyConnection,
]);
export type Connection = z.infer<typeof Connection>;
export const ConnectionKindName = z.enum(['postgres-user', 'api-key', 'oauth-client', 'signing-key']);
export type ConnectionKind = Connection['kind'];
export type ConnectionOf<Kind extends ConnectionKind> = Extract<Connection, { kind: Kind }>;

export function findConnection(
  { connections }: { readonly connections: readonly Connection[] },
  id: string,
): Connection | undefined {
  return connections.find((connection) => connection.id === id);
}

/** How what is valid is changed for what will be. */
export function strategyOf(connection: Connection): string {
  return connection.kind === 'postgres-user' ? connection.strategy : 'overlap';
}

/** For how long a value must be known before it may be used, in seconds. */
export function propagationSeconds(connection: Connection): number {
  return connection.kind === 'signing-key' ? (durationSeconds(connection.propagation) ?? 0) : 0;
}

/** For how long a public key is relied on after its successor signs, in seconds. */
export function overlapSeconds(connection: Connection): number {
  return connection.kind === 'signing-key' ? (durationSeconds(connection.overlap) ?? 0) : 0;
}

/** The members of a value that are secret, by any of which a leaked one is recognised. */
const secretMembers: Readonly<Record<ConnectionKind, readonly [string, ...string[]]>> = {
  'postgres-user': ['password'],
  'api-key': ['api_key'],
  'oauth-client': ['client_secret'],
  'signing-key': ['private_jwk'],
};

export function secretParts(kind: ConnectionKind, value: Readonly<Record<string, string>>): string[] {
  return secretMembers[kind].flatMap((member) => value[member] ?? []);
}

/** Where the values of a managed secret are: the name of its secret in Secrets Manager. */
export function managedSecretName(secretId: string): string {
  return `sallyport/secrets/${secretId}`;
}
