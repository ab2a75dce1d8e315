import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { RequestContext } from '../iam/conditions.ts';
import type { Access } from '../iam/policy.ts';
import { signDigest, verifyDigest } from './ecdsa-digest.ts';
import { parse } from './input.ts';
import { pageOf } from './paging.ts';
import { RecordStore } from './record-store.ts';
import { AwsError, type AwsService, type JsonObject } from './service.ts';

/** A key of the template; its material is made when it is first seen. */
export interface KeyDeclaration {
  readonly keyId: string;
  readonly arn: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly keySpec: 'ECC_NIST_P256' | 'HMAC_256' | 'SYMMETRIC_DEFAULT';
}

type Key = KeyDeclaration & {
  createdAtEpochSeconds: number;
  /** PKCS #8 PEM of an asymmetric key, or the 32 bytes of any other in base64. */
  material: string;
};

export interface Kms {
  readonly service: AwsService;
  /** Makes the key unless it is there; an existing key keeps its material. */
  ensureKey(declaration: KeyDeclaration): void;
  setAlias(aliasName: string, keyId: string): void;
}

const base64 = z.string().transform((text) => Buffer.from(text, 'base64'));
const encryptionContext = z.record(z.string(), z.string()).default({});
const KeyInput = z.strictObject({ KeyId: z.string() });
const SigningInput = KeyInput.extend({
  Message: base64.refine(({ length }) => length >= 1 && length <= 4096, 'must be 1 to 4096 bytes'),
  MessageType: z.enum(['RAW', 'DIGEST']).default('RAW'),
  SigningAlgorithm: z.string(),
});
const VerificationInput = SigningInput.extend({ Signature: base64 });
const EncryptInput = KeyInput.extend({
  Plaintext: base64.refine(({ length }) => length >= 1 && length <= 4096, 'must be 1 to 4096 bytes'),
  EncryptionContext: encryptionContext,
  EncryptionAlgorithm: z.literal('SYMMETRIC_DEFAULT').default('SYMMETRIC_DEFAULT'),
});
const DecryptInput = z.strictObject({
  KeyId: z.string().optional(),
  CiphertextBlob: base64,
  EncryptionContext: encryptionContext,
  EncryptionAlgorithm: z.literal('SYMMETRIC_DEFAULT').default('SYMMETRIC_DEFAULT'),
});
const MacInput = KeyInput.extend({
  Message: base64.refine(({ length }) => length >= 1 && length <= 4096, 'must be 1 to 4096 bytes'),
  MacAlgorithm: z.string(),
});
const ListKeysInput = z.strictObject({
  Limit: z.int().min(1).max(1000).default(100),
  Marker: z.string().optional(),
});
const ListAliasesInput = z.strictObject({
  KeyId: z.string().optional(),
  Limit: z.int().min(1).max(100).default(50),
  Marker: z.string().optional(),
});

const CIPHERTEXT_VERSION = 1;
const KEY_ID_BYTES = 36;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES;

