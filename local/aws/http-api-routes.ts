/** A route of an HTTP API: `METHOD /path/{parameter}`, `ANY /path/{greedy+}` or `$default`. */
export interface RouteMatch<Route> {
  readonly route: Route;
  readonly pathParameters: Readonly<Record<string, string>>;
}

interface Candidate<Route> extends RouteMatch<Route> {
  /** A digit for the whole, one for each segment, one for the method: the higher string is the more specific. */
  readonly specificity: string;
}

/**
 * The most specific route for a request: a full match goes before a `{greedy+}` one, then segment by segment a
 * literal before a `{parameter}`, then a method before `ANY`; `$default` is last
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html#http-api-develop-routes.evaluation).
 * `path` is decoded.
 */
export function matchRoute<Route extends { readonly routeKey: string }>(
  routes: readonly Route[],
  method: string,
  path: string,
): RouteMatch<Route> | undefined {
  return routes
    .flatMap((route) => candidate(route, method, path) ?? [])
    .reduce<Candidate<Route> | undefined>(
      (best, next) => (best === undefined || next.specificity > best.specificity ? next : best),
      undefined,
    );
}

function candidate<Route extends { readonly routeKey: string }>(
  route: Route,
  method: string,
  path: string,
): Candidate<Route> | undefined {
  if (route.routeKey === '$default') return { route, pathParameters: {}, specificity: '' };
  const [routeMethod, routePath = ''] = route.routeKey.split(' ');
  if (routeMethod !== 'ANY' && routeMethod !== method) return undefined;

  const actual = path.split('/').slice(1);
  const expected = routePath.split('/').slice(1);
  const pathParameters: Record<string, string> = {};
  let specificity = '';
  for (const [index, segment] of expected.entries()) {
    const greedy = /^\{(.+)\+\}$/.exec(segment)?.[1];
    const parameter = /^\{(.+)\}$/.exec(segment)?.[1];
    const value = actual[index];
    if (greedy !== undefined) {
      const rest = actual.slice(index).join('/');
      if (rest === '') return undefined;
      pathParameters[greedy] = rest;
      return { route, pathParameters, specificity: `0${specificity}${methodDigit(routeMethod)}` };
    }
    if (parameter !== undefined) {
      if (value === undefined || value === '') return undefined;
      pathParameters[parameter] = value;
      specificity += '2';
    } else {
      if (value !== segment) return undefined;
      specificity += '3';
    }
  }
  if (actual.length !== expected.length) return undefined;
  return { route, pathParameters, specificity: `1${specificity}${methodDigit(routeMethod)}` };
}

function methodDigit(method: string | undefined): string {
  return method === 'ANY' ? '0' : '1';
}
