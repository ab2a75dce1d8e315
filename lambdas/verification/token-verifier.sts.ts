import type { Deployment } from '../platform/deployment.ts';
import { DependencyUnavailable } from '../platform/failures.ts';
import { onlyPrincipal } from './only-principal.ts';
import type { TokenVerifier } from './token-verifier.port.ts';
import {
  arnMatches,
  type CallerRequest,
  readCallerIdentity,
  readCallerRequest,
} from './tokens/aws-caller.ts';

const MOST_WAIT_MILLISECONDS = 3000;
/** STS says who signed, and not for how long they are who they are: they show it anew each hour. */
const EVIDENCE_SECONDS = 3600;
const MOST_CHARACTERS = 8192;

/**
 * Verifies a signed GetCallerIdentity request by having STS answer it: only the holder of AWS credentials can have
 * signed it, and only for the server that it names.
 */
export function stsTokenVerifier(
  { awsCallers }: Pick<Deployment, 'awsCallers'>,
  server: string,
): TokenVerifier {
  return {
    async verify(token, nowEpochSeconds) {
      if (awsCallers === undefined || token.length > MOST_CHARACTERS) return undefined;
      const { endpoints, principals } = awsCallers;
      const request = readCallerRequest(token, { endpoints, server, nowEpochSeconds });
      if (request === undefined) return undefined;
      const answer = await forward(request);
      if (answer === 'refused') return undefined;
      const { account, arn } = answer;
      const principalId = onlyPrincipal(principals, (rule) => arnMatches(rule.arn, arn));
      if (principalId === undefined) return undefined;
      const observedAt = Math.min(nowEpochSeconds, request.signedAtEpochSeconds);
      return {
        principalId,
        of: 'machine',
        evidence: {
          channel: 'machine',
          method: 'aws-caller',
          issuer: request.endpoint,
          amr: [],
          phishingResistant: false,
          posture: { account, arn },
          observedAtEpochSeconds: observedAt,
          expiresAtEpochSeconds: observedAt + EVIDENCE_SECONDS,
        },
        usedOnce: { value: request.signature, untilEpochSeconds: request.expiresAtEpochSeconds },
      };
    },
  };
}

/**
 * Sends the request exactly as it was signed. Where it goes is what the deployment says; a redirect is followed
 * nowhere.
 */
async function forward({ endpoint, headers, body }: CallerRequest) {
  // These two are what the client makes of the endpoint and the body; that they are the same was checked.
  const { host: _host, 'content-length': _length, ...sent } = headers;
  let status: number;
  let text: string;
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: sent,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(MOST_WAIT_MILLISECONDS),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new DependencyUnavailable('STS did not answer', { cause: error });
  }
  const isAboutTheRequest =
    status >= 400 && status < 500 && status !== 429 && !text.includes('<Code>Throttling');
  if (isAboutTheRequest) return 'refused';
  const identity = status === 200 ? readCallerIdentity(text) : undefined;
  if (identity === undefined) throw new DependencyUnavailable('STS gave another answer than it should');
  return identity;
}
