import { describe, expect, test } from 'vitest';
import { declarations, functionNames } from '../../cdk/functions.ts';
import { routes } from '../../lambdas/api.ts';
import { routeKey } from '../../lambdas/platform/route.ts';
import { constructName, type Resource, referentOf, resources, statements, templates } from './templates.ts';

const { state, controlPlane } = templates();
const functions = resources(controlPlane, 'AWS::Lambda::Function');
const alarms = resources(controlPlane, 'AWS::CloudWatch::Alarm');

/** The construct's name: `SallyportControlPlane/MintCredential/…` → `MintCredential`. */
function nameOf(path: string): string {
  return path.split('/')[1] ?? '';
}

test('each stack holds no more than CloudFormation takes', () => {
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
  for (const template of [state, controlPlane]) {
    expect(resources(template).length).toBeLessThanOrEqual(500);
    expect(JSON.stringify(template.toJSON()).length).toBeLessThanOrEqual(1_000_000);
  }
});

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
    const used = functions.flatMap(([, { Properties }]) =>
      [Properties.Role, Properties.LoggingConfig.LogGroup].map((value) => referentOf(value, [controlPlane])),
    );
    expect(used.map((referent) => referent?.resource.Type)).toEqual(
      functions.flatMap(() => ['AWS::IAM::Role', 'AWS::Logs::LogGroup']),
    );
    expect(new Set(used.map((referent) => referent?.resource)).size).toBe(used.length);
  });

  test('has an alarm of its own, which one error sets off', () => {
    for (const [logicalId] of functions) {
      const watching = alarms.filter(([, { Properties }]) =>
        JSON.stringify(Properties.Dimensions).includes(`"${logicalId}"`),
      );
      expect(watching, logicalId).toMatchObject([
        [
          expect.any(String),
          {
            Properties: {
              Namespace: 'AWS/Lambda',
              MetricName: 'Errors',
              Dimensions: [{ Name: 'FunctionName', Value: { Ref: logicalId } }],
              Statistic: 'Sum',
              ComparisonOperator: 'GreaterThanOrEqualToThreshold',
              Threshold: 1,
              EvaluationPeriods: 1,
            },
          },
        ],
      ]);
    }
  });

  test('is invoked by who waits for its answer, or again and again: none needs a queue for dead letters', () => {
    const invoking = new Set(
      resources(controlPlane)
        .filter(([, resource]) =>
          functions.some(([logicalId]) => JSON.stringify(resource.Properties)?.includes(`"${logicalId}"`)),
        )
        .map(([, { Type }]) => Type),
    );
    expect([...invoking].sort()).toEqual([
      'AWS::ApiGatewayV2::Authorizer',
      'AWS::ApiGatewayV2::Integration',
      'AWS::CloudWatch::Alarm',
      'AWS::IAM::Role',
      'AWS::Lambda::EventInvokeConfig',
      'AWS::Lambda::Permission',
      'AWS::Scheduler::Schedule',
      'AWS::StepFunctions::StateMachine',
    ]);
    for (const [logicalId, { Properties }] of resources(controlPlane, 'AWS::StepFunctions::StateMachine'))
      expect(Properties.DefinitionString, logicalId).not.toContain('InvocationType');
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

describe('a function on a schedule', () => {
  const schedules = resources(controlPlane, 'AWS::Scheduler::Schedule');
  const calledBy = (name: string) =>
    schedules.filter(([, { Metadata }]) => nameOf(Metadata['aws:cdk:path']) === name);

  test('is called as often as it declares, and no other is', () => {
    const declared = functionNames.flatMap((name) => {
      const { schedule } = declarations[name];
      return schedule === undefined ? [] : [[name, schedule]];
    });
    expect(declared).not.toEqual([]);
    expect(
      schedules.map(([, { Properties, Metadata }]) => [
        nameOf(Metadata['aws:cdk:path']),
        Properties.ScheduleExpression,
      ]),
    ).toEqual(declared);
  });

  test.for(schedules.map(([, { Metadata }]) => nameOf(Metadata['aws:cdk:path'])))(
    '%s is called in a role that may do nothing else, and that no other group of schedules may take',
    (name) => {
      const [[, schedule] = ['', undefined]] = calledBy(name);
      const { Target, GroupName, FlexibleTimeWindow } = schedule?.Properties ?? {};
      expect(FlexibleTimeWindow).toEqual({ Mode: 'OFF' });
      const role = referentOf(Target.RoleArn, [controlPlane])?.resource;
      expect(
        role?.Properties.Policies.map((one: Resource['Properties']) => one.PolicyDocument.Statement),
      ).toEqual([
        [{ Sid: 'CallFunction', Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: Target.Arn }],
      ]);
      expect(role?.Properties.AssumeRolePolicyDocument.Statement).toEqual([
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Principal: { Service: 'scheduler.amazonaws.com' },
          Condition: {
            StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
            ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [GroupName.Ref, 'Arn'] } },
          },
        },
      ]);
    },
  );

  test('is not tried again by Lambda: its next call is near', () => {
    const settings = resources(controlPlane, 'AWS::Lambda::EventInvokeConfig');
    expect(settings.map(([, { Properties }]) => Properties.FunctionName)).toEqual(
      schedules.map(([, { Properties }]) => ({ Ref: Properties.Target.Arn['Fn::GetAtt'][0] })),
    );
    for (const [logicalId, { Properties }] of settings)
      expect(Properties.MaximumRetryAttempts, logicalId).toBe(0);
  });
});

