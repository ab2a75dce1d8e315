import type { AuthenticatorOf } from './authenticator.ts';

/** What a browser answers, in the JSON form of WebAuthn Level 3 §5.1. It is not trusted until it is verified. */
export interface RegistrationResponse {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly transports?: readonly string[] | undefined;
  };
}
export interface AuthenticationResponse {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle?: string | null | undefined;
  };
}

/** Options of WebAuthn in their JSON form. */
export type OptionsDocument = Record<string, unknown>;

type Passkey = AuthenticatorOf<'passkey'>;
/** What of a passkey its maker and its registration say. */
export type PasskeyCredential = Pick<
  Passkey,
  | 'credentialId'
  | 'publicKey'
  | 'counter'
  | 'backupEligible'
  | 'backedUp'
  | 'aaguid'
  | 'attested'
  | 'transports'
>;

/** The relying party of WebAuthn (Level 3 §7). User verification is always required. */
export interface Passkeys {
  /** What `navigator.credentials.create` is given, as JSON. */
  creationOptions(
    challenge: string,
    user: { readonly id: string; readonly name: string },
    enrolled: readonly Passkey[],
  ): Promise<OptionsDocument>;
  /** What `navigator.credentials.get` is given, as JSON. */
  requestOptions(challenge: string, allowed: readonly Passkey[]): Promise<OptionsDocument>;
  /** @returns undefined where the response is not acceptable, whatever the reason */
  verifyCreation(challenge: string, response: RegistrationResponse): Promise<PasskeyCredential | undefined>;
  /** @returns undefined where the response is not acceptable, whatever the reason */
  verifyAssertion(
    challenge: string,
    response: AuthenticationResponse,
    passkey: Passkey,
  ): Promise<Pick<Passkey, 'counter' | 'backedUp'> | undefined>;
}
