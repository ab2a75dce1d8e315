import { CfnApi, CfnAuthorizer, CfnIntegration, CfnRoute, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { Alarm, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { type Route, routeKey } from '../../lambdas/platform/route.ts';
import { LOG_RETENTION } from './sallyport-function.ts';

/** Requests a second over all routes, below what KMS signs and Step Functions starts in a second. */
const THROTTLING = { throttlingRateLimit: 200, throttlingBurstLimit: 400 } as const;

/** No query string, header or body: they may hold what must not be logged. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  sourceIp: '$context.identity.sourceIp',
  routeKey: '$context.routeKey',
  status: '$context.status',
  protocol: '$context.protocol',
  responseLength: '$context.responseLength',
  responseLatency: '$context.responseLatency',
  authorizerError: '$context.authorizer.error',
  integrationError: '$context.integrationErrorMessage',
} as const;

export interface RoutesProps {
  readonly routes: readonly Route[];
  /** The function that judges the token of each request to a route that is not open. */
  readonly authorizer: string;
  /** The function that answers where no route matches. */
  readonly fallback: string;
  /** The ARN of a function by its name. */
  readonly functionArn: (name: string) => string;
}

/**
 * The HTTP API. It exists before its routes, because the functions behind them are told its address: the
 * issuer of every token.
 *
 * Resources of CloudFormation rather than CDK's own constructs: those allow a whole API to invoke the function
 * of the `$default` route.
 */
export class HttpApi extends Construct {
  /** Without a slash at its end. */
  readonly url: string;
  private readonly apiId: string;

  constructor(scope: Construct, id: string, { dataKey }: { readonly dataKey: IKey }) {
    super(scope, id);
    const api = new CfnApi(this, 'Api', { name: 'sallyport', protocolType: 'HTTP' });
    this.apiId = api.ref;
    this.url = api.attrApiEndpoint;

    const accessLogs = new LogGroup(this, 'AccessLogs', { retention: LOG_RETENTION, encryptionKey: dataKey });
    new CfnStage(this, 'Stage', {
      apiId: this.apiId,
      stageName: '$default',
      autoDeploy: true,
      defaultRouteSettings: THROTTLING,
      accessLogSettings: { destinationArn: accessLogs.logGroupArn, format: JSON.stringify(ACCESS_LOG) },
    });
    new Alarm(this, 'ServerErrors', {
      alarmDescription:
        'The API answered 5xx. The access log names the route; the entries of level ERROR in the log of the function ' +
        'behind it name the failure. Where there are none, compare the permissions of the function with the route.',
      metric: new Metric({
        namespace: 'AWS/ApiGateway',
        metricName: '5xx',
        dimensionsMap: { ApiId: this.apiId },
        statistic: 'Sum',
        period: Duration.minutes(5),
      }),
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }

  addRoutes({ routes, authorizer, fallback, functionArn }: RoutesProps): void {
    const authorizerId = this.authorizer(functionArn(authorizer));
    const integrations = new Map<string, string>();
    const target = (name: string): string => {
      const known = integrations.get(name);
      if (known !== undefined) return known;
      const integration = new CfnIntegration(this, `${name}Integration`, {
        apiId: this.apiId,
        integrationType: 'AWS_PROXY',
        integrationUri: functionArn(name),
        payloadFormatVersion: '2.0',
      });
      const made = `integrations/${integration.ref}`;
      integrations.set(name, made);
      return made;
    };

    for (const route of routes) {
      const key = routeKey(route);
      const id = key.replaceAll('/', '.');
      new CfnRoute(this, id, {
        apiId: this.apiId,
        routeKey: key,
        target: target(route.function),
        ...(route.open ? { authorizationType: 'NONE' } : { authorizationType: 'CUSTOM', authorizerId }),
      });
    }
    for (const name of new Set(routes.map((route) => route.function))) {
      const served = routes.filter((route) => route.function === name);
      for (const [start, together] of Map.groupBy(served, ({ path }) => path.split('/')[1]))
        this.mayInvoke(`${name} ${start} permission`, functionArn(name), `*/${whatAllMatch(together)}`);
    }

    // Only what is declared open is reached without the authorizer; what nobody has declared is not.
    new CfnRoute(this, 'Default', {
      apiId: this.apiId,
      routeKey: '$default',
      target: target(fallback),
      authorizationType: 'CUSTOM',
      authorizerId,
    });
    this.mayInvoke('Default permission', functionArn(fallback), '*/$default');
  }

  /**
   * No identity source and nothing cached, so that it runs on every request, also on one without a token:
   * API Gateway's own refusals are not problem+json and carry no challenge, so the functions answer 401 by
   * what the authorizer tells them.
   * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
   */
  private authorizer(functionArn: string): string {
    const stack = Stack.of(this);
    const authorizer = new CfnAuthorizer(this, 'Authorizer', {
      apiId: this.apiId,
      name: 'access-token',
      authorizerType: 'REQUEST',
      authorizerPayloadFormatVersion: '2.0',
      enableSimpleResponses: true,
      authorizerResultTtlInSeconds: 0,
      authorizerUri: `arn:${stack.partition}:apigateway:${stack.region}:lambda:path/2015-03-31/functions/${functionArn}/invocations`,
    });
    this.mayInvoke('Authorizer permission', functionArn, `authorizers/${authorizer.ref}`);
    return authorizer.ref;
  }

  /** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
  private mayInvoke(id: string, functionArn: string, source: string): void {
    new CfnPermission(this, id, {
      action: 'lambda:InvokeFunction',
      functionName: functionArn,
      principal: 'apigateway.amazonaws.com',
      sourceArn: Stack.of(this).formatArn({
        service: 'execute-api',
        resource: this.apiId,
        resourceName: source,
      }),
    });
  }
}

/**
 * The narrowest pattern of `METHOD/path` that these routes all match. They have one permission, since a stack's resources
 * are numbered.
 */
function whatAllMatch(routes: readonly Route[]): string {
  const [method, ...otherMethods] = new Set(routes.map((route) => route.method));
  const [path = '', ...otherPaths] = new Set(routes.map((route) => route.path.replaceAll(/\{[^}]+\}/g, '*')));
  const common = otherPaths.reduce(commonStart, path);
  return `${otherMethods.length === 0 ? method : '*'}${common}${otherPaths.length === 0 ? '' : '*'}`;
}

function commonStart(one: string, other: string): string {
  const differ = [...one].findIndex((character, place) => character !== other[place]);
  return differ === -1 ? one : one.slice(0, differ);
}
