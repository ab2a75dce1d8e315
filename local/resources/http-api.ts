import { z } from 'zod';
import { type DeclaredResource, ignored, resourceType, stableDigits } from './resource-type.ts';

const ApiProperties = z.strictObject({
  Name: z.string(),
  ProtocolType: z.literal('HTTP'),
  Description: ignored,
  Tags: ignored,
});
type Api = DeclaredResource<z.output<typeof ApiProperties>>;

const apiIdOf = (declared: Api): string => stableDigits(declared, 10);

/** `Fn::GetAtt` of ApiEndpoint is where the runtime itself serves the API. */
export const api = (apiUrl: string) =>
  resourceType({
    properties: ApiProperties,
    identify: (declared: Api) => ({
      ref: apiIdOf(declared),
      attributes: { ApiId: apiIdOf(declared), ApiEndpoint: apiUrl },
    }),
    deploy: (declared: Api, { httpApi }) => {
      if (httpApi.apiId !== undefined)
        throw new Error(`${declared.logicalId}: the local runtime serves one HTTP API, and this is a second`);
      httpApi.apiId = apiIdOf(declared);
    },
  });

const StageProperties = z.strictObject({
  ApiId: z.string(),
  StageName: z.literal('$default', 'the local runtime serves the $default stage only'),
  AutoDeploy: z.literal(true, 'the local runtime serves the routes of the template: AutoDeploy must be true'),
  // One machine is not throttled, and the functions write logs enough.
  DefaultRouteSettings: ignored,
  AccessLogSettings: ignored,
  Description: ignored,
  Tags: ignored,
});

export const stage = resourceType({
  properties: StageProperties,
  identify: ({ properties }: DeclaredResource<z.output<typeof StageProperties>>) => ({
    ref: properties.StageName,
  }),
});

const RouteProperties = z.strictObject({
  ApiId: z.string(),
  RouteKey: z.string(),
  Target: z.string().regex(/^integrations\//),
  AuthorizationType: z.enum(['NONE', 'CUSTOM']).default('NONE'),
  AuthorizerId: z.string().optional(),
});
type Route = DeclaredResource<z.output<typeof RouteProperties>>;

export const route = resourceType({
  properties: RouteProperties,
  identify: (declared: Route) => ({ ref: stableDigits(declared, 7) }),
  deploy: ({ properties, logicalId }: Route, { httpApi }) => {
    const { RouteKey, Target, AuthorizationType, AuthorizerId } = properties;
    if ((AuthorizationType === 'CUSTOM') !== (AuthorizerId !== undefined))
      throw new Error(`${logicalId}: AuthorizationType CUSTOM and an AuthorizerId go together`);
    httpApi.routes.push({
      routeKey: RouteKey,
      integrationId: Target.replace('integrations/', ''),
      authorizerId: AuthorizerId,
    });
  },
});

const IntegrationProperties = z.strictObject({
  ApiId: z.string(),
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  IntegrationMethod: z.literal('POST').optional(),
  PayloadFormatVersion: z.literal('2.0'),
  TimeoutInMillis: z.int().min(50).max(30_000).default(30_000),
  Description: ignored,
});
type Integration = DeclaredResource<z.output<typeof IntegrationProperties>>;

export const integration = resourceType({
  properties: IntegrationProperties,
  identify: (declared: Integration) => ({ ref: stableDigits(declared, 7) }),
  deploy: (declared: Integration, { httpApi }) => {
    httpApi.integrations.set(stableDigits(declared, 7), {
      functionArn: functionArnIn(declared.properties.IntegrationUri),
      timeoutMilliseconds: declared.properties.TimeoutInMillis,
    });
  },
});

const AuthorizerProperties = z.strictObject({
  ApiId: z.string(),
  Name: z.string(),
  AuthorizerType: z.literal('REQUEST'),
  AuthorizerPayloadFormatVersion: z.literal('2.0'),
  AuthorizerUri: z.string(),
  EnableSimpleResponses: z.literal(true),
  AuthorizerResultTtlInSeconds: z.literal(0, 'the local runtime does not cache what an authorizer answers'),
  IdentitySource: z.array(z.never('the local runtime does not know identity sources')).optional(),
});
type Authorizer = DeclaredResource<z.output<typeof AuthorizerProperties>>;

export const authorizer = resourceType({
  properties: AuthorizerProperties,
  identify: (declared: Authorizer) => ({
    ref: stableDigits(declared, 6),
    attributes: { AuthorizerId: stableDigits(declared, 6) },
  }),
  deploy: (declared: Authorizer, { httpApi }) => {
    httpApi.authorizers.set(stableDigits(declared, 6), functionArnIn(declared.properties.AuthorizerUri));
  },
});

/** An ARN, or API Gateway's path to one: `…:lambda:path/2015-03-31/functions/<ARN>/invocations`. */
function functionArnIn(uri: string): string {
  return /functions\/(arn:.+)\/invocations$/.exec(uri)?.[1] ?? uri;
}
