import { z } from 'zod';
import { GenerateSecretString, generateSecretString } from '../aws/generate-secret-string.ts';
import {
  arn,
  type DeclaredResource,
  ignored,
  physicalName,
  resourceType,
  stableDigits,
} from './resource-type.ts';

const Properties = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().default(''),
  GenerateSecretString: GenerateSecretString.optional(),
  SecretString: z.string().optional(),
  // The value is in a file that only its owner can read; who may read it depends on the key all the same.
  KmsKeyId: z.string().startsWith('arn:').optional(),
  Tags: ignored,
});
type Secret = DeclaredResource<z.output<typeof Properties>>;

const nameOf = (secret: Secret): string => secret.properties.Name ?? physicalName(secret);
const arnOf = (secret: Secret): string =>
  arn('secretsmanager', secret, `secret:${nameOf(secret)}-${stableDigits(secret, 6)}`);

export const secret = resourceType({
  properties: Properties,
  identify: (declared: Secret) => ({ ref: arnOf(declared), attributes: { Id: arnOf(declared) } }),
  deploy: (declared: Secret, { secretsManager }) => {
    const { Description, GenerateSecretString: generation, KmsKeyId, SecretString } = declared.properties;
    secretsManager.ensureSecret({
      name: nameOf(declared),
      arn: arnOf(declared),
      description: Description,
      kmsKeyId: KmsKeyId,
      makeValue: () => SecretString ?? generateSecretString(generation ?? GenerateSecretString.parse({})),
    });
  },
});
