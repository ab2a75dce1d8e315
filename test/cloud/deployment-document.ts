import { parseArgs } from 'node:util';
import { type DemoAddresses, demoDeployment } from '../../demo/deployment.ts';
import { personaIds } from '../../demo/personas.ts';
import { trustIn } from '../support/self-made-issuer.ts';

export interface TestIssuers {
  readonly identityProviderUrl: string;
  readonly selfMadeIssuerUrl: string;
}

/**
 * The demo's deployment document, trusting also the issuer in whose name the tests make bad tokens.
 * @param backends where the systems are that were started for it
 */
export function testDeployment(
  { identityProviderUrl, selfMadeIssuerUrl }: TestIssuers,
  backends: Partial<DemoAddresses> = {},
): object {
  const deployment = demoDeployment({ ...backends, identityProviderUrl });
  const selfMade = trustIn(selfMadeIssuerUrl, deployment);
  const tokens = selfMade.tokens.map(({ audience, channel, method, ...token }) => ({
    audience,
    channel,
    method,
    principals: token.principals ?? everybody,
  }));
  return {
    ...deployment,
    trustedIssuers: [...deployment.trustedIssuers, { ...selfMade, tokens }],
    // A containment is not over until it could tell everybody.
    signalReceivers: backends.signalReceiverUrl === undefined ? [] : deployment.signalReceivers,
  };
}

/** Only one issuer may name principals by a claim. Mallory is not in the directory. */
const everybody = [...personaIds, 'mallory'].map((id) => ({ claims: { sub: id }, principal: id }));

if (import.meta.main) {
  const [identityProviderUrl, selfMadeIssuerUrl] = parseArgs({ allowPositionals: true }).positionals;
  if (identityProviderUrl === undefined || selfMadeIssuerUrl === undefined) {
    console.error(
      'usage: node test/cloud/deployment-document.ts <identity provider URL> <self-made issuer URL>',
    );
    process.exit(2);
  }
  console.log(JSON.stringify(testDeployment({ identityProviderUrl, selfMadeIssuerUrl }), undefined, 2));
}
