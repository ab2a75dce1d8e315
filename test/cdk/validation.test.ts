import { CloudFormationValidatePlugin } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { declarations, functionNames } from '../../cdk/functions.ts';
import { stacks } from './templates.ts';

/** What a rule finds and is meant to be so. */
interface Suppression {
  /** One rule, by its name in each pack that has it. */
  readonly rules: readonly string[];
  /** The path of the one resource that it is for; of each, where the rule asks the same of all of a kind. */
  readonly on: string | readonly string[];
  readonly because: string;
  /** What would let the suppression go. */
  readonly goes: string;
}

const eachFunction = functionNames.map((name) => `SallyportControlPlane/${name}/Function/Resource`);
const scheduled = functionNames.filter((name) => declarations[name].schedule !== undefined);
const eachRole = [
  ...functionNames,
  'RequestAccess',
  'ContainIncident',
  'RotateSecret',
  ...scheduled.map((name) => `${name}/Schedule`),
].map((name) => `SallyportControlPlane/${name}/Role/Resource`);
const openRoutes = (...routes: readonly string[]): Pick<Suppression, 'rules' | 'on'> => ({
  rules: ['AwsSolutions-APIG4'],
  on: routes.map((route) => `SallyportControlPlane/HttpApi/${route}`),
});

const suppressions: readonly Suppression[] = [
  {
    ...openRoutes('POST .oauth2.token', 'POST .v1.push-challenges', 'POST .v1.push-challenges.{id}.response'),
    because:
      'Who asks has no access token: what proves them is in the body (the token of a trusted issuer, a statement that ' +
      'their device has signed), and the function verifies it.',
    goes: 'Goes when API Gateway can verify what is in a body.',
  },
  {
    ...openRoutes(
      'GET ..well-known.oauth-authorization-server',
      'GET ..well-known.jwks.json',
      'GET .v1.secrets.{id}.jwks.json',
      'GET ..well-known.authzen-configuration',
      'GET .openapi.json',
      'GET .access.v1.request-schema',
    ),
    because:
      'They say how to get a token and how to verify one, and are read before there is one. They are the same for ' +
      'everybody, and public.',
    goes: 'Goes for one that comes to say what not everybody may know.',
  },
  {
    ...openRoutes('GET .v1.health'),
    because: 'A probe has no principal, and the answer says no more than whether the service is up.',
    goes: 'Goes when the answer says more than that.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::*]'],
    on: 'SallyportControlPlane/WriteTraces/Resource',
    because: 'X-Ray has no resource to name for a trace segment, and this policy allows nothing else.',
    goes: 'Goes when X-Ray has resources for segments, or functions need no permission to be traced.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::*]'],
    on: ['RequestAccess', 'ContainIncident', 'RotateSecret'].map(
      (name) => `SallyportControlPlane/${name}/Role/Resource`,
    ),
    because: 'A log delivery and a trace segment have no resource to name; functions are invoked by name.',
    goes: 'Goes when Step Functions delivers its logs without permissions of the workflow.',
  },
  {
    rules: [
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:sallyport-contain-incident:*]',
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:sallyport-request-access:*]',
    ],
    on: 'SallyportControlPlane/Reconcile/Role/Resource',
    because:
      'Executions are named by the requests and revocations that come; it may only see how those of these two workflows stand.',
    goes: 'Goes when how an execution stands can be asked by its state machine.',
  },
  {
    rules: [
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:sallyport/grants/*]',
    ],
    on: functionNames
      .filter((name) => declarations[name].connectors !== undefined)
      .map((name) => `SallyportControlPlane/${name}/Role/Resource`),
    because:
      'Each grant has a secret of its own, which is named by its request; who may do what with one is in the policy ' +
      'that it is made with, too.',
    goes: 'Goes when roles can be held to the secrets that bear a tag of the call, for calls that name none yet.',
  },
  {
    rules: ['AwsSolutions-SF1'],
    on: ['RequestAccess', 'ContainIncident', 'RotateSecret'].map(
      (name) => `SallyportControlPlane/${name}/StateMachine`,
    ),
    because:
      'Level ALL logs the events of scheduled tasks, whose parameters hold task tokens; nothing says that leaving ' +
      'execution data out leaves them out. The execution history and the audit chain have every transition.',
    goes: 'Goes when a log at level ALL has been seen on AWS and holds no task token.',
  },
  {
    rules: ['AwsSolutions-SMG4', 'NIST.800.53.R5-SecretsManagerRotationEnabled'],
    on: 'SallyportState/DerivationSecret',
    because:
      'It authenticates the cursors of lists and the nonces of proofs, and nothing else. A cursor works for a day and ' +
      'shows only what its reader may read anyway, a nonce proves nothing without a key; a new secret would break the ' +
      'lists that are being paged.',
    goes: 'Goes when a cursor of the secret before this one is still accepted.',
  },
  {
    rules: ['NIST.800.53.R5-DynamoDBInBackupPlan'],
    on: 'SallyportState/Table/Resource',
    because:
      'The table can be restored to any second of the last 35 days and cannot be deleted; how long copies are kept, ' +
      'and in which account, is for the plan of who deploys, for it selects tables by their tags.',
    goes: 'Goes when a deployment says how long its copies are to be kept.',
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    on: eachRole,
    because:
      'What is in the role belongs to this role alone: it cannot be attached to another one and goes with the role.',
    goes: 'Goes when two roles need the same statements.',
  },
  {
    rules: ['Serverless-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ'],
    on: eachFunction,
    because:
      'The API and the workflow wait for the answer, so the failure is theirs to handle. A schedule does not, but its ' +
      'next call does what the one that was lost would have done. Another test holds that nothing else invokes any.',
    goes: 'Goes for a function whose event nobody else repeats.',
  },
  {
    rules: ['Serverless-LambdaAsyncFailureDestination'],
    on: scheduled.map((name) => `SallyportControlPlane/${name}/Function/EventInvokeConfig/Resource`),
    because:
      'The event of a schedule says nothing but that it is time, so there is nothing to keep of one that failed; the ' +
      'alarm on the errors of the function calls somebody.',
    goes: 'Goes when the event of a schedule says what to do.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    on: eachFunction,
    because:
      'The API is throttled for all functions together. Lambda refuses reservations that leave an account fewer than ' +
      'its unreserved minimum, so a young account could not deploy.',
    goes: 'Goes when a deployment has measured what its functions need at once.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaInsideVPC'],
    on: eachFunction,
    because:
      'Functions call AWS and the issuers of the deployment document, all at public names over TLS, and nothing ' +
      'calls into them; a network would add a way out for each of these and guard nothing that is in it.',
    goes: 'Goes when an issuer or a target is in a private network, or traffic out has to be held to a list.',
  },
];

// With a topic for its alarms, as it is deployed.
const { app } = stacks({ alarmTopic: 'arn:aws:sns:eu-central-1:123456789012:alarms' });
const synthesised = app.synth().stacks;

const pair = (rule: string, resource: string): string => `${rule} on ${resource}`;
const found = [new AwsSolutionsChecks(), new ServerlessChecks(), new NIST80053R5Checks()].flatMap((pack) =>
  pack
    .validateScope(app)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath = '' }) => pair(ruleName, constructPath)),
    ),
);
const suppressed = suppressions.flatMap(({ rules, on }) =>
  rules.flatMap((rule) => [on].flat().map((resource) => pair(rule, resource))),
);

test('cdk-nag finds what is suppressed, and nothing else', () => {
  expect(found.filter((finding) => !suppressed.includes(finding))).toEqual([]);
});

test('each suppression is for something that is there, and is the only one for it', () => {
  expect(suppressed.filter((suppression) => !found.includes(suppression))).toEqual([]);
  expect(new Set(suppressed).size).toBe(suppressed.length);
});

test('each suppression says why, and what lets it go', () => {
  for (const { rules, because, goes } of suppressions) {
    expect(because, rules.join()).toMatch(/^[A-Z].{40,}\.$/);
    expect(goes, rules.join()).toMatch(/^Goes (when|for) .{15,}\.$/);
  }
});

test('there are few suppressions', () => {
  expect(suppressions.length).toBeLessThanOrEqual(15);
});

test("the templates keep CDK's rules for CloudFormation", () => {
  const report = new CloudFormationValidatePlugin().validate({
    appConstruct: app,
    templatePaths: synthesised.map(({ templateFullPath }) => templateFullPath),
    stackTemplates: synthesised.map(({ id, templateFullPath }) => ({
      stackConstructPath: id,
      templatePath: templateFullPath,
      accountId: undefined,
      region: undefined,
    })),
  });
  expect(report).toMatchObject({ success: true, violations: [] });
});
