import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SignalReceiver } from '../platform/deployment.ts';
import type { SignalDelivery } from './signal-delivery.port.ts';

const LONGEST_MILLISECONDS = 3000;

/** Pushes over HTTP (RFC 8935 §2). It goes nowhere else than where the deployment document says: no redirect is followed. */
export function httpsSignalDelivery(secretsManager: SecretsManagerClient): SignalDelivery {
  return {
    async deliver(receiver, securityEventToken) {
      try {
        const response = await fetch(receiver.endpoint, {
          method: 'POST',
          redirect: 'error',
          signal: AbortSignal.timeout(LONGEST_MILLISECONDS),
          headers: {
            'content-type': 'application/secevent+jwt',
            accept: 'application/json',
            ...(await authorizationFor(receiver)),
          },
          body: securityEventToken,
        });
        await response.body?.cancel();
        return response.status === 202;
      } catch {
        return false;
      }
    },
  };

  async function authorizationFor({
    authorizationSecret,
  }: SignalReceiver): Promise<{ authorization?: string }> {
    if (authorizationSecret === undefined) return {};
    const { SecretString } = await secretsManager.send(
      new GetSecretValueCommand({ SecretId: authorizationSecret }),
    );
    return SecretString === undefined ? {} : { authorization: SecretString };
  }
}
