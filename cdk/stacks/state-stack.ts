import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { ArnFormat, CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { grantSecretName } from '../../lambdas/minting/grant.ts';

/**
 * What has to outlive every deployment of the code: the table, the keys and the secret. A stack of its own,
 * so that replacing the control plane can never touch them.
 */
export class StateStack extends Stack {
  readonly table: Table;
  /** Encrypts what rests: the table, the secret, the log groups. */
  readonly dataKey: Key;
  /** Encrypts the task tokens that wait in the table for a person or an expiry. */
  readonly taskTokenKey: Key;
  /** Gives the secrets of one-time codes: an authenticator's is the MAC of its id. */
  readonly totpSeedKey: Key;
  readonly sessionSigningKey: Key;
  readonly grantSigningKey: Key;
  readonly signalSigningKey: Key;
  readonly derivationSecret: CfnSecret;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, { ...props, terminationProtection: true });

    this.dataKey = new Key(this, 'DataKey', {
      alias: 'sallyport/data',
      description: 'Encrypts the table, the secret and the log groups of Sallyport.',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.dataKey.addToResourcePolicy(this.logsMayUseKey());
    this.dataKey.addToResourcePolicy(this.granteesMayUseKey());
    this.taskTokenKey = new Key(this, 'TaskTokenKey', {
      alias: 'sallyport/task-token',
      description: 'Encrypts the task tokens of waiting workflows.',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.totpSeedKey = new Key(this, 'TotpSeedKey', {
      alias: 'sallyport/totp-seed',
      description: 'Gives the secrets of one-time codes.',
      // KMS does not rotate HMAC keys; another key would be another secret for everybody.
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.sessionSigningKey = this.signingKey(
      'SessionSigningKey',
      'session',
      'Signs the access tokens of sessions.',
    );
    this.grantSigningKey = this.signingKey(
      'GrantSigningKey',
      'grant',
      'Signs the credentials minted for grants.',
    );
    // A key of its own: who tells others of revocations can make no token that opens anything.
    this.signalSigningKey = this.signingKey(
      'SignalSigningKey',
      'signal',
      'Signs what receivers are told of revocations.',
    );

    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'ttl',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.dataKey,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });

    // Not CDK's own construct, which widens the key's policy for what the account may do anyway.
    this.derivationSecret = new CfnSecret(this, 'DerivationSecret', {
      description: 'What the keys of cursors and nonces are derived from.',
      kmsKeyId: this.dataKey.keyArn,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
    });
    this.derivationSecret.applyRemovalPolicy(RemovalPolicy.RETAIN);

    new CfnOutput(this, 'TableName', { value: this.table.tableName });
  }

  private signingKey(id: string, alias: string, description: string): Key {
    return new Key(this, id, {
      alias: `sallyport/${alias}-signing`,
      description,
      // ES256; KMS does not rotate asymmetric keys.
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  /**
   * Whom the secret of a grant lets read it needs no permission of its own for the key: who that is says the secret's
   * own policy (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
   */
  private granteesMayUseKey(): PolicyStatement {
    const secretArn = this.formatArn({
      service: 'secretsmanager',
      resource: 'secret',
      resourceName: grantSecretName('*'),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    return new PolicyStatement({
      sid: 'GranteesReadTheirSecrets',
      principals: [new AnyPrincipal()],
      actions: ['kms:Decrypt'],
      resources: ['*'],
      conditions: {
        StringEquals: {
          'kms:CallerAccount': this.account,
          'kms:ViaService': `secretsmanager.${this.region}.amazonaws.com`,
        },
        StringLike: { 'kms:EncryptionContext:SecretARN': secretArn },
      },
    });
  }

  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html */
  private logsMayUseKey(): PolicyStatement {
    return new PolicyStatement({
      sid: 'CloudWatchLogs',
      principals: [new ServicePrincipal(`logs.${this.region}.amazonaws.com`)],
      actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
      // In a key's policy `*` is the key itself.
      resources: ['*'],
      conditions: {
        ArnLike: {
          // CloudFormation begins the name of a log group with its stack's name.
          'kms:EncryptionContext:aws:logs:arn': this.formatArn({
            service: 'logs',
            resource: 'log-group',
            resourceName: 'Sallyport*',
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        },
      },
    });
  }
}
