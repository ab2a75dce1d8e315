import { createHash, createPublicKey, verify } from 'node:crypto';
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  InvalidMarkerException,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  NotFoundException,
  paginateListKeys,
  ReEncryptCommand,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { verifyDigest } from '../../../local/aws/ecdsa-digest.ts';
import { createKms } from '../../../local/aws/kms.ts';
import { LeapingClock } from '../../../local/clock.ts';
import { serve } from './emulated-aws.ts';
import { temporaryDirectory } from './fixture-assembly.ts';

const SIGNING = '11111111-1111-1111-1111-111111111111';
const DATA = '22222222-2222-2222-2222-222222222222';
const OTHER = '33333333-3333-3333-3333-333333333333';
const OFF = '44444444-4444-4444-4444-444444444444';
const MAC = '55555555-5555-5555-5555-555555555555';
const arnOf = (keyId: string) => `arn:aws:kms:us-east-1:000000000000:key/${keyId}`;
const message = new TextEncoder().encode('header.payload');
const digest = createHash('sha256').update(message).digest();

function keys(directory?: string) {
  const kms = createKms({ clock: new LeapingClock({ frozenAt: 1_700_000_000_000 }), directory });
  for (const [keyId, keySpec] of [
    [SIGNING, 'ECC_NIST_P256'],
    [DATA, 'SYMMETRIC_DEFAULT'],
    [OTHER, 'SYMMETRIC_DEFAULT'],
    [OFF, 'SYMMETRIC_DEFAULT'],
    [MAC, 'HMAC_256'],
  ] as const)
    kms.ensureKey({ keyId, arn: arnOf(keyId), description: '', enabled: keyId !== OFF, keySpec });
  kms.setAlias('alias/signing', SIGNING);
  return kms;
}

async function start(directory?: string) {
  const { client } = await serve(keys(directory).service);
  const kms = new KMSClient(client);
  const signing = { KeyId: SIGNING, SigningAlgorithm: 'ECDSA_SHA_256' } as const;
  const publicKey = async () => {
    const { PublicKey = new Uint8Array() } = await kms.send(new GetPublicKeyCommand({ KeyId: SIGNING }));
    return createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  };
  return { kms, signing, publicKey };
}

