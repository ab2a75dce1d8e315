import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { signDigest } from '../../../local/aws/ecdsa-digest.ts';

/** What the stand-in answers instead, where a test wants it to fail. */
export interface KmsStandIn {
  readonly kms: KMSClient;
  readonly calls: string[];
  failing: boolean;
  privateKey(keyId: string): KeyObject;
}

/** KMS with keys that are made when they are first named: P-256, signing a digest, answering in DER. */
export function kmsStandIn(): KmsStandIn {
  const pairs = new Map<string, ReturnType<typeof newPair>>();
  const pairOf = (keyId = '') => {
    const pair = pairs.get(keyId) ?? newPair();
    pairs.set(keyId, pair);
    return pair;
  };
  const kms = new KMSClient({ region: 'us-east-1' });
  const standIn: KmsStandIn = {
    kms,
    calls: [],
    failing: false,
    privateKey: (keyId) => pairOf(keyId).privateKey,
  };
  kms.send = (async (command: { readonly input: { readonly KeyId?: string } }) => {
    standIn.calls.push(command.constructor.name);
    if (standIn.failing) throw new Error('KMS does not answer, and its message holds a secret');
    const { publicKey, privateKey } = pairOf(command.input.KeyId);
    if (command instanceof GetPublicKeyCommand) {
      return { PublicKey: publicKey.export({ format: 'der', type: 'spki' }) };
    }
    if (!(command instanceof SignCommand)) throw new Error(`Nobody expects ${command.constructor.name}`);
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    return { Signature: signDigest(Buffer.from(command.input.Message ?? []), pem) };
  }) as unknown as typeof kms.send;
  return standIn;
}

function newPair() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}