/** AWS KMS (https://docs.aws.amazon.com/kms/latest/APIReference/): signatures on P-256, AES-256-GCM, HMACs with SHA-256. */
export function createKms(options: { clock: Clock; directory: string | undefined }): Kms {
  const keys = new RecordStore<Key>(options.directory && join(options.directory, 'kms'));
  const aliases = new Map<string, string>();

  const find = (reference: string): Key => {
    const name = reference.replace(/^arn:[^:]*:kms:[^:]*:[^:]*:/, '').replace(/^key\//, '');
    const key = keys.get(aliases.get(name) ?? name);
    if (key !== undefined) return key;
    throw new AwsError(
      'NotFoundException',
      name.startsWith('alias/') ? `Alias ${reference} is not found.` : `Key '${reference}' does not exist`,
    );
  };

  const usable = (reference: string, keySpec: Key['keySpec']): Key => {
    const key = find(reference);
    if (!key.enabled) throw new AwsError('DisabledException', `${key.arn} is disabled.`);
    if (key.keySpec !== keySpec)
      throw new AwsError(
        'InvalidKeyUsageException',
        `${key.arn} key usage is ${usage(key)} which is not valid for this operation.`,
      );
    return key;
  };

  const signingKey = (input: z.output<typeof SigningInput>): Key => {
    const key = usable(input.KeyId, 'ECC_NIST_P256');
    if (input.SigningAlgorithm !== 'ECDSA_SHA_256')
      throw new AwsError(
        'InvalidKeyUsageException',
        `Algorithm ${input.SigningAlgorithm} is incompatible with key spec ${key.keySpec}.`,
      );
    if (input.MessageType === 'DIGEST' && input.Message.length !== 32)
      throw new AwsError('ValidationException', 'Digest is invalid length for algorithm ECDSA_SHA_256.');
    return key;
  };

  /** The key that a ciphertext names in its header. */
  const sealedWith = (blob: Buffer): Key | undefined =>
    blob[0] === CIPHERTEXT_VERSION ? keys.get(blob.subarray(1, HEADER_BYTES).toString()) : undefined;

  const service: AwsService = {
    signingName: 'kms',
    targetPrefix: 'TrentService',
    contentType: 'application/x-amz-json-1.1',
    operations: {
      DescribeKey: async (input) => {
        const key = find(parse(KeyInput, input).KeyId);
        return {
          KeyMetadata: {
            AWSAccountId: key.arn.split(':')[4] ?? '',
            Arn: key.arn,
            CreationDate: key.createdAtEpochSeconds,
            Description: key.description,
            Enabled: key.enabled,
            KeyId: key.keyId,
            KeyManager: 'CUSTOMER',
            KeySpec: key.keySpec,
            KeyState: key.enabled ? 'Enabled' : 'Disabled',
            KeyUsage: usage(key),
            MultiRegion: false,
            Origin: 'AWS_KMS',
            ...algorithms(key),
          },
        };
      },

      ListKeys: async (input) => {
        const { items, ...next } = page(keys.values(), parse(ListKeysInput, input));
        return { Keys: items.map(({ keyId, arn }) => ({ KeyId: keyId, KeyArn: arn })), ...next };
      },

      ListAliases: async (input) => {
        const { KeyId, ...position } = parse(ListAliasesInput, input);
        const wanted = KeyId === undefined ? undefined : find(KeyId).keyId;
        const listed = [...aliases].filter(([, keyId]) => wanted === undefined || keyId === wanted);
        const { items, ...next } = page(listed, position);
        const Aliases = items.map(([AliasName, TargetKeyId]) => ({
          AliasName,
          AliasArn: find(TargetKeyId).arn.replace(/:key\/.*/, `:${AliasName}`),
          TargetKeyId,
        }));
        return { Aliases, ...next };
      },

      GetPublicKey: async (input) => {
        const key = usable(parse(KeyInput, input).KeyId, 'ECC_NIST_P256');
        const publicKey = createPublicKey(key.material).export({ format: 'der', type: 'spki' });
        return {
          KeyId: key.arn,
          KeySpec: key.keySpec,
          KeyUsage: usage(key),
          PublicKey: publicKey.toString('base64'),
          ...algorithms(key),
        };
      },

      Sign: async (input) => {
        const parsed = parse(SigningInput, input);
        const key = signingKey(parsed);
        const signature =
          parsed.MessageType === 'DIGEST'
            ? signDigest(parsed.Message, key.material)
            : sign('sha256', parsed.Message, key.material);
        return {
          KeyId: key.arn,
          Signature: signature.toString('base64'),
          SigningAlgorithm: parsed.SigningAlgorithm,
        };
      },

      Verify: async (input) => {
        const parsed = parse(VerificationInput, input);
        const key = signingKey(parsed);
        const isValid =
          parsed.MessageType === 'DIGEST'
            ? verifyDigest(parsed.Message, key.material, parsed.Signature)
            : verify('sha256', parsed.Message, key.material, parsed.Signature);
        if (!isValid) throw new AwsError('KMSInvalidSignatureException', '');
        return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: parsed.SigningAlgorithm };
      },

      GenerateMac: async (input) => {
        const { KeyId, Message, MacAlgorithm } = parse(MacInput, input);
        const key = usable(KeyId, 'HMAC_256');
        if (MacAlgorithm !== 'HMAC_SHA_256')
          throw new AwsError(
            'InvalidKeyUsageException',
            `Algorithm ${MacAlgorithm} is incompatible with key spec ${key.keySpec}.`,
          );
        const mac = createHmac('sha256', Buffer.from(key.material, 'base64')).update(Message).digest();
        return { KeyId: key.arn, Mac: mac.toString('base64'), MacAlgorithm };
      },

      Encrypt: async (input) => {
        const parsed = parse(EncryptInput, input);
        const key = usable(parsed.KeyId, 'SYMMETRIC_DEFAULT');
        const header = Buffer.concat([Buffer.of(CIPHERTEXT_VERSION), Buffer.from(key.keyId)]);
        const nonce = randomBytes(NONCE_BYTES);
        const cipher = createCipheriv('aes-256-gcm', Buffer.from(key.material, 'base64'), nonce);
        cipher.setAAD(authenticated(header, parsed.EncryptionContext));
        const sealed = Buffer.concat([cipher.update(parsed.Plaintext), cipher.final()]);
        const blob = Buffer.concat([header, nonce, cipher.getAuthTag(), sealed]);
        return {
          CiphertextBlob: blob.toString('base64'),
          KeyId: key.arn,
          EncryptionAlgorithm: parsed.EncryptionAlgorithm,
        };
      },

      Decrypt: async (input) => {
        const parsed = parse(DecryptInput, input);
        const blob = parsed.CiphertextBlob;
        const header = blob.subarray(0, HEADER_BYTES);
        const sealing = sealedWith(blob);
        if (sealing === undefined) throw new AwsError('InvalidCiphertextException', '');
        const key = usable(sealing.keyId, 'SYMMETRIC_DEFAULT');
        if (parsed.KeyId !== undefined && find(parsed.KeyId) !== key)
          throw new AwsError(
            'IncorrectKeyException',
            'The key ID in the request does not identify a CMK that can perform this operation.',
          );
        const tagAt = HEADER_BYTES + NONCE_BYTES;
        try {
          const decipher = createDecipheriv(
            'aes-256-gcm',
            Buffer.from(key.material, 'base64'),
            blob.subarray(HEADER_BYTES, tagAt),
            { authTagLength: TAG_BYTES },
          );
          decipher.setAAD(authenticated(header, parsed.EncryptionContext));
          decipher.setAuthTag(blob.subarray(tagAt, tagAt + TAG_BYTES));
          const opened = Buffer.concat([decipher.update(blob.subarray(tagAt + TAG_BYTES)), decipher.final()]);
          return {
            KeyId: key.arn,
            Plaintext: opened.toString('base64'),
            EncryptionAlgorithm: parsed.EncryptionAlgorithm,
          };
        } catch (cause) {
          throw Object.assign(new AwsError('InvalidCiphertextException', ''), { cause });
        }
      },
    },
    /** https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html */
    accesses: (operation, input) => {
      const { KeyId, SigningAlgorithm, MacAlgorithm, EncryptionContext } = input;
      const context: RequestContext = {
        ...(SigningAlgorithm && { 'kms:SigningAlgorithm': [String(SigningAlgorithm)] }),
        ...(MacAlgorithm && { 'kms:MacAlgorithm': [String(MacAlgorithm)] }),
        ...Object.fromEntries(
          Object.entries(EncryptionContext ?? {}).map(([name, value]) => [
            `kms:EncryptionContext:${name}`,
            [String(value)],
          ]),
        ),
      };
      const access = (resource: string): Access[] => [{ action: `kms:${operation}`, resource, context }];
      if (operation === 'Decrypt') {
        const key = sealedWith(parse(DecryptInput, input).CiphertextBlob);
        return key === undefined ? [] : access(key.arn);
      }
      return access(KeyId === undefined ? '*' : find(String(KeyId)).arn);
    },
  };

  return {
    service,
    ensureKey: (declaration) => {
      const existing = keys.get(declaration.keyId);
      keys.set(declaration.keyId, {
        createdAtEpochSeconds: existing?.createdAtEpochSeconds ?? options.clock.now() / 1000,
        material: existing?.material ?? newMaterial(declaration.keySpec),
        ...declaration,
      });
    },
    setAlias: (aliasName, keyId) => {
      aliases.set(aliasName, keyId);
    },
  };
}

