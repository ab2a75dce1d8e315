import * as z from 'zod';
import type { AdministratorSecrets } from '../../../minting/administrator-secrets.port.ts';
import type { ConnectionOf } from '../../connection.ts';
import type { Rotator } from '../../rotator.port.ts';
import { answerOf } from '../named-secrets.https.ts';
import { overlappingRotator } from '../overlapping.https.ts';

/** RFC 6749 §5.2. */
const OauthError = z.object({ error: z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/) });

/** Rotates the secret of an OAuth client. */
export function oauthClientRotator(secrets: AdministratorSecrets): Rotator<ConnectionOf<'oauth-client'>> {
  return overlappingRotator(secrets, {
    secretsUrl: ({ secretsUrl }) => secretsUrl,
    valueFrom: ({ clientId }, { id, secret }) => ({
      client_id: clientId,
      secret_id: id,
      client_secret: secret,
    }),
    idOf: (value) => value['secret_id'],

    async test({ clientId, tokenUrl }, value) {
      const how = `a token request with secret ${value['secret_id']}`;
      // RFC 6749 §2.3.1: both are form-encoded before they are joined.
      const pair = [clientId, value['client_secret'] ?? ''].map((part) => encodeURIComponent(part)).join(':');
      const answer = await answerOf(tokenUrl, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(pair)}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
      if (answer === undefined) return { answer: 'unknown', how: `${how}: no answer` };
      const error = OauthError.safeParse(answer.body).data?.error;
      const said = `${how}: ${answer.status}${error === undefined ? '' : ` ${error}`}`;
      if (answer.ok) return { answer: 'works', how: said };
      if (error === 'invalid_client') return { answer: 'refused', how: said };
      return { answer: error === undefined ? 'unknown' : 'useless', how: said };
    },
  });
}
