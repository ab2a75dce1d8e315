import { X509Certificate } from 'node:crypto';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { COSEALG, decodeAttestationObject } from '@simplewebauthn/server/helpers';
import type { Deployment } from '../platform/deployment.ts';
import type { Passkeys } from './passkeys.port.ts';

type WebAuthn = Deployment['webauthn'];

const ALGORITHMS = [COSEALG.ES256, COSEALG.EdDSA, COSEALG.RS256];

/** Verifies with SimpleWebAuthn, which throws at whatever does not fit. */
export function simpleWebAuthnPasskeys({ rpId, rpName, origins, hardwareModels }: WebAuthn): Passkeys {
  const expected = (challenge: string) => ({
    expectedChallenge: Buffer.from(challenge).toString('base64url'),
    expectedOrigin: [...origins],
    expectedRPID: rpId,
    requireUserVerification: true,
  });
  return {
    creationOptions: async (challenge, user, enrolled) => ({
      ...(await generateRegistrationOptions({
        rpID: rpId,
        rpName,
        challenge,
        userID: new Uint8Array(Buffer.from(user.id)),
        userName: user.id,
        userDisplayName: user.name,
        supportedAlgorithmIDs: ALGORITHMS,
        // Asking for it costs privacy, and for nothing where no model is trusted.
        attestationType: hardwareModels.length > 0 ? 'direct' : 'none',
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        excludeCredentials: enrolled.map(descriptor),
      })),
    }),
    requestOptions: async (challenge, allowed) => ({
      ...(await generateAuthenticationOptions({
        rpID: rpId,
        challenge,
        userVerification: 'required',
        allowCredentials: allowed.map(descriptor),
      })),
    }),

    verifyCreation: (challenge, response) =>
      unlessThrown(async () => {
        const { verified, registrationInfo } = await verifyRegistrationResponse({
          ...expected(challenge),
          response: { ...response, response: { ...response.response, transports: [] }, ...nothingMore },
          supportedAlgorithmIDs: ALGORITHMS,
        });
        if (!verified) return undefined;
        const { credential, aaguid, credentialDeviceType, credentialBackedUp, attestationObject } =
          registrationInfo;
        const model = hardwareModels.find((one) => one.aaguid === aaguid);
        return {
          credentialId: credential.id,
          publicKey: Buffer.from(credential.publicKey).toString('base64url'),
          counter: credential.counter,
          backupEligible: credentialDeviceType === 'multiDevice',
          backedUp: credentialBackedUp,
          aaguid,
          attested: model !== undefined && isAttested(attestationObject, model.roots),
          transports: [...(response.response.transports ?? [])],
        };
      }),

    verifyAssertion: (challenge, response, passkey) =>
      unlessThrown(async () => {
        // Who the user is, is known: it is whose passkey was asked for.
        const { userHandle: _, ...assertion } = response.response;
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          ...expected(challenge),
          response: { ...response, response: assertion, ...nothingMore },
          credential: {
            id: passkey.credentialId,
            publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
            counter: passkey.counter,
          },
        });
        const { newCounter, credentialDeviceType, credentialBackedUp } = authenticationInfo;
        // What a credential is does not change (WebAuthn Level 3 §7.2, step 18).
        const isAsEnrolled = (credentialDeviceType === 'multiDevice') === passkey.backupEligible;
        return verified && isAsEnrolled ? { counter: newCounter, backedUp: credentialBackedUp } : undefined;
      }),
  };
}

const nothingMore = { clientExtensionResults: {} };

function descriptor({ credentialId, transports }: { credentialId: string; transports: string[] }) {
  return { id: credentialId, transports };
}

/** What does not fit is said by throwing, here and in the certificates; why is nobody's business. */
async function unlessThrown<Answer>(verify: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await verify();
  } catch {
    return undefined;
  }
}

/**
 * Whether a statement, whose signature has been verified, is by the maker of this model: its certificates lead
 * to one of the model's roots (WebAuthn Level 3 §7.1, step 24). A root may be the attestation certificate itself
 * (FIDO Metadata Statement §3.5, attestationRootCertificates).
 */
function isAttested(attestationObject: Uint8Array<ArrayBuffer>, roots: readonly string[]): boolean {
  const decoded = decodeAttestationObject(attestationObject);
  if (decoded.get('fmt') !== 'packed') return false;
  const chain = (decoded.get('attStmt').get('x5c') ?? []).map((der) => new X509Certificate(der));
  const last = chain.at(-1);
  if (last === undefined || !chain.every(isInItsTime)) return false;
  const isLinked = chain.every((certificate, index) => {
    const issuer = chain[index + 1];
    return issuer === undefined || (issuer.ca && isIssuedBy(certificate, issuer));
  });
  const anchors = roots.map((pem) => new X509Certificate(pem)).filter(isInItsTime);
  return (
    isLinked &&
    anchors.some((anchor) => last.raw.equals(anchor.raw) || (anchor.ca && isIssuedBy(last, anchor)))
  );
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isInItsTime({ validFromDate, validToDate }: X509Certificate): boolean {
  const now = Date.now();
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}