function page<Item>(
  all: readonly Item[],
  { Limit, Marker }: { Limit: number; Marker?: string | undefined },
): { items: Item[]; Truncated: boolean; NextMarker?: string } {
  const invalidToken = new AwsError('InvalidMarkerException', 'The marker is invalid.');
  const { items, next } = pageOf(all, { most: Limit, token: Marker, invalidToken });
  return next === undefined ? { items, Truncated: false } : { items, Truncated: true, NextMarker: next };
}

function newMaterial(keySpec: Key['keySpec']): string {
  if (keySpec !== 'ECC_NIST_P256') return randomBytes(32).toString('base64');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function usage({ keySpec }: Key): string {
  return {
    ECC_NIST_P256: 'SIGN_VERIFY',
    HMAC_256: 'GENERATE_VERIFY_MAC',
    SYMMETRIC_DEFAULT: 'ENCRYPT_DECRYPT',
  }[keySpec];
}

function algorithms({ keySpec }: Key): JsonObject {
  return {
    ECC_NIST_P256: { SigningAlgorithms: ['ECDSA_SHA_256'] },
    HMAC_256: { MacAlgorithms: ['HMAC_SHA_256'] },
    SYMMETRIC_DEFAULT: { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] },
  }[keySpec];
}

/** The encryption context is bound to the ciphertext whatever the order of its pairs. */
function authenticated(header: Buffer, context: Record<string, string>): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs))]);
}
