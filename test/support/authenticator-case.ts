import { createHash, randomBytes } from 'node:crypto';
import { type TOTP, URI } from 'otpauth';
import { demoMaker, SoftwareAuthenticator } from '../../demo/software-authenticator.ts';
import { answerStepUp } from '../../lambdas/verification/answer-step-up.step.ts';
import type { Authenticator } from '../../lambdas/verification/authenticator.ts';
import { beginEnrolment } from '../../lambdas/verification/begin-enrolment.step.ts';
import { beginStepUp } from '../../lambdas/verification/begin-step-up.step.ts';
import type { Caller } from '../../lambdas/verification/caller.ts';
import { confirmEnrolment } from '../../lambdas/verification/confirm-enrolment.step.ts';
import { simpleWebAuthnPasskeys } from '../../lambdas/verification/passkeys.simplewebauthn.ts';
import type { TotpSeeds } from '../../lambdas/verification/totp-seeds.port.ts';
import { callerOf, clockAt, dana, deployment, ledgerOfEverybody } from './access-case.ts';

export const ORIGIN = 'https://login.example.com';

/** Each is another, as those of a deployment are: a challenge that can be foreseen would be none. */
const unguessable = { next: () => randomBytes(16).toString('hex') };

/** Seeds of which a test knows how they come about. */
const seeds: TotpSeeds = {
  seedOf: async (id) => createHash('sha256').update(id).digest().subarray(0, 20),
};

/** Everything that enrols and asks for authenticators, over a ledger in memory. It trusts the demo's hardware. */
export function authenticatorCase() {
  const ledger = ledgerOfEverybody();
  const clock = clockAt();
  const notified: string[] = [];
  const passkeys = simpleWebAuthnPasskeys({
    ...deployment.webauthn,
    hardwareModels: [
      { aaguid: '7c0a6f1e-2b4d-4c59-a3e1-8d5f60b9c2a4', name: 'Demo', roots: [demoMaker.certificate] },
    ],
  });
  const dependencies = {
    ledger,
    clock,
    passkeys,
    ids: unguessable,
    totpSeeds: seeds,
    serviceName: 'Example',
    issuer: 'https://sallyport.example',
    waiters: { notify: async (session: string) => void notified.push(session) },
    issueToken: async () => ({ accessToken: 'issued', tokenType: 'Bearer' as const, expiresInSeconds: 900 }),
  };
  const begin = beginEnrolment(dependencies);
  const confirm = confirmEnrolment(dependencies);
  const stepUps = { begin: beginStepUp(dependencies), answer: answerStepUp(dependencies) };

  /** A passkey of somebody, enrolled. */
  async function enrolPasskey(
    traits: Omit<ConstructorParameters<typeof SoftwareAuthenticator>[0], 'origin'> = {},
    caller: Caller = callerOf(dana),
  ): Promise<{ device: SoftwareAuthenticator; authenticator: Authenticator }> {
    const device = new SoftwareAuthenticator({ origin: ORIGIN, ...traits });
    const { enrolment, offer } = await begin(caller, { type: 'passkey', name: 'Key' });
    const authenticator = await confirm(caller, enrolment.id, {
      type: 'passkey',
      credential: device.create(creationOptions(offer)),
    });
    return { device, authenticator };
  }

  /** An authenticator app of somebody, enrolled. Time goes on by a step, so that its next code is another. */
  async function enrolCodes(caller: Caller = callerOf(dana)) {
    const { enrolment, offer } = await begin(caller, { type: 'totp', name: 'App' });
    const app = appOf(offer);
    const codeNow = () => app.generate({ timestamp: clock.nowEpochMilliseconds() });
    const authenticator = await confirm(caller, enrolment.id, { type: 'totp', code: codeNow() });
    clock.atEpochSeconds += 30;
    return { codeNow, authenticator };
  }

  return { ledger, clock, notified, begin, confirm, stepUps, enrolPasskey, enrolCodes };
}

/** What a browser is given to make a passkey with. */
export function creationOptions(offer: object) {
  return (offer as { public_key: { challenge: string; rp: { id: string } } }).public_key;
}

/** The app that has scanned what was offered. */
export function appOf(offer: object): TOTP {
  return URI.parse((offer as { otpauth_uri: string }).otpauth_uri) as TOTP;
}
