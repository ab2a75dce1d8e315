import {
  CreateRoleCommand,
  EntityAlreadyExistsException,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateSecretCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { Runtime } from '../local/runtime.ts';
import document from './deployment.json' with { type: 'json' };

const ACCOUNT = '000000000000';

/** What the demo's deployments read, with what it holds. */
export const demoArtifacts = {
  'demo/artifacts/web': 'the web shop, version 41',
  'demo/artifacts/api': 'the API of the shop, version 17',
  'demo/signing-key': 'the key that releases are signed with',
} as const;

/** Makes the role that grants to `deploy-artifacts` assume, and what it may read, unless they are there. */
export async function prepareDeployArtifacts(client: Runtime['client']): Promise<void> {
  const iam = new IAMClient(client);
  const secretsManager = new SecretsManagerClient(client);
  await unlessThere(EntityAlreadyExistsException, () =>
    iam.send(
      new CreateRoleCommand({
        RoleName: 'deploy-artifacts',
        AssumeRolePolicyDocument: JSON.stringify(trustInMinters),
      }),
    ),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'deploy-artifacts',
      PolicyName: 'own',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: {
          Effect: 'Allow',
          Action: ['secretsmanager:GetSecretValue', 'secretsmanager:ListSecrets'],
          Resource: '*',
        },
      }),
    }),
  );
  for (const [Name, SecretString] of Object.entries(demoArtifacts))
    await unlessThere(ResourceExistsException, () =>
      secretsManager.send(new CreateSecretCommand({ Name, SecretString })),
    );
  iam.destroy();
  secretsManager.destroy();
}

/** As the connector's README asks for it. */
const trustInMinters = {
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    Condition: {
      ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/SallyportControlPlane/minters/*` },
      StringEquals: {
        'sts:ExternalId': document.targets.find(({ id }) => id === 'deploy-artifacts')?.externalId,
      },
    },
  },
};

async function unlessThere(
  thereIsOne: new (...given: never[]) => Error,
  make: () => Promise<unknown>,
): Promise<void> {
  await make().catch((error: unknown) => {
    if (!(error instanceof thereIsOne)) throw error;
  });
}
