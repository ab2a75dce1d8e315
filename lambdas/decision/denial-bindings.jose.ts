import { timingSafeEqual } from 'node:crypto';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import canonicalize from 'canonicalize';
import { CompactSign, compactVerify, errors } from 'jose';
import { derivedKey } from '../platform/derived-key.aws.ts';
import { bareEvaluationId, type DenialBindings } from './denial-bindings.port.ts';
import { BoundDenial } from './denied-question.ts';

/**
 * Binding tokens as JWS (RFC 7515, HS256) of the denial's canonical JSON (RFC 8785), under a key that is derived from the
 * deployment's managed secret for this alone: nobody else makes or reads them. The id of the evaluation ends with its expiry
 * (seconds since 1970) and the signature, so that who repeats the question needs nothing else.
 */
export function jwsDenialBindings(secrets: SecretsManagerClient, secretId: string): DenialBindings {
  const key = derivedKey(secrets, secretId, 'sallyport denial binding');

  const bindings: DenialBindings = {
    async bind(denial) {
      const payload = new TextEncoder().encode(canonicalize(denial));
      const bindingToken = await new CompactSign(payload)
        .setProtectedHeader({ alg: 'HS256' })
        .sign(await key());
      const signature = bindingToken.slice(bindingToken.lastIndexOf('.') + 1);
      return { evaluationId: `${denial.id}.${denial.expiresAtEpochSeconds}.${signature}`, bindingToken };
    },

    async recall(evaluationId, question) {
      const expiresAtEpochSeconds = Number(evaluationId.split('.')[1]);
      const denial = { ...question, id: bareEvaluationId(evaluationId), expiresAtEpochSeconds };
      if (!Number.isSafeInteger(expiresAtEpochSeconds)) return undefined;
      const bound = await bindings.bind(denial);
      const [made, shown] = [Buffer.from(bound.evaluationId), Buffer.from(evaluationId)];
      return made.byteLength === shown.byteLength && timingSafeEqual(made, shown) ? denial : undefined;
    },

    async open(bindingToken) {
      const secret = await key();
      try {
        const { payload } = await compactVerify(bindingToken, secret, { algorithms: ['HS256'] });
        return BoundDenial.parse(JSON.parse(new TextDecoder().decode(payload)));
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
  return bindings;
}
