import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { type JWTHeaderParameters, SignJWT } from 'jose';
import { answerPush } from '../../lambdas/verification/answer-push.step.ts';
import {
  type Authenticator,
  authenticatorType,
  DevicePublicKey,
} from '../../lambdas/verification/authenticator.ts';
import { joseDeviceStatements } from '../../lambdas/verification/device-statements.jose.ts';
import type { StatementType } from '../../lambdas/verification/device-statements.port.ts';
import { hearDevice } from '../../lambdas/verification/hear-device.step.ts';
import { listPushes } from '../../lambdas/verification/list-pushes.step.ts';
import { principalType } from '../../lambdas/verification/principal.ts';
import { redeemBackchannel } from '../../lambdas/verification/redeem-backchannel.step.ts';
import { startBackchannel } from '../../lambdas/verification/start-backchannel.step.ts';
import {
  callerOf,
  clockAt,
  countedIds,
  dana,
  deployment,
  ledgerOfEverybody,
  machine,
  NOW,
} from './access-case.ts';
import { inMemorySingleUse } from './in-memory-single-use.ts';

export const ISSUER = 'https://sallyport.example';
export const voiceGateway = machine('service_account', 'voice-gateway', 'omar', 'channel-gateways');
export const otherGateway = machine('service_account', 'other-gateway', 'omar', 'channel-gateways');

/** A voice gateway, Dana's telephone, and everything between them, over a ledger in memory. */
export function callCase() {
  const ledger = ledgerOfEverybody();
  for (const gateway of [voiceGateway, otherGateway]) ledger.seed(principalType, gateway);
  const clock = clockAt();
  const singleUse = inMemorySingleUse();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const telephone: Authenticator = {
    kind: 'push-device',
    id: 'telephone',
    principal: dana.id,
    name: 'Telephone',
    status: 'active',
    consecutiveFailures: 0,
    failedAtEpochSeconds: [],
    createdAtEpochSeconds: NOW,
    enrolledBy: { session: 'session-dana', aal: 2, evidence: [] },
    publicKey: DevicePublicKey.parse(publicKey.export({ format: 'jwk' })),
  };
  ledger.seed(authenticatorType, telephone);
  const dependencies = {
    deployment,
    ledger,
    clock,
    singleUse,
    ids: countedIds(),
    issuer: ISSUER,
    issueToken: async () => ({ accessToken: 'issued', tokenType: 'Bearer' as const, expiresInSeconds: 900 }),
  };
  const hear = hearDevice({ ...dependencies, statements: joseDeviceStatements(ISSUER) });
  const start = startBackchannel(dependencies);
  const redeem = redeemBackchannel(dependencies);
  const answer = answerPush({ ...dependencies, hear });

  /** What the telephone says at this moment, or what somebody says in its name. */
  function statement(
    typ: string,
    claims: object,
    over: { header?: Partial<JWTHeaderParameters>; key?: Parameters<SignJWT['sign']>[0] } = {},
  ): Promise<string> {
    const said = { aud: ISSUER, iat: clock.atEpochSeconds, jti: randomUUID(), ...claims };
    return new SignJWT(said)
      .setProtectedHeader({ alg: 'ES256', typ, kid: telephone.id, ...over.header })
      .sign(over.key ?? privateKey);
  }

  return {
    ledger,
    clock,
    privateKey,
    telephone: async () => (await ledger.read(authenticatorType, telephone.id))?.entity,
    statement,
    hear: (said: string, type: StatementType = 'push-query+jwt') => hear(said, type),
    pushes: async () =>
      listPushes({ ...dependencies, hear })(await statement('push-query+jwt' satisfies StatementType, {})),
    call: (loginHint: string = dana.id) =>
      start(callerOf(voiceGateway), { login_hint: loginHint, binding_message: 'Blue 42' }),
    poll: (id: string, gateway = voiceGateway) => redeem(callerOf(gateway), id, undefined),
    answer: async (push: { id: string; nonce: string }, decision: 'approve' | 'deny' = 'approve') =>
      answer(
        push.id,
        await statement('push-answer+jwt' satisfies StatementType, {
          challenge: push.id,
          nonce: push.nonce,
          decision,
        }),
      ),
  };
}
