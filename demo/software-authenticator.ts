import {
  createECDH,
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import document from './deployment.json' with { type: 'json' };

/** What makes security keys of one model, and says so of each (WebAuthn Level 3 §6.5.4, attestation). */
export interface Maker {
  /** The model, 16 bytes. */
  readonly aaguid: Buffer;
  /** The attestation certificate, PEM. */
  readonly certificate: string;
  readonly key: KeyObject;
}

/**
 * The maker of the demo's security keys, whose certificate `deployment.json` trusts. Its key comes from a sentence
 * that everybody can read: whoever trusts it trusts software, which is good for a demo and for nothing else.
 */
const [model] = document.webauthn.hardwareModels;
export const demoMaker: Maker = {
  aaguid: Buffer.from(model?.aaguid.replaceAll('-', '') ?? '', 'hex'),
  certificate: model?.roots[0] ?? '',
  key: keyFrom('The maker of the demo’s security keys'),
};

/** The P-256 key whose private number is the SHA-256 of a text. */
export function keyFrom(text: string): KeyObject {
  const number = createHash('sha256').update(text).digest();
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(number);
  const point = pair.getPublicKey();
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: number.toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

/** What an answer says. A test may have it say something else than what is so. */
export interface Claims {
  readonly origin: string;
  readonly rpId: string;
  readonly challenge: string;
  readonly isUserPresent: boolean;
  readonly isUserVerified: boolean;
  readonly isBackupEligible: boolean;
  readonly isBackedUp: boolean;
  readonly counter: number;
}

interface Traits {
  /** Where its person's browser is. */
  readonly origin: string;
  /** Whether its keys are synced to other devices. */
  readonly synced?: boolean;
  /** Who attests what it is; nobody if not said. */
  readonly maker?: Maker;
}

/** The members that are used of what a relying party gives, in the JSON form of WebAuthn Level 3 §5.1. */
export interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id?: string };
}
export interface RequestOptions {
  readonly challenge: string;
  readonly rpId?: string;
}

/** An authenticator and the browser before it, in software: one ES256 credential (WebAuthn Level 3 §6). */
export class SoftwareAuthenticator {
  readonly #traits: Traits;
  readonly #key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  readonly #credentialId = randomBytes(16);
  #counter = 0;

  constructor(traits: Traits) {
    this.#traits = traits;
  }

  get credentialId(): string {
    return this.#credentialId.toString('base64url');
  }

  /** Answers `navigator.credentials.create`. */
  create({ challenge, rp }: CreationOptions, instead: Partial<Claims> = {}) {
    const claims = this.#claims(challenge, rp.id ?? '', instead);
    const clientData = clientDataOf('webauthn.create', claims);
    const { maker } = this.#traits;
    const attested = Buffer.concat([
      maker?.aaguid ?? Buffer.alloc(16),
      Buffer.from([0, this.#credentialId.length]),
      this.#credentialId,
      cbor(this.#cosePublicKey()),
    ]);
    const authData = Buffer.concat([authenticatorData(claims, true), attested]);
    const attestationObject = cbor(
      new Map<string, Cbor>([
        ['fmt', maker === undefined ? 'none' : 'packed'],
        ['attStmt', maker === undefined ? new Map() : packedStatement(maker, authData, clientData)],
        ['authData', authData],
      ]),
    );
    return {
      ...this.#credential(),
      response: {
        clientDataJSON: clientData.toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: maker === undefined ? ['internal', 'hybrid'] : ['usb'],
      },
    };
  }

  /** Answers `navigator.credentials.get`. */
  get({ challenge, rpId = '' }: RequestOptions, instead: Partial<Claims> = {}) {
    const claims = this.#claims(challenge, rpId, instead);
    const clientData = clientDataOf('webauthn.get', claims);
    const authData = authenticatorData(claims, false);
    return {
      ...this.#credential(),
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: sign('sha256', Buffer.concat([authData, sha256(clientData)]), this.#key).toString(
          'base64url',
        ),
      },
    };
  }

  #credential() {
    return {
      id: this.credentialId,
      rawId: this.credentialId,
      type: 'public-key' as const,
      clientExtensionResults: {},
    };
  }

  #claims(challenge: string, rpId: string, instead: Partial<Claims>): Claims {
    const { origin, synced = false } = this.#traits;
    // What is synced counts nothing (WebAuthn Level 3 §6.1.1).
    if (!synced) this.#counter += 1;
    return {
      origin,
      rpId,
      challenge,
      isUserPresent: true,
      isUserVerified: true,
      isBackupEligible: synced,
      isBackedUp: synced,
      counter: this.#counter,
      ...instead,
    };
  }

  /** RFC 9053 §7.1.1: EC2, ES256, P-256. */
  #cosePublicKey(): Map<number, Cbor> {
    const { x = '', y = '' } = this.#key.export({ format: 'jwk' }) as { x?: string; y?: string };
    return new Map<number, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]);
  }
}

function clientDataOf(type: string, { challenge, origin }: Claims): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}

/** WebAuthn Level 3 §6.1; what comes with a new credential is put behind it. */
function authenticatorData(claims: Claims, isNew: boolean): Buffer {
  const flags =
    (claims.isUserPresent ? 0x01 : 0) |
    (claims.isUserVerified ? 0x04 : 0) |
    (claims.isBackupEligible ? 0x08 : 0) |
    (claims.isBackedUp ? 0x10 : 0) |
    (isNew ? 0x40 : 0);
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(claims.counter);
  return Buffer.concat([sha256(Buffer.from(claims.rpId)), Buffer.from([flags]), counter]);
}

/** WebAuthn Level 3 §8.2. */
function packedStatement(maker: Maker, authData: Buffer, clientData: Buffer): Map<string, Cbor> {
  const der = Buffer.from(maker.certificate.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  return new Map<string, Cbor>([
    ['alg', -7],
    ['sig', sign('sha256', Buffer.concat([authData, sha256(clientData)]), maker.key)],
    ['x5c', [der]],
  ]);
}

function sha256(data: Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

type Cbor = number | string | Buffer | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;

/** RFC 8949, as much of it as is said here. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value);
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([cborHead(3, text.length), text]);
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([cborHead(2, value.length), value]);
  if (isList(value)) return Buffer.concat([cborHead(4, value.length), ...value.map(cbor)]);
  return Buffer.concat([
    cborHead(5, value.size),
    ...[...value].flatMap(([name, member]) => [cbor(name), cbor(member)]),
  ]);
}

function isList(value: Cbor): value is readonly Cbor[] {
  return Array.isArray(value);
}

function cborHead(majorType: number, argument: number): Buffer {
  const type = majorType << 5;
  if (argument < 24) return Buffer.from([type | argument]);
  if (argument < 0x100) return Buffer.from([type | 24, argument]);
  return Buffer.from([type | 25, argument >> 8, argument & 0xff]);
}
