import type { AdministratorSecrets } from '../../../minting/administrator-secrets.port.ts';
import type { ConnectionOf } from '../../connection.ts';
import type { Rotator } from '../../rotator.port.ts';
import { answerOf } from '../named-secrets.https.ts';
import { overlappingRotator } from '../overlapping.https.ts';

/** Rotates the API key of an account at a vendor. */
export function apiKeyRotator(secrets: AdministratorSecrets): Rotator<ConnectionOf<'api-key'>> {
  return overlappingRotator(secrets, {
    secretsUrl: ({ keysUrl }) => keysUrl,
    valueFrom: (_, { id, secret }) => ({ key_id: id, api_key: secret }),
    idOf: (value) => value['key_id'],

    async test({ testUrl }, value) {
      const how = `a call with key ${value['key_id']}`;
      const answer = await answerOf(testUrl, { headers: { authorization: `Bearer ${value['api_key']}` } });
      if (answer === undefined) return { answer: 'unknown', how: `${how}: no answer` };
      const said = `${how}: ${answer.status}`;
      if (answer.ok) return { answer: 'works', how: said };
      if (answer.status === 401) return { answer: 'refused', how: said };
      return { answer: answer.status === 403 ? 'useless' : 'unknown', how: said };
    },
  });
}
