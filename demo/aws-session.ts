import {
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { Material } from '../lambdas/minting/connector.port.ts';

/** Calls AWS as whoever holds the credentials of a session does. */
export function awsSession(
  client: { readonly endpoint: string; readonly region: string },
  { access_key_id = '', secret_access_key = '', session_token = '' }: Material,
) {
  const credentials = {
    accessKeyId: access_key_id,
    secretAccessKey: secret_access_key,
    sessionToken: session_token,
  };
  const secretsManager = new SecretsManagerClient({ ...client, credentials });
  /** What it answers, or how it refuses. */
  const answerTo = (call: Promise<string>): Promise<string> =>
    call.catch((error: Error) => `${error.name}: ${error.message}`);
  return {
    read: (SecretId: string) =>
      answerTo(
        secretsManager
          .send(new GetSecretValueCommand({ SecretId }))
          .then(({ SecretString }) => SecretString ?? ''),
      ),
    list: () => answerTo(secretsManager.send(new ListSecretsCommand({ MaxResults: 1 })).then(() => 'listed')),
  };
}
