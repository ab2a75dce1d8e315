import { newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { type HttpAnswer, type HttpRequest, httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { notFound } from '../platform/problem.ts';
import type { Route } from '../platform/route.ts';
import { stepFunctionsContainmentWorkflow } from '../revocation/containment-workflow.step-functions.ts';
import { ProvisionDirectoryEnvironment } from './environment.ts';
import { findResources, listResponse } from './find-resources.step.ts';
import { isKnown } from './preconditions.ts';
import { isWanted, type Projection, projected } from './projection.ts';
import { type GroupWithMembers, provisionGroups } from './provision-groups.step.ts';
import { provisionUsers } from './provision-users.step.ts';
import { requireProvisioner } from './provisioner.ts';
import {
  groupRoutes,
  listResourceTypesRoute,
  listSchemasRoute,
  readResourceTypeRoute,
  readSchemaRoute,
  serviceProviderConfigRoute,
  userRoutes,
} from './scim.routes.ts';
import { groupDocument } from './scim-group.ts';
import {
  resourceTypeDocument,
  type ScimSchema,
  schemaDocument,
  schemas,
  serviceProviderConfig,
} from './scim-schemas.ts';
import { resourceUrl, userDocument, weakTag } from './scim-user.ts';

const environment = parseEnvironment(ProvisionDirectoryEnvironment, process.env);
const deployment = readDeployment(import.meta.dirname);
const base = `${environment.ISSUER}/scim/v2`;
const ledger = newLedger(environment.TABLE_NAME);
const dependencies = {
  ledger,
  containments: stepFunctionsContainmentWorkflow(
    newStepFunctions(),
    environment.CONTAIN_INCIDENT_STATE_MACHINE_ARN,
  ),
  clock: systemClock,
  ids: randomIds,
};
const users = provisionUsers(dependencies);
const groups = provisionGroups(dependencies);
const find = findResources({ ledger, base });

/** A route that provisioners alone are let on. */
function serveProvisioners<const R extends Route>(
  route: R,
  act: (request: HttpRequest<R>) => Promise<HttpAnswer>,
) {
  return serve(route, async (request) => {
    // Every route here has a caller; only its type depends on the route.
    requireProvisioner(deployment, request.caller as Exclude<typeof request.caller, undefined>);
    return act(request);
  });
}

function shown(document: object, version: number, status = 200): HttpAnswer {
  return { status, body: document, headers: { etag: weakTag(version) } };
}

function shownGroup({ stored, members }: GroupWithMembers, projection: Projection = {}): HttpAnswer {
  return shown(projected(groupDocument(stored, members, base), projection), stored.version);
}

function located(answer: HttpAnswer, resource: 'Users' | 'Groups', id: string): HttpAnswer {
  return {
    ...answer,
    status: 201,
    headers: { ...answer.headers, location: resourceUrl(base, resource, id) },
  };
}

const none: HttpAnswer = { status: 204 };

function listed(document: (schema: ScimSchema, base: string) => object): HttpAnswer {
  return { status: 200, body: listResponse(schemas.map((schema) => document(schema, base))) };
}

export const handler = httpHandler('provision-directory', [
  serveProvisioners(userRoutes.list, async ({ query }) => ({
    status: 200,
    body: withProjected(await find.users(query), query),
  })),
  serveProvisioners(userRoutes.create, async ({ caller, body }) => {
    const stored = await users.create(caller, body);
    return located(shown(userDocument(stored, base), stored.version), 'Users', stored.entity.id);
  }),
  serveProvisioners(userRoutes.read, async ({ parameters: { id = '' }, query, headers }) => {
    const stored = await users.read(id);
    if (isKnown(headers['if-none-match'], stored))
      return { status: 304, headers: { etag: weakTag(stored.version) } };
    return shown(projected(userDocument(stored, base), query), stored.version);
  }),
  serveProvisioners(userRoutes.replace, async ({ caller, parameters: { id = '' }, body, headers }) => {
    const stored = await users.replace(caller, id, body, headers['if-match']);
    return shown(userDocument(stored, base), stored.version);
  }),
  serveProvisioners(userRoutes.patch, async ({ caller, parameters: { id = '' }, body, headers }) => {
    const stored = await users.patch(caller, id, body.Operations, headers['if-match']);
    return shown(userDocument(stored, base), stored.version);
  }),
  serveProvisioners(userRoutes.remove, async ({ caller, parameters: { id = '' }, headers }) => {
    await users.remove(caller, id, headers['if-match']);
    return none;
  }),

  serveProvisioners(groupRoutes.list, async ({ query }) => ({
    status: 200,
    body: withProjected(await find.groups(query), query),
  })),
  serveProvisioners(groupRoutes.create, async ({ caller, body }) => {
    const group = await groups.create(caller, body);
    return located(shownGroup(group), 'Groups', group.stored.entity.id);
  }),
  serveProvisioners(groupRoutes.read, async ({ parameters: { id = '' }, query, headers }) => {
    const group = await groups.read(id, isWanted('members', query));
    if (isKnown(headers['if-none-match'], group.stored))
      return { status: 304, headers: { etag: weakTag(group.stored.version) } };
    return shownGroup(group, query);
  }),
  serveProvisioners(groupRoutes.replace, async ({ caller, parameters: { id = '' }, body, headers }) =>
    shownGroup(await groups.replace(caller, id, body, headers['if-match'])),
  ),
  // Of a large group nobody wants to be shown all for a change of one.
  serveProvisioners(groupRoutes.patch, async ({ caller, parameters: { id = '' }, body, headers }) => {
    const { stored } = await groups.patch(caller, id, body.Operations, headers['if-match']);
    return { ...none, headers: { etag: weakTag(stored.version) } };
  }),
  serveProvisioners(groupRoutes.remove, async ({ caller, parameters: { id = '' }, headers }) => {
    await groups.remove(caller, id, headers['if-match']);
    return none;
  }),

  serveProvisioners(serviceProviderConfigRoute, async () => ({
    status: 200,
    body: serviceProviderConfig(base),
  })),
  serveProvisioners(listResourceTypesRoute, async () => listed(resourceTypeDocument)),
  serveProvisioners(readResourceTypeRoute, async ({ parameters }) => {
    const schema = schemas.find(({ name }) => name === parameters['id']);
    if (schema === undefined) throw notFound('type of resource');
    return { status: 200, body: resourceTypeDocument(schema, base) };
  }),
  serveProvisioners(listSchemasRoute, async () => listed(schemaDocument)),
  serveProvisioners(readSchemaRoute, async ({ parameters }) => {
    const schema = schemas.find(({ id }) => id === parameters['id']);
    if (schema === undefined) throw notFound('schema');
    return { status: 200, body: schemaDocument(schema, base) };
  }),
]);

function withProjected(list: { readonly Resources: readonly object[] }, projection: Projection): object {
  return { ...list, Resources: list.Resources.map((resource) => projected(resource, projection)) };
}
