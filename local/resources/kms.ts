import { z } from 'zod';
import { Policy } from '../iam/policy.ts';
import { arn, type DeclaredResource, ignored, resourceType, stableDigits } from './resource-type.ts';

const KeyProperties = z.strictObject({
  Description: z.string().default(''),
  Enabled: z.boolean().default(true),
  KeySpec: z.enum(['ECC_NIST_P256', 'HMAC_256', 'SYMMETRIC_DEFAULT']).default('SYMMETRIC_DEFAULT'),
  KeyUsage: z.enum(['SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'ENCRYPT_DECRYPT']).default('ENCRYPT_DECRYPT'),
  KeyPolicy: Policy.optional(),
  // A key that is kept for a development run does not grow old.
  EnableKeyRotation: ignored,
  RotationPeriodInDays: ignored,
  PendingWindowInDays: ignored,
  Tags: ignored,
});
type Key = DeclaredResource<z.output<typeof KeyProperties>>;

const AliasProperties = z.strictObject({ AliasName: z.string(), TargetKeyId: z.string() });
type Alias = DeclaredResource<z.output<typeof AliasProperties>>;

const keyIdOf = (key: Key): string =>
  stableDigits(key, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
const arnOf = (key: Key): string => arn('kms', key, `key/${keyIdOf(key)}`);

export const key = resourceType({
  properties: KeyProperties,
  identify: (declared: Key) => ({
    ref: keyIdOf(declared),
    attributes: { Arn: arnOf(declared), KeyId: keyIdOf(declared) },
  }),
  deploy: (declared: Key, { kms, authorization }) => {
    const { Description, Enabled, KeySpec, KeyPolicy } = declared.properties;
    if (KeyPolicy !== undefined) authorization.addResourcePolicy(arnOf(declared), KeyPolicy);
    kms.ensureKey({
      keyId: keyIdOf(declared),
      arn: arnOf(declared),
      description: Description,
      enabled: Enabled,
      keySpec: KeySpec,
    });
  },
});

export const alias = resourceType({
  properties: AliasProperties,
  identify: ({ properties }: Alias) => ({ ref: properties.AliasName }),
  deploy: ({ properties }: Alias, { kms }) => {
    kms.setAlias(properties.AliasName, properties.TargetKeyId.replace(/^arn:.*:key\//, ''));
  },
});