test('every log group is encrypted with the data key and forgets', () => {
  for (const [logicalId, { Properties }] of resources(controlPlane, 'AWS::Logs::LogGroup')) {
    expect(Properties.RetentionInDays, logicalId).toBe(30);
    const key = referentOf(Properties.KmsKeyId, [state, controlPlane]);
    expect(key && constructName(key.resource), logicalId).toBe('DataKey');
  }
});

test('every alarm says what to do', () => {
  for (const [logicalId, { Properties }] of alarms)
    expect(Properties.AlarmDescription?.length, logicalId).toBeGreaterThan(80);
});

test('every alarm calls the topic that the deployment names', () => {
  const alarmTopic = 'arn:aws:sns:eu-central-1:123456789012:alarms';
  const called = resources(templates({ alarmTopic }).controlPlane, 'AWS::CloudWatch::Alarm');
  expect(called).toHaveLength(alarms.length);
  for (const [logicalId, { Properties }] of called)
    expect(Properties.AlarmActions, logicalId).toEqual([alarmTopic]);
});

describe('every role', () => {
  const granted = statements(controlPlane).filter(({ principal }) => principal === undefined);

  test('names its actions', () => {
    for (const { where, actions } of granted)
      for (const action of actions) expect(action, where).toMatch(/^[a-z]+[a-z0-9-]*:[A-Za-z]+$/);
  });

  test('names its resources, unless the service has none to name', () => {
    const unnamed = granted.filter(({ resources }) => JSON.stringify(resources).includes('"*"'));
    expect(unnamed.map(({ where, sid }) => `${where.split('/')[1]} ${sid}`)).toEqual([
      'WriteTraces WriteTraces',
      // CloudWatch Logs has no resource for a log delivery.
      'RequestAccess DeliverLogs',
      'RequestAccess WriteTraces',
      'ContainIncident DeliverLogs',
      'ContainIncident WriteTraces',
      'RotateSecret DeliverLogs',
      'RotateSecret WriteTraces',
    ]);
  });

  test('holds one policy, and no other that was added later', () => {
    expect(resources(state, 'AWS::IAM::Role')).toEqual([]);
    for (const [logicalId, { Properties }] of resources(controlPlane, 'AWS::IAM::Role')) {
      expect(Properties, logicalId).not.toHaveProperty('ManagedPolicyArns');
      expect(Properties.Policies, logicalId).toHaveLength(1);
    }
    expect(resources(controlPlane, 'AWS::IAM::Policy')).toEqual([]);
  });

  test('of a function shares one policy with the others, which is to write traces', () => {
    const [shared, ...more] = resources(controlPlane, 'AWS::IAM::ManagedPolicy');
    expect(more).toEqual([]);
    expect(shared?.[1].Properties.PolicyDocument.Statement).toMatchObject([{ Sid: 'WriteTraces' }]);
    expect(shared?.[1].Properties.Roles).toEqual(
      functions.map(([, { Properties }]) => ({ Ref: Properties.Role['Fn::GetAtt'][0] })),
    );
  });

  test('is assumed by one service', () => {
    for (const { where, principal } of statements(controlPlane).filter((one) => one.principal !== undefined))
      expect(principal, where).toEqual({
        Service: expect.stringMatching(/^(lambda|scheduler|states)\.amazonaws\.com$/),
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

  test('scans nothing and updates nothing in place', () => {
    for (const { where, actions } of granted)
      expect(actions.join(), where).not.toMatch(/dynamodb:(Scan|Update|PartiQL|BatchWrite)/);
  });

  test('deletes no audit event', () => {
    for (const { where, actions, condition } of granted)
      if (JSON.stringify(condition ?? {}).includes('"CHAIN#*"'))
        expect(actions, where).not.toContain('dynamodb:DeleteItem');
  });

  test('signs with ES256 only', () => {
    for (const { where, condition } of granted.filter(({ actions }) => actions.includes('kms:Sign')))
      expect(condition, where).toEqual({ StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256' } });
  });

  test('uses the data key through the service that keeps the data', () => {
    const usesOfDataKey = granted.filter(({ resources }) =>
      resources.some((resource) => {
        const key = referentOf(resource, [state, controlPlane]);
        return key !== undefined && constructName(key.resource) === 'DataKey';
      }),
    );
    expect(new Set(usesOfDataKey.map(({ sid }) => sid))).toContain('UseVaultKey');
    for (const { where, sid, condition } of usesOfDataKey)
      expect(condition?.['StringEquals'], `${where} ${sid}`).toHaveProperty('kms:ViaService');
  });
});

/** Whether a pattern with stars at its start or its end matches. */
function isWithin(asked: string, pattern: string): boolean {
  const { method = '', start = '' } = /^(?<method>[A-Z]+|\*)(?<start>.*?)\*?$/.exec(pattern)?.groups ?? {};
  return (method === '*' || asked.startsWith(method)) && asked.replace(/^[A-Z]+/, '').startsWith(start);
}

describe('the API', () => {
  const made = resources(controlPlane, 'AWS::ApiGatewayV2::Route');

  test('has every route and a default', () => {
    expect(made.map(([, { Properties }]) => Properties.RouteKey).sort()).toEqual(
      [...routes.map(routeKey), '$default'].sort(),
    );
  });

  test('asks the authorizer on every route that is not open', () => {
    const open = new Set<string>(routes.filter((route) => route.open).map(routeKey));
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

  test('may invoke a function for what begins as its routes do; one with a single route, for that one alone', () => {
    const granted = resources(controlPlane, 'AWS::Lambda::Permission').map(([logicalId, { Properties }]) => {
      expect(Properties.Principal, logicalId).toBe('apigateway.amazonaws.com');
      const [, pattern = ''] = /\/\*\/(.*?)"/.exec(JSON.stringify(Properties.SourceArn)) ?? [];
      if (pattern !== '$default' && !/authorizers/.test(JSON.stringify(Properties.SourceArn)))
        expect(pattern, logicalId).toMatch(/^([A-Z]+|\*)\/[a-z.]/);
      return { called: JSON.stringify(Properties.FunctionName), pattern };
    });
    for (const { function: name, method, path } of routes) {
      const patterns = granted
        .filter(({ called }) => called.includes(`"${name}`))
        .map(({ pattern }) => pattern);
      const asked = `${method}${path.replaceAll(/\{[^}]+\}/g, '*')}`;
      const served = routes.filter((other) => other.function === name);
      if (served.length === 1) expect(patterns, name).toContain(asked);
      else
        expect(
          patterns.some((pattern) => isWithin(asked, pattern)),
          `${name}: ${asked}`,
        ).toBe(true);
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
