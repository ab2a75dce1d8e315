import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../../demo/api-client.ts';
import type { LoopbackServer } from '../../../demo/loopback-server.ts';
import { startOrdersApi } from '../../../demo/orders-api.ts';
import { startToolGateway } from '../../../demo/tool-gateway.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';

let world: EmbeddedWorld;
let orders: LoopbackServer;
let tools: LoopbackServer;

beforeAll(async () => {
  world = await startWorld();
  const { apiUrl } = world.sallyport;
  [orders, tools] = await Promise.all([
    startOrdersApi({ apiUrl, port: 0 }),
    startToolGateway({ apiUrl, port: 0 }),
  ]);
  world.backends.cluster.trust({ issuer: apiUrl, authenticate: () => world.token('shop-cluster') });
});
afterAll(() => Promise.all([orders?.stop(), tools?.stop(), world?.stop()]));

const PODS = '/api/v1/namespaces/shop/pods';
const RESTART = '/apis/apps/v1/namespaces/shop/deployments/storefront';

const at = async (url: string, ...who: Parameters<EmbeddedWorld['token']>) =>
  new ApiClient(url, await world.token(...who));
const inCluster = (...who: Parameters<EmbeddedWorld['token']>) => at(world.backends.cluster.url, ...who);

describe('a cluster that asks Sallyport', () => {
  it('lets through whom the policies permit, in the session that they are in', async () => {
    const engineer = await inCluster('engineer');
    expect((await engineer.get(PODS)).status).toBe(200);
    expect((await engineer.send('PATCH', RESTART, '{}')).status).toBe(200);
  });

  it('refuses the others, and says what is missing', async () => {
    const weak = await (await inCluster('engineer', { amr: ['pwd'] })).send('PATCH', RESTART, '{}');
    expect(weak).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('missing: step-up') },
    });
    expect((await (await inCluster('customer')).get(PODS)).status).toBe(403);
    expect((await (await inCluster('triage-bot', { for: 'engineer' })).get(PODS)).status).toBe(403);
  });

  it('leaves to RBAC what no rule names, and its own users', async () => {
    const engineer = await inCluster('engineer');
    const { status, body } = await engineer.get('/api/v1/namespaces/shop/secrets');
    expect({ status, message: body.message }).toEqual({
      status: 403,
      message: 'sallyport:engineer cannot list secrets in API group "": No rule of Sallyport’s is about this',
    });
    const account = new ApiClient(world.backends.cluster.url, world.backends.cluster.administratorToken);
    expect((await account.get('/api/v1/namespaces/sallyport-grants/serviceaccounts')).status).toBe(200);
  });

  it('refuses a session from the moment that it ends', async () => {
    const token = await world.token('engineer');
    const engineer = new ApiClient(world.backends.cluster.url, token);
    expect((await engineer.get(PODS)).status).toBe(200);
    const { sid } = decodeJwt(token);
    expect((await new ApiClient(world.sallyport.apiUrl, token).delete(`/v1/sessions/${sid}`)).status).toBe(
      204,
    );
    expect((await engineer.get(PODS)).status).toBe(403);
  });
});

describe('an internal API behind a proxy that asks Sallyport', () => {
  it('is reached by whom the policies permit', async () => {
    expect(await (await at(orders.url, 'engineer')).get('/orders')).toMatchObject({ status: 200 });
    const job = await at(orders.url, 'deploy-bot');
    expect(await job.post('/orders')).toMatchObject({ status: 201 });
  });

  it('hands on why others are refused', async () => {
    const { status, body } = await (await at(orders.url, 'customer')).get('/orders');
    expect({ status, reason: body.context.reason }).toEqual({ status: 403, reason: 'denied' });
    const anybody = await new ApiClient(orders.url).get('/orders');
    expect(anybody).toMatchObject({ status: 401, body: { title: 'Authentication is needed' } });
    expect(anybody.headers.get('www-authenticate')).toContain('Bearer');
  });
});

describe('an MCP gateway that asks Sallyport', () => {
  const call = async (name: string, given: object, meta: object = {}) => {
    const agent = await at(tools.url, 'triage-bot', { for: 'engineer' });
    const params = { name, arguments: given, ...meta };
    return agent.post('/mcp/ticketing', { jsonrpc: '2.0', id: 7, method: 'tools/call', params });
  };
  const comment = { project: 'ops', ticket: 'OPS-1', body: 'Seen.' };

  it('calls the tool where the policies permit it', async () => {
    const { body } = await call('list_tickets', { project: 'ops' });
    expect(body.result.content[0].text).toContain('OPS-1');
  });

  it('gives the agent the denial, with what is missing', async () => {
    const { body } = await call('comment_on_ticket', comment);
    expect(body).toMatchObject({ id: 7, error: { code: -32010, data: { reason: 'obliged' } } });
    expect(body.result).toBeUndefined();
  });

  it('lets an agent follow the denial to an approval, and call again with it', async () => {
    const { data } = (await call('comment_on_ticket', comment)).body.error;
    const { access_request, evaluation_id, evaluated } = data;
    const agent = await at(world.sallyport.apiUrl, 'triage-bot', { for: 'engineer' });
    const { pathname } = new URL(access_request.endpoint);
    const denial = { evaluation_id, expires_at: access_request.expires_at };
    const submitted = await agent.post(pathname, { ...evaluated, denial });
    expect(submitted.status).toBe(202);
    await world.sallyport.settled();
    const owner = await at(world.sallyport.apiUrl, 'owner');
    const [waiting] = (await owner.get('/v1/approvals')).body.approvals;
    await owner.post(`/v1/approvals/${waiting.id}/decision`, { decision: 'approve' });
    await world.sallyport.settled();
    const { result } = (await agent.get(`${pathname}/${submitted.body.task.id}`)).body;

    const approved = { _meta: { 'sallyport.example/approval': result.approval } };
    const { body } = await call('comment_on_ticket', comment, approved);
    expect(body.result.content[0].text).toContain('Seen.');
    expect(
      (await call('comment_on_ticket', { ...comment, project: 'web' }, approved)).body.error,
    ).toBeDefined();
  });
});
