import * as z from 'zod';
import { plainJson } from './dialect.ts';
import type { Route } from './route.ts';

/**
 * The OpenAPI 3.1 document of the routes, from the schemas that validate them. Schemas with an `id` in their
 * metadata become components.
 */
export function openApiDocument(routes: readonly Route[], { version }: { readonly version: string }): object {
  const components: Record<string, unknown> = {};
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes)
    for (const { method, path } of operationsOf(route))
      paths[path] = {
        ...paths[path],
        [method.toLowerCase()]: operationOf({ ...route, path }, method, components),
      };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sallyport',
      version,
      description: 'Identity orchestration: every request for access takes one governed path.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ accessToken: [] }, { boundAccessToken: [] }],
    paths,
    components: {
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'RFC 9068, from POST /oauth2/token' },
        boundAccessToken: {
          type: 'http',
          scheme: 'dpop',
          description: 'A token that is bound to a key, with a proof of it in the DPoP header (RFC 9449 §7)',
        },
      },
      schemas: components,
    },
  };
}

/** The operations of a path item (OpenAPI 3.1 §4.8.9). */
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE'] as const;

/** A route as OpenAPI names it, which knows no method that stands for all, and no parameter of several segments. */
export function operationsOf({ method, path }: Pick<Route, 'method' | 'path'>) {
  const methods = method === 'ANY' ? METHODS : [method];
  return methods.map((one) => ({ method: one, path: path.replace('+}', '}') }));
}

function operationOf(route: Route, method: string, components: Record<string, unknown>): object {
  const { mediaType } = route.dialect ?? plainJson;
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => jsonSchema(schema, io, components);
  return {
    operationId: operationId(method, route.path),
    summary: route.summary,
    ...(route.open ? { security: [] } : {}),
    parameters: [
      ...[...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      ...Object.entries(route.query?.shape ?? {}).map(([name, schema]) => ({
        name,
        in: 'query',
        required: !(schema as z.ZodType).safeParse(undefined).success,
        schema: schemaOf(schema as z.ZodType, 'input'),
      })),
      ...(route.headers ?? []).map(({ name, description, required }) => ({
        name,
        in: 'header',
        description,
        required,
        schema: { type: 'string' },
      })),
    ],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: !route.body.safeParse(undefined).success,
            content: { [route.bodyType ?? mediaType]: { schema: schemaOf(route.body, 'input') } },
          },
        }),
    responses: Object.fromEntries(
      Object.entries(route.answers).map(([status, { description, schema, contentType }]) => [
        status,
        {
          description,
          ...(schema === undefined
            ? {}
            : { content: { [contentType ?? mediaType]: { schema: schemaOf(schema, 'output') } } }),
        },
      ]),
    ),
  };
}

/** JSON Schema of a zod schema; what has an `id` is moved to the components and referred to. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', components: Record<string, unknown>): unknown {
  const {
    $schema: _,
    $defs,
    ...converted
  } = z.toJSONSchema(schema, { io, reused: 'inline' }) as Record<string, unknown>;
  for (const [id, definition] of Object.entries(($defs ?? {}) as Record<string, unknown>)) {
    components[id] = relocate(definition);
  }
  const id = schema.meta()?.['id'];
  if (typeof id !== 'string') return relocate(converted);
  components[id] = relocate(converted);
  return { $ref: `#/components/schemas/${id}` };
}

function relocate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocate);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([member]) => member !== 'id' || typeof (value as { id?: unknown }).id !== 'string')
      .map(([member, inner]) => [
        member,
        member === '$ref' && typeof inner === 'string'
          ? inner.replace('#/$defs/', '#/components/schemas/')
          : relocate(inner),
      ]),
  );
}

function operationId(method: string, path: string): string {
  return `${method} ${path}`
    .replace(/[{}]/g, '')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .map((word, index) => (index === 0 ? word.toLowerCase() : word[0]?.toUpperCase() + word.slice(1)))
    .join('');
}
