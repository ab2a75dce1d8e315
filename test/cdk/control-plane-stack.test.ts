import { describe, expect, test } from 'vitest';
import { declarations, functionNames } from '../../cdk/functions.ts';
import { routes } from '../../lambdas/api.ts';
import { routeKey } from '../../lambdas/platform/route.ts';
import { resources, statements, templates } from './templates.ts';

const { controlPlane } = templates();
const functions = resources(controlPlane, 'AWS::Lambda::Function');
const alarms = resources(controlPlane, 'AWS::CloudWatch::Alarm');

/** The construct's name: `SallyportControlPlane/MintCredential/…` → `MintCredential`. */
function nameOf(path: string): string {
  return path.split('/')[1] ?? '';
}

describe('every function', () => {
  test('is declared, and every declared one is there', () => {
    expect(functions.map(([, { Metadata }]) => nameOf(Metadata['aws:cdk:path'])).sort()).toEqual(
      [...functionNames].sort(),
    );
  });

  test('runs on arm64 and Node 24, and is traced', () => {
    for (const [logicalId, { Properties }] of functions)
      expect(Properties, logicalId).toMatchObject({
        Architectures: ['arm64'],
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
      });
  });

  test('has a role and a log group that no other has', () => {
    const used = functions.map(([, { Properties }]) => [
      Properties.Role['Fn::GetAtt'][0],
      Properties.LoggingConfig.LogGroup.Ref,
    ]);
    expect(new Set(used.flat()).size).toBe(2 * functions.length);
  });

  test('has an alarm on its errors', () => {
    const watched = alarms
      .filter(
        ([, { Properties }]) => Properties.Namespace === 'AWS/Lambda' && Properties.MetricName === 'Errors',
      )
      .map(([, { Properties }]) => Properties.Dimensions[0].Value.Ref);
    expect(watched.sort()).toEqual(functions.map(([logicalId]) => logicalId).sort());
  });

  test('is told what its schema names and no more', () => {
    for (const [, { Properties, Metadata }] of functions) {
      const name = functionNames.find((one) => one === nameOf(Metadata['aws:cdk:path']));
      const told = Object.keys(Properties.Environment.Variables).filter(
        (key) => !key.startsWith('POWERTOOLS_'),
      );
      expect(told.sort(), name).toEqual(name && Object.keys(declarations[name].environment.shape).sort());
    }
  });
});

test('every log group is encrypted and forgets', () => {
  for (const [logicalId, { Properties }] of resources(controlPlane, 'AWS::Logs::LogGroup'))
    expect(Properties, logicalId).toMatchObject({ RetentionInDays: 30, KmsKeyId: expect.anything() });
});

test('every alarm says what to do', () => {
  for (const [logicalId, { Properties }] of alarms)
    expect(Properties.AlarmDescription?.length, logicalId).toBeGreaterThan(80);
});

