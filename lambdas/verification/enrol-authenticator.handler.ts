import { newKms, newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { timeDocument } from '../platform/documents.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { authenticatorDocument } from './authenticator-document.ts';
import {
  beginEnrolmentRoute,
  confirmEnrolmentRoute,
  type EnrolmentDocument,
} from './authenticators.routes.ts';
import { beginEnrolment } from './begin-enrolment.step.ts';
import { confirmEnrolment } from './confirm-enrolment.step.ts';
import { EnrolAuthenticatorEnvironment } from './environment.ts';
import { simpleWebAuthnPasskeys } from './passkeys.simplewebauthn.ts';
import { kmsTotpSeeds } from './totp-seeds.kms.ts';

const environment = parseEnvironment(EnrolAuthenticatorEnvironment, process.env);
const { webauthn } = readDeployment(import.meta.dirname);
const dependencies = {
  ledger: newLedger(environment.TABLE_NAME),
  passkeys: simpleWebAuthnPasskeys(webauthn),
  totpSeeds: kmsTotpSeeds(newKms(), environment.TOTP_SEED_KEY_ID),
  serviceName: webauthn.rpName,
  clock: systemClock,
  ids: randomIds,
};
const begin = beginEnrolment(dependencies);
const confirm = confirmEnrolment(dependencies);

export const handler = httpHandler('enrol-authenticator', [
  serve(beginEnrolmentRoute, async ({ caller, body }) => {
    const { enrolment, offer } = await begin(caller, body);
    return {
      status: 201,
      body: {
        id: enrolment.id,
        type: enrolment.of.kind,
        expires_at: timeDocument(enrolment.expiresAtEpochSeconds),
        ...offer,
      } satisfies EnrolmentDocument,
    };
  }),
  serve(confirmEnrolmentRoute, async ({ caller, parameters, body }) => {
    const enrolled = await confirm(caller, parameters['id'] ?? '', body);
    return { status: 200, body: { authenticator: authenticatorDocument(enrolled) } };
  }),
]);
