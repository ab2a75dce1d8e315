import type * as z from 'zod';
import type { Dialect } from './dialect.ts';

/** A header that a route reads or answers with, for the API's description. */
export interface RouteHeader {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
}

/** One answer of a route: what it means, and the schema of its JSON body if it has one. */
export interface RouteAnswer {
  readonly description: string;
  readonly schema?: z.ZodType;
  readonly contentType?: string;
}

/**
 * One HTTP route, as data. The same object creates the route in `cdk/`, validates the request in the
 * function, and describes it in `/openapi.json`.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'ANY';
  /** With path parameters in braces, as API Gateway writes them: `/v1/grants/{id}`, `/authorize/{path+}`. */
  readonly path: string;
  /** The function that serves it: the construct's name, `ReadGrants`. */
  readonly function: string;
  readonly summary: string;
  /** Served without an access token. Everything else is refused without one. */
  readonly open?: true;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** How the body comes; as the dialect sends JSON unless said. */
  readonly bodyType?: 'application/x-www-form-urlencoded';
  /** How its JSON and its refusals look; plain JSON and problem+json unless said. */
  readonly dialect?: Dialect;
  /** The largest body that is read, in bytes; 64 KB unless said. */
  readonly mostBodyBytes?: number;
  readonly headers?: readonly RouteHeader[];
  readonly answers: Readonly<Record<number, RouteAnswer>>;
}

/** The key by which API Gateway names a route: `GET /v1/grants/{id}`. */
export function routeKey(route: Pick<Route, 'method' | 'path'>): string {
  return `${route.method} ${route.path}`;
}
