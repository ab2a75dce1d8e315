import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { demoMaker, SoftwareAuthenticator } from '../../../demo/software-authenticator.ts';
import { simpleWebAuthnPasskeys } from '../../../lambdas/verification/passkeys.simplewebauthn.ts';
import { deployment } from '../../support/access-case.ts';
import { ORIGIN } from '../../support/authenticator-case.ts';

const model = {
  aaguid: '7c0a6f1e-2b4d-4c59-a3e1-8d5f60b9c2a4',
  name: 'Demo',
  roots: [demoMaker.certificate],
};
const trusting = simpleWebAuthnPasskeys({ ...deployment.webauthn, hardwareModels: [model] });
const trustingNobody = simpleWebAuthnPasskeys(deployment.webauthn);
const CHALLENGE = 'a challenge';
const options = {
  challenge: Buffer.from(CHALLENGE).toString('base64url'),
  rp: { id: 'example.com' },
  rpId: 'example.com',
};

test('a model that is not trusted is enrolled as one that nobody attests', async () => {
  const device = new SoftwareAuthenticator({ origin: ORIGIN, maker: demoMaker });
  const registration = device.create(options);
  expect(await trusting.verifyCreation(CHALLENGE, registration)).toMatchObject({ attested: true });
  expect(await trustingNobody.verifyCreation(CHALLENGE, registration)).toMatchObject({ attested: false });
});

test('a maker that is trusted for one model is not for another', async () => {
  const other = { ...model, aaguid: '00000000-0000-4000-8000-000000000001' };
  const passkeys = simpleWebAuthnPasskeys({ ...deployment.webauthn, hardwareModels: [other] });
  const device = new SoftwareAuthenticator({ origin: ORIGIN, maker: demoMaker });
  expect(await passkeys.verifyCreation(CHALLENGE, device.create(options))).toMatchObject({ attested: false });
});

test('a statement is asked for only where some maker is trusted', async () => {
  const user = { id: 'dana', name: 'Dana' };
  expect(await trusting.creationOptions(CHALLENGE, user, [])).toMatchObject({
    attestation: 'direct',
    authenticatorSelection: { userVerification: 'required' },
  });
  expect(await trustingNobody.creationOptions(CHALLENGE, user, [])).toMatchObject({ attestation: 'none' });
});

test('whatever byte is changed, of a registration or an answer, it says nothing else and nothing breaks', async () => {
  const device = new SoftwareAuthenticator({ origin: ORIGIN, maker: demoMaker });
  const registration = device.create(options);
  const credential = await trusting.verifyCreation(CHALLENGE, registration);
  if (credential === undefined) throw new Error('It is not accepted');
  const passkey = {
    ...credential,
    kind: 'passkey' as const,
    id: 'key-1',
    principal: 'dana',
    name: 'Key',
    status: 'active' as const,
    consecutiveFailures: 0,
    failedAtEpochSeconds: [],
    createdAtEpochSeconds: 0,
    enrolledBy: { session: 'session-dana', aal: 2 as const, evidence: [] },
  };
  const answer = device.get(options);
  expect(await trusting.verifyAssertion(CHALLENGE, answer, passkey)).toEqual({ counter: 2, backedUp: false });

  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('clientDataJSON' as const, 'authenticatorData' as const),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (member, place, change) => {
        const response = { ...answer.response, [member]: changed(answer.response[member], place, change) };
        expect(await trusting.verifyAssertion(CHALLENGE, { ...answer, response }, passkey)).toBeUndefined();
      },
    ),
  );
  // Of one signature another can be made, which says the same: what must not be used twice is the challenge.
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (place, change) => {
      const signature = changed(answer.response.signature, place, change);
      const response = { ...answer.response, signature };
      const verified = await trusting.verifyAssertion(CHALLENGE, { ...answer, response }, passkey);
      expect([undefined, { counter: 2, backedUp: false }]).toContainEqual(verified);
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (place, change) => {
      const { attestationObject } = registration.response;
      const response = {
        ...registration.response,
        attestationObject: changed(attestationObject, place, change),
      };
      const enrolled = await trusting.verifyCreation(CHALLENGE, { ...registration, response });
      if (enrolled?.attested) expect(enrolled).toEqual(credential);
    }),
  );
});

function changed(encoded: string, place: number, change: number): string {
  const bytes = Buffer.from(encoded, 'base64url');
  const at = place % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ change;
  return bytes.toString('base64url');
}
