import { expect, test } from 'vitest';
import { constructName, referentOf, resources, statements, templates } from './templates.ts';

const { state, controlPlane } = templates();

test('every table is encrypted with a key of the account, recoverable, and cannot be deleted', () => {
  const tables = [...resources(state), ...resources(controlPlane)].filter(([, { Type }]) =>
    /^AWS::DynamoDB::(Global)?Table$/.test(Type),
  );
  expect(tables.map(([, { Type }]) => Type)).toEqual(['AWS::DynamoDB::Table']);
  for (const [logicalId, { Properties, DeletionPolicy }] of tables) {
    expect(DeletionPolicy, logicalId).toBe('Retain');
    expect(Properties, logicalId).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    });
    const key = referentOf(Properties.SSESpecification.KMSMasterKeyId, [state]);
    expect(key && constructName(key.resource), logicalId).toBe('DataKey');
  }
});

test('the table holds every kind of item, and forgets those that say when', () => {
  const [[, table] = ['', undefined]] = resources(state, 'AWS::DynamoDB::Table');
  expect(table?.Properties).toMatchObject({
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
  });
});

test('every key is kept, has an alias, and rotates where KMS can rotate it', () => {
  const aliased = resources(state, 'AWS::KMS::Alias').map(
    ([, { Properties }]) => Properties.TargetKeyId['Fn::GetAtt'][0],
  );
  for (const [logicalId, { Properties, DeletionPolicy }] of resources(state, 'AWS::KMS::Key')) {
    expect(DeletionPolicy, logicalId).toBe('Retain');
    expect(aliased, logicalId).toContain(logicalId);
    if (Properties.KeyUsage === 'SIGN_VERIFY') expect(Properties.KeySpec, logicalId).toBe('ECC_NIST_P256');
    else if (Properties.KeyUsage === 'GENERATE_VERIFY_MAC')
      expect(Properties.KeySpec, logicalId).toBe('HMAC_256');
    else expect(Properties.EnableKeyRotation, logicalId).toBe(true);
  }
});

test('a key answers to the account, and the data key to the logs of this system and to whom a grant’s secret lets read it', () => {
  for (const { where, principal, condition } of statements(state)) {
    if (JSON.stringify(principal).includes('logs.'))
      expect(condition?.['ArnLike'], where).toHaveProperty('kms:EncryptionContext:aws:logs:arn');
    else if (JSON.stringify(principal) === '{"AWS":"*"}') {
      expect(condition, where).toMatchObject({
        StringEquals: {
          'kms:CallerAccount': { Ref: 'AWS::AccountId' },
          'kms:ViaService': expect.anything(),
        },
      });
      expect(JSON.stringify(condition?.['StringLike']), where).toContain(':secret:sallyport/grants/*');
    } else expect(JSON.stringify(principal), where).toMatch(/:root/);
  }
});

test('the secret is random, kept, and encrypted with the data key', () => {
  const [[, secret] = ['', undefined]] = resources(state, 'AWS::SecretsManager::Secret');
  expect(secret?.DeletionPolicy).toBe('Retain');
  expect(secret?.Properties).toMatchObject({
    GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
    KmsKeyId: expect.anything(),
  });
  expect(secret?.Properties).not.toHaveProperty('SecretString');
});