describe('every role', () => {
  const granted = statements(controlPlane).filter(({ principal }) => principal === undefined);

  test('names its actions', () => {
    for (const { where, actions } of granted)
      for (const action of actions) expect(action, where).toMatch(/^[a-z]+[a-z0-9-]*:[A-Za-z]+$/);
  });

  test('names its resources, unless the service has none to name', () => {
    const withoutResources: Record<string, string> = {
      WriteTraces: 'X-Ray has no resource for a trace segment',
      DeliverLogs: 'CloudWatch Logs has no resource for a log delivery',
    };
    const unnamed = granted.filter(({ resources }) => JSON.stringify(resources).includes('"*"'));
    expect(unnamed.filter(({ sid }) => !(sid in withoutResources))).toEqual([]);
  });

  test('holds no managed policy and no policy that was added later', () => {
    for (const [logicalId, { Properties }] of resources(controlPlane, 'AWS::IAM::Role')) {
      expect(Properties, logicalId).not.toHaveProperty('ManagedPolicyArns');
      expect(Properties.Policies, logicalId).toHaveLength(1);
    }
    expect(resources(controlPlane, 'AWS::IAM::Policy')).toEqual([]);
    expect(resources(controlPlane, 'AWS::IAM::ManagedPolicy')).toEqual([]);
  });

  test('is assumed by one service', () => {
    for (const { where, principal } of statements(controlPlane).filter((one) => one.principal !== undefined))
      expect(principal, where).toEqual({
        Service: expect.stringMatching(/^(lambda|states)\.amazonaws\.com$/),
      });
  });

  test('writes its own logs only', () => {
    for (const { where, resources: logGroups } of granted.filter(({ sid }) => sid === 'WriteLogs'))
      expect(JSON.stringify(logGroups), where).toContain(`"${nameOf(where)}Logs`);
  });

  test('reaches items by their kind, never without one', () => {
    for (const { where, actions, condition } of granted) {
      if (!actions.some((action) => action.startsWith('dynamodb:'))) continue;
      expect(condition?.['Null'], where).toEqual({ 'dynamodb:LeadingKeys': 'false' });
      const kinds = condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'];
      expect(kinds, where).toEqual(expect.arrayContaining([expect.stringMatching(/^[A-Z_]+#\*$/)]));
      expect(JSON.stringify(kinds), where).not.toContain('"*"');
    }
  });

  test('changes and deletes no audit event', () => {
    for (const { where, actions, condition } of granted) {
      if (!JSON.stringify(condition ?? {}).includes('"CHAIN#*"')) continue;
      expect(actions, where).not.toContain('dynamodb:UpdateItem');
      expect(actions, where).not.toContain('dynamodb:DeleteItem');
    }
  });

  test('signs with ES256 only', () => {
    for (const { where, condition } of granted.filter(({ actions }) => actions.includes('kms:Sign')))
      expect(condition, where).toEqual({ StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256' } });
  });

  test('uses the data key through the service that keeps the data', () => {
    for (const { where, condition } of granted.filter(({ sid }) => /^Use(Table|Secret)Key$/.test(sid)))
      expect(condition?.['StringEquals'], where).toHaveProperty('kms:ViaService');
  });
});

describe('the API', () => {
  const made = resources(controlPlane, 'AWS::ApiGatewayV2::Route');

  test('has every route and a default', () => {
    expect(made.map(([, { Properties }]) => Properties.RouteKey).sort()).toEqual(
      [...routes.map(routeKey), '$default'].sort(),
    );
  });

  test('asks the authorizer on every route that is not open', () => {
    const open = new Set([...routes.filter((route) => route.open).map(routeKey), '$default']);
    for (const [logicalId, { Properties }] of made)
      expect(Properties, logicalId).toMatchObject(
        open.has(Properties.RouteKey)
          ? { AuthorizationType: 'NONE' }
          : { AuthorizationType: 'CUSTOM', AuthorizerId: expect.anything() },
      );
  });

  test('runs the authorizer on each request, also on one without a token', () => {
    const [[, authorizer] = ['', undefined]] = resources(controlPlane, 'AWS::ApiGatewayV2::Authorizer');
    expect(authorizer?.Properties).toMatchObject({
      AuthorizerType: 'REQUEST',
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
      AuthorizerResultTtlInSeconds: 0,
    });
    expect(authorizer?.Properties).not.toHaveProperty('IdentitySource');
  });

  test('may invoke a function for its routes only', () => {
    const permissions = resources(controlPlane, 'AWS::Lambda::Permission');
    expect(permissions).toHaveLength(made.length + 1);
    for (const [logicalId, { Properties }] of permissions) {
      expect(Properties.Principal, logicalId).toBe('apigateway.amazonaws.com');
      expect(JSON.stringify(Properties.SourceArn), logicalId).toMatch(
        /\/authorizers\/|\/\*\/(GET|POST|DELETE)\/|\/\*\/\$default"/,
      );
    }
  });

  test('is throttled, and logs neither queries nor headers nor bodies', () => {
    const [[, stage] = ['', undefined]] = resources(controlPlane, 'AWS::ApiGatewayV2::Stage');
    expect(stage?.Properties.DefaultRouteSettings).toMatchObject({
      ThrottlingRateLimit: expect.any(Number),
      ThrottlingBurstLimit: expect.any(Number),
    });
    const format: Record<string, string> = JSON.parse(stage?.Properties.AccessLogSettings.Format);
    expect(Object.values(format).join()).not.toMatch(/query|header|body|\$context\.path|rawPath/i);
  });
});
