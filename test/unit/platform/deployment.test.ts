import { expect, test } from 'vitest';
import { demoDeployment } from '../../../demo/deployment.ts';
import { DeploymentSchema } from '../../../lambdas/platform/deployment.ts';

const document = () =>
  structuredClone(demoDeployment({ identityProviderUrl: 'https://id.example.com' })) as unknown as {
    trustedIssuers: Record<string, unknown>[];
    targets: Record<string, unknown>[];
    webauthn: { rpId: string; origins: string[]; hardwareModels: { roots: string[] }[] };
  };

test('a deployment that trusts and guards as it should is taken', () => {
  expect(DeploymentSchema.safeParse(document()).success).toBe(true);
});

test.for<[string, (deployment: ReturnType<typeof document>) => void]>([
  [
    'keys that travel in the clear',
    ({ trustedIssuers: [issuer] }) => Object.assign(issuer ?? {}, { jwksUri: 'http://id.example.com/jwks' }),
  ],
  [
    'keys from anywhere but the web',
    ({ trustedIssuers: [issuer] }) => Object.assign(issuer ?? {}, { jwksUri: 'data:application/json,{}' }),
  ],
  [
    'an issuer that is named twice',
    ({ trustedIssuers }) => trustedIssuers.push(...structuredClone(trustedIssuers)),
  ],
  [
    'two issuers that name principals by a claim: each could vouch for the other’s people',
    ({ trustedIssuers }) =>
      trustedIssuers.push({
        ...structuredClone(trustedIssuers[0]),
        issuer: 'https://contractors.example.com',
      }),
  ],
  ['a target that is named twice', ({ targets }) => targets.push(...structuredClone(targets))],
  [
    'a permission that would be two scopes',
    ({ targets: [target] }) => Object.assign(target ?? {}, { permissions: ['a b'] }),
  ],
  [
    'grants that outlive any workflow',
    ({ targets: [target] }) => Object.assign(target ?? {}, { maximumDuration: 'P400D' }),
  ],
  ['no relying party for passkeys', (deployment) => Reflect.deleteProperty(deployment, 'webauthn')],
  [
    'passkeys that are shown in the clear',
    ({ webauthn }) => Object.assign(webauthn, { rpId: 'example.com', origins: ['http://example.com'] }),
  ],
  [
    'passkeys that are shown outside of their domain',
    ({ webauthn }) => Object.assign(webauthn, { rpId: 'example.com', origins: ['https://notexample.com'] }),
  ],
  [
    'an origin with a path',
    ({ webauthn }) => Object.assign(webauthn, { rpId: 'example.com', origins: ['https://example.com/a'] }),
  ],
  [
    'a trusted maker without a certificate',
    ({ webauthn }) => Object.assign(webauthn.hardwareModels[0] ?? {}, { roots: ['its word'] }),
  ],
  ['what it does not know', (deployment) => Object.assign(deployment, { trustEverybody: true })],
])('a deployment is refused for %s', ([, spoil]) => {
  const spoilt = document();
  spoil(spoilt);
  expect(DeploymentSchema.safeParse(spoilt).success).toBe(false);
});
