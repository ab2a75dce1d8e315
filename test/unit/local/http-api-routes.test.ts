import { describe, expect, it } from 'vitest';
import { matchRoute } from '../../../local/aws/http-api-routes.ts';

const routes = [
  '$default',
  'ANY /{proxy+}',
  'GET /pets/{proxy+}',
  'GET /pets/{id}/toys',
  'GET /pets/dog/{id}',
  'ANY /pets/dog/1',
  'GET /pets/dog/1',
  'GET /{kind}/dog/{id}/tail',
].map((routeKey) => ({ routeKey }));

describe('matchRoute', () => {
  it.each([
    ['GET', '/pets/dog/1', 'GET /pets/dog/1', {}],
    ['POST', '/pets/dog/1', 'ANY /pets/dog/1', {}],
    ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
    ['GET', '/pets/cat/1', 'GET /pets/{proxy+}', { proxy: 'cat/1' }],
    ['GET', '/pets/cat/toys', 'GET /pets/{id}/toys', { id: 'cat' }],
    ['GET', '/pets/dog/toys', 'GET /pets/dog/{id}', { id: 'toys' }],
    ['GET', '/pets/dog/1/tail', 'GET /{kind}/dog/{id}/tail', { kind: 'pets', id: '1' }],
    ['POST', '/pets/cat', 'ANY /{proxy+}', { proxy: 'pets/cat' }],
    ['GET', '/', '$default', {}],
  ])('%s %s is for %s', (method, path, routeKey, pathParameters) => {
    expect(matchRoute(routes, method, path)).toMatchObject({ route: { routeKey }, pathParameters });
  });

  it('finds nothing where no route matches', () => {
    expect(matchRoute([{ routeKey: 'GET /pets/{id}' }], 'GET', '/pets/')).toBeUndefined();
    expect(matchRoute([{ routeKey: 'GET /pets/{id}' }], 'GET', '/pets/1/toys')).toBeUndefined();
    expect(matchRoute([{ routeKey: 'GET /pets/{id}' }], 'PUT', '/pets/1')).toBeUndefined();
  });
});
