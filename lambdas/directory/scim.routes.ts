import * as z from 'zod';
import type { Route, RouteAnswer } from '../platform/route.ts';
import { scim } from './scim.ts';
import { GroupBody } from './scim-group.ts';
import { PatchBody } from './scim-patch.ts';
import { UserBody } from './scim-user.ts';

const WholeNumber = z
  .string()
  .regex(/^-?\d{1,9}$/)
  .transform(Number);

/** Which attributes of a resource are shown (RFC 7644 §3.4.2.5). */
const Projection = z.object({
  attributes: z.string().max(1024).optional(),
  excludedAttributes: z.string().max(1024).optional(),
});

/** RFC 7644 §3.4.2. */
const ListQuery = Projection.extend({
  filter: z.string().min(1).max(1024).optional(),
  startIndex: WholeNumber.optional(),
  count: WholeNumber.optional(),
});

const ScimError = z
  .object({
    schemas: z.array(z.string()),
    status: z.string(),
    scimType: z.string().optional(),
    detail: z.string(),
  })
  .meta({ id: 'ScimError' });
const Resource = z.looseObject({ schemas: z.array(z.string()) }).meta({ id: 'ScimResource' });
const ListResponse = z
  .object({
    schemas: z.array(z.string()),
    totalResults: z.int(),
    startIndex: z.int(),
    itemsPerPage: z.int(),
    Resources: z.array(Resource),
  })
  .meta({ id: 'ScimListResponse' });

const refusals = {
  400: 'The request is not valid (`scimType` says how); nothing was changed',
  401: 'No token, a token that is not accepted, or stronger authentication is needed',
  403: 'Refused: the caller is no provisioner of the directory, or would suspend itself',
  404: 'There is no such resource, or no more',
  409: 'Somebody else has the userName, or the id is taken (`uniqueness`)',
  412: 'It is no longer the version that If-Match names',
  413: 'The body is too large',
  503: 'A service did not answer; send the same again',
} as const;

function refusedWith(...statuses: (keyof typeof refusals)[]): Record<number, RouteAnswer> {
  return Object.fromEntries(
    statuses.map((status) => [status, { description: refusals[status], schema: ScimError }]),
  );
}

const ifMatch = {
  name: 'If-Match',
  description: 'Only if it is still the version that `meta.version` named',
  required: false,
};
const ifNoneMatch = {
  name: 'If-None-Match',
  description: '304 if it is still this version',
  required: false,
};

const shared = { function: 'ProvisionDirectory', dialect: scim } as const;

function resourceRoutes<Body extends z.ZodType, const Endpoint extends 'Users' | 'Groups'>(
  endpoint: Endpoint,
  what: string,
  body: Body,
) {
  const path = `/scim/v2/${endpoint}` as const;
  const one = `${path}/{id}` as const;
  const resource = { description: `The ${what}`, schema: Resource };
  return {
    list: {
      ...shared,
      method: 'GET',
      path,
      summary: `Find ${what}s (RFC 7644 §3.4.2)`,
      query: ListQuery,
      answers: {
        200: { description: 'Those that match', schema: ListResponse },
        ...refusedWith(400, 401, 403, 503),
      },
    },
    create: {
      ...shared,
      method: 'POST',
      path,
      summary: `Make a ${what} (RFC 7644 §3.3)`,
      body,
      answers: { 201: resource, ...refusedWith(400, 401, 403, 409, 413, 503) },
    },
    read: {
      ...shared,
      method: 'GET',
      path: one,
      summary: `Read a ${what}`,
      query: Projection,
      headers: [ifNoneMatch],
      answers: {
        200: resource,
        304: { description: 'It is still the version that If-None-Match names' },
        ...refusedWith(400, 401, 403, 404, 503),
      },
    },
    replace: {
      ...shared,
      method: 'PUT',
      path: one,
      summary: `Replace a ${what} (RFC 7644 §3.5.1)`,
      body,
      headers: [ifMatch],
      answers: { 200: resource, ...refusedWith(400, 401, 403, 404, 409, 412, 413, 503) },
    },
    patch: {
      ...shared,
      method: 'PATCH',
      path: one,
      summary: `Change parts of a ${what} (RFC 7644 §3.5.2)`,
      body: PatchBody,
      headers: [ifMatch],
      answers: {
        200: resource,
        204: { description: `The ${what} is changed` },
        ...refusedWith(400, 401, 403, 404, 409, 412, 413, 503),
      },
    },
    remove: {
      ...shared,
      method: 'DELETE',
      path: one,
      summary: `Delete a ${what} (RFC 7644 §3.6)`,
      headers: [ifMatch],
      answers: {
        204: { description: `There is no such ${what} any more` },
        ...refusedWith(401, 403, 404, 412, 503),
      },
    },
  } as const satisfies Record<string, Route>;
}

/** People: `id` is their principal's id, what tokens say they are. */
export const userRoutes = resourceRoutes('Users', 'user', UserBody);

/** Groups: `id` is what policies and the deployment's roles call them. */
export const groupRoutes = resourceRoutes('Groups', 'group', GroupBody);

function discoveryRoute<const Path extends string>(path: Path, summary: string) {
  return {
    ...shared,
    method: 'GET',
    path: `/scim/v2${path}`,
    summary,
    answers: {
      200: { description: 'As RFC 7644 §4 describes it', schema: Resource },
      ...refusedWith(401, 403, 404),
    },
  } as const satisfies Route;
}

export const serviceProviderConfigRoute = discoveryRoute('/ServiceProviderConfig', 'What of SCIM there is');
export const listResourceTypesRoute = discoveryRoute('/ResourceTypes', 'What kinds of resources there are');
export const readResourceTypeRoute = discoveryRoute('/ResourceTypes/{id}', 'One kind of resource');
export const listSchemasRoute = discoveryRoute('/Schemas', 'What resources look like');
export const readSchemaRoute = discoveryRoute('/Schemas/{id}', 'What one kind of resource looks like');

export const scimRoutes: readonly Route[] = [
  ...Object.values(userRoutes),
  ...Object.values(groupRoutes),
  serviceProviderConfigRoute,
  listResourceTypesRoute,
  readResourceTypeRoute,
  listSchemasRoute,
  readSchemaRoute,
];
