import { newKms, newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { timeDocument } from '../platform/documents.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { kmsSigner } from '../platform/signer.kms.ts';
import { attestProofing } from './attest-proofing.step.ts';
import { type AttestedProofing, attestProofingRoute } from './desk.routes.ts';
import { AttestProofingEnvironment } from './environment.ts';
import { sessionTokens } from './session-token.ts';

const environment = parseEnvironment(AttestProofingEnvironment, process.env);
const attest = attestProofing({
  deployment: readDeployment(import.meta.dirname),
  ledger: newLedger(environment.TABLE_NAME),
  issueToken: sessionTokens({
    signer: kmsSigner(newKms(), environment.SESSION_SIGNING_KEY_ID),
    ids: randomIds,
    issuer: environment.ISSUER,
  }),
  issuer: environment.ISSUER,
  clock: systemClock,
  ids: randomIds,
});

export const handler = httpHandler('attest-proofing', [
  serve(attestProofingRoute, async ({ caller, parameters, body }) => {
    const { session, token, right, code } = await attest(caller, parameters['id'] ?? '', body);
    return {
      status: 201,
      body: {
        session: { id: session.id, expires_at: timeDocument(session.expiresAtEpochSeconds) },
        access_token: token.accessToken,
        token_type: token.tokenType,
        expires_in: token.expiresInSeconds,
        enrolment_right: { code, expires_at: timeDocument(right.expiresAtEpochSeconds) },
      } satisfies AttestedProofing,
    };
  }),
]);