describe('KMS', () => {
  it.each([SIGNING, arnOf(SIGNING), 'alias/signing', 'arn:aws:kms:us-east-1:000000000000:alias/signing'])(
    'finds a key by %s',
    async (KeyId) => {
      const { kms } = await start();
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
      expect(KeyMetadata).toMatchObject({
        KeyId: SIGNING,
        Arn: arnOf(SIGNING),
        KeyUsage: 'SIGN_VERIFY',
        CreationDate: new Date(1_700_000_000_000),
      });
    },
  );

  it.each([
    ['a message', { Message: message, MessageType: 'RAW' }],
    ['a digest', { Message: digest, MessageType: 'DIGEST' }],
  ] as const)('signs %s as its public key verifies', async (_, what) => {
    const { kms, signing, publicKey } = await start();
    const { Signature = new Uint8Array() } = await kms.send(new SignCommand({ ...signing, ...what }));

    expect(verify('sha256', message, await publicKey(), Signature)).toBe(true);
    const { SignatureValid } = await kms.send(new VerifyCommand({ ...signing, ...what, Signature }));
    expect(SignatureValid).toBe(true);
    const tampered = Uint8Array.from(what.Message, (byte, index) => (index === 0 ? byte ^ 1 : byte));
    await expect(
      kms.send(new VerifyCommand({ ...signing, ...what, Message: tampered, Signature })),
    ).rejects.toMatchObject({ name: 'KMSInvalidSignatureException' });
  });

  it('verifies over a digest what OpenSSL signed over the message', async () => {
    const { kms, signing, publicKey } = await start();
    const spki = (await publicKey()).export({ format: 'pem', type: 'spki' }).toString();
    for (let round = 0; round < 3; round += 1) {
      const Message = createHash('sha256').update(`message ${round}`).digest();
      const raw = new TextEncoder().encode(`message ${round}`);
      const { Signature = new Uint8Array() } = await kms.send(new SignCommand({ ...signing, Message: raw }));
      expect(verifyDigest(Message, spki, Buffer.from(Signature))).toBe(true);
      expect(verifyDigest(digest, spki, Buffer.from(Signature))).toBe(false);
    }
  });

  it('gives the same MAC of the same message by the same key only, after a restart too', async () => {
    const directory = temporaryDirectory();
    const macOf = async ({ kms }: { kms: KMSClient }, Message: Uint8Array) => {
      const { Mac } = await kms.send(
        new GenerateMacCommand({ KeyId: MAC, Message, MacAlgorithm: 'HMAC_SHA_256' }),
      );
      return Buffer.from(Mac ?? []).toString('hex');
    };
    const first = await start(directory);
    const mac = await macOf(first, message);
    expect(mac).toHaveLength(64);
    expect(await macOf(first, digest)).not.toBe(mac);
    expect(await macOf(await start(), message)).not.toBe(mac);
    expect(await macOf(await start(directory), message)).toBe(mac);
    const { KeyMetadata } = await first.kms.send(new DescribeKeyCommand({ KeyId: MAC }));
    expect(KeyMetadata).toMatchObject({ KeyUsage: 'GENERATE_VERIFY_MAC', MacAlgorithms: ['HMAC_SHA_256'] });
  });

  it('decrypts what it encrypted, by the same key in the same context only', async () => {
    const { kms } = await start();
    const EncryptionContext = { grant: 'g-1', purpose: 'task-token' };
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({ KeyId: DATA, Plaintext: message, EncryptionContext }),
    );
    const decrypt = (input: object) => kms.send(new DecryptCommand({ CiphertextBlob, ...input }));

    const reordered = { purpose: 'task-token', grant: 'g-1' };
    const { Plaintext, KeyId } = await decrypt({ EncryptionContext: reordered });
    expect(Buffer.from(Plaintext ?? [])).toEqual(Buffer.from(message));
    expect(KeyId).toBe(arnOf(DATA));

    const wrong = { EncryptionContext: { ...EncryptionContext, grant: 'g-2' } };
    await expect(decrypt(wrong)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    await expect(decrypt({})).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    await expect(decrypt({ EncryptionContext, KeyId: OTHER })).rejects.toMatchObject({
      name: 'IncorrectKeyException',
    });
    const cut = CiphertextBlob?.slice(0, 45);
    await expect(decrypt({ EncryptionContext, CiphertextBlob: cut })).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  it.each([
    ['NotFoundException', new EncryptCommand({ KeyId: 'alias/absent', Plaintext: message })],
    ['DisabledException', new EncryptCommand({ KeyId: OFF, Plaintext: message })],
    ['InvalidKeyUsageException', new EncryptCommand({ KeyId: SIGNING, Plaintext: message })],
    [
      'InvalidKeyUsageException',
      new SignCommand({ KeyId: SIGNING, Message: message, SigningAlgorithm: 'RSASSA_PSS_SHA_256' }),
    ],
    [
      'ValidationException',
      new SignCommand({
        KeyId: SIGNING,
        Message: message,
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      }),
    ],
    ['ValidationException', new EncryptCommand({ KeyId: DATA, Plaintext: new Uint8Array(4097) })],
    [
      'InvalidKeyUsageException',
      new GenerateMacCommand({ KeyId: DATA, Message: message, MacAlgorithm: 'HMAC_SHA_256' }),
    ],
    [
      'InvalidKeyUsageException',
      new GenerateMacCommand({ KeyId: MAC, Message: message, MacAlgorithm: 'HMAC_SHA_512' }),
    ],
  ])('answers %s', async (name, command) => {
    const { kms } = await start();
    await expect(kms.send(command as EncryptCommand)).rejects.toMatchObject({ name });
  });

  it('lists keys page by page', async () => {
    const { kms } = await start();
    const pages: unknown[] = [];
    for await (const { Keys, Truncated } of paginateListKeys({ client: kms, pageSize: 3 }, {}))
      pages.push([Truncated, Keys]);
    const entry = (KeyId: string) => ({ KeyId, KeyArn: arnOf(KeyId) });
    expect(pages).toEqual([
      [true, [SIGNING, DATA, OTHER].map(entry)],
      [false, [OFF, MAC].map(entry)],
    ]);
    await expect(kms.send(new ListKeysCommand({ Marker: 'nonsense' }))).rejects.toThrow(
      InvalidMarkerException,
    );
  });

  it('lists aliases, those of one key on request', async () => {
    const { kms } = await start();
    const list = async (KeyId?: string) => (await kms.send(new ListAliasesCommand({ KeyId }))).Aliases;
    const signing = {
      AliasName: 'alias/signing',
      AliasArn: 'arn:aws:kms:us-east-1:000000000000:alias/signing',
      TargetKeyId: SIGNING,
    };
    expect(await list()).toEqual([signing]);
    expect(await list(arnOf(SIGNING))).toEqual([signing]);
    expect(await list(DATA)).toEqual([]);
    await expect(list('absent')).rejects.toThrow(NotFoundException);
  });

  it.each([
    new DescribeKeyCommand({ KeyId: 'absent' }),
    new GetPublicKeyCommand({ KeyId: arnOf('absent') }),
    new SignCommand({ KeyId: 'alias/absent', Message: message, SigningAlgorithm: 'ECDSA_SHA_256' }),
  ])('does not find an absent key: %#', async (command) => {
    const { kms } = await start();
    await expect(kms.send(command as DescribeKeyCommand)).rejects.toThrow(NotFoundException);
  });

  it('names a member that it would not honour', async () => {
    const { kms, signing } = await start();
    await expect(
      kms.send(new SignCommand({ ...signing, Message: message, DryRun: true })),
    ).rejects.toMatchObject({ name: 'ValidationException', message: 'Unrecognized key: "DryRun"' });
  });

  it('names an operation that it does not have', async () => {
    const { kms } = await start();
    const command = new ReEncryptCommand({ CiphertextBlob: message, DestinationKeyId: DATA });
    await expect(kms.send(command)).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: 'The local runtime does not have the operation ReEncrypt of kms',
    });
  });

  it('keeps key material in its directory', async () => {
    const directory = temporaryDirectory();
    const before = await start(directory);
    const { Signature = new Uint8Array() } = await before.kms.send(
      new SignCommand({ ...before.signing, Message: message }),
    );
    const after = await start(directory);
    expect(verify('sha256', message, await after.publicKey(), Signature)).toBe(true);
  });
});
