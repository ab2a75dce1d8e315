import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { ask, claim, claimToken, isActive, readRequest } from '../support/access-path.ts';
import { expectDead, isRefused, itemsOf, readContainment } from '../support/containments.ts';
import { chainOf, changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

let world: World;
let provider: ApiClient;
let enforcementPoint: ApiClient;
/** Names are made anew in each run: a deployed Sallyport has seen others. */
let run: string;

beforeAll(async () => {
  world = await worldUnderTest();
  provider = await world.as('directory-sync');
  enforcementPoint = await world.as('ticketing-api');
  run = crypto.randomUUID().slice(0, 8);
});
afterAll(() => world.stop());

const send = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  provider.send(method, `/scim/v2${path}`, body && JSON.stringify(body), {
    ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
    ...headers,
  });
const get = (path: string, headers: Record<string, string> = {}) => send('GET', path, undefined, headers);
const patch = (path: string, ...Operations: object[]) =>
  send('PATCH', path, { schemas: [PATCH], Operations });
const find = async (resource: 'Users' | 'Groups', filter: string) =>
  (await get(`/${resource}?filter=${encodeURIComponent(filter)}`)).body;
const idsFound = async (...query: Parameters<typeof find>): Promise<string[]> =>
  (await find(...query)).Resources.map(({ id }: { id: string }) => id);

async function person(name: string, more: object = {}): Promise<string> {
  const answer = await send('POST', '/Users', {
    schemas: [USER],
    userName: `${name}-${run}@example.com`,
    ...more,
  });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body.id;
}

async function group(name: string, members: readonly string[] = []): Promise<string> {
  const answer = await send('POST', '/Groups', {
    schemas: [GROUP],
    displayName: `${name}-${run}`,
    members: members.map((value) => ({ value })),
  });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body.id;
}

/** Whether nothing but a proof of who they are is missing: nobody who is asked about has proven anything. */
const mayRead = async (id: string): Promise<boolean> => {
  const { body } = await enforcementPoint.post('/access/v1/evaluation', {
    subject: { type: 'user', id },
    action: { name: 'tickets:read' },
    resource: { type: 'target', id: 'ticketing-ops' },
  });
  const missing = (body.context.obligations ?? []).map(({ type }: { type: string }) => type);
  return body.decision || missing.join() === 'step-up';
};

function expectScimError(answer: ApiAnswer, status: number, scimType?: string): void {
  expect({ status: answer.status, type: answer.headers.get('content-type'), body: answer.body }).toEqual({
    status,
    type: 'application/scim+json',
    body: {
      schemas: [ERROR],
      status: String(status),
      ...(scimType === undefined ? {} : { scimType }),
      detail: expect.stringMatching(/./),
    },
  });
}

describe('an identity provider', () => {
  it('takes somebody in, who may do what their groups may, directly and through others', async () => {
    const id = await person('ada', {
      displayName: 'Ada Byron',
      emails: [{ value: 'ada@example.com', type: 'work', primary: true }],
      roles: [{ value: 'todo-viewer' }],
      title: 'Countess',
    });
    const { status, headers, body } = await get(`/Users/${id}`);
    expect({ status, type: headers.get('content-type'), etag: headers.get('etag') }).toEqual({
      status: 200,
      type: 'application/scim+json',
      etag: 'W/"1"',
    });
    expect(body).toEqual({
      schemas: [USER],
      id: `ada-${run}@example.com`,
      userName: `ada-${run}@example.com`,
      displayName: 'Ada Byron',
      active: true,
      emails: [{ value: 'ada@example.com', type: 'work', primary: true }],
      roles: [{ value: 'todo-viewer' }],
      meta: {
        resourceType: 'User',
        created: expect.any(String),
        lastModified: expect.any(String),
        location: `${world.sallyport.apiUrl}/scim/v2/Users/${encodeURIComponent(id)}`,
        version: 'W/"1"',
      },
    });
    const { pathname } = new URL(body.meta.location);
    expect(await provider.get(pathname)).toMatchObject({ status: 200, body: { id } });
    expect(await mayRead(id)).toBe(false);

    await patch('/Groups/engineering', { op: 'Add', path: 'members', value: [{ value: id }] });
    expect(await mayRead(id)).toBe(true);
    await patch('/Groups/engineering', { op: 'Remove', path: `members[value eq "${id}"]` });
    expect(await mayRead(id)).toBe(false);

    const team = await group('team', [id]);
    await patch('/Groups/engineering', { op: 'add', path: 'members', value: [{ value: team }] });
    expect(await mayRead(id)).toBe(true);
    expect(await idsFound('Groups', `members.value eq "${team}"`)).toEqual(['engineering']);
    await patch('/Groups/engineering', { op: 'remove', path: 'members', value: [{ value: team }] });
    expect(await mayRead(id)).toBe(false);

    const events = await chainOf(world.sallyport, `principal-${id}`);
    expect(verifyChain(`principal-${id}`, events)).toMatchObject({ verified: true });
    expect(events.map(({ type }) => type)).toEqual([
      'principal.provisioned',
      'principal.joined',
      'principal.left',
      'principal.joined',
    ]);
    expect(JSON.stringify(events)).not.toContain('ada@example.com');
  });

  it('deactivates somebody: denied at once, their grant dead, their session over, and let in again without it', async () => {
    const access = await ask(world, await world.as('leaver'), readRequest);
    const token = await claimToken(access);
    expect(await patch('/Users/leaver', { op: 'replace', value: { active: false } })).toMatchObject({
      status: 200,
      body: { active: false },
    });
    expect(await mayRead('leaver')).toBe(false);
    expect(await isRefused(access.requester)).toBe(true);
    expect(await isActive(world, token)).toBe(false);

    await world.sallyport.settled();
    const suspended = (await chainOf(world.sallyport, 'principal-leaver')).at(-1);
    const containment = String(suspended?.details['containment']);
    const responder = await world.as('responder');
    const report = await readContainment(responder, containment);
    expect(report).toMatchObject({ status: 'contained', scope: { suspended: 'leaver' }, freeze: 'none' });
    expect(itemsOf(report, 'grant')).toContain(access.grantId);
    await expectDead(world, access, token, containment);
    expect(verifyChain(containment, await chainOf(world.sallyport, containment))).toMatchObject({
      verified: true,
    });

    // Entra ID writes truths as text.
    await patch('/Users/leaver', { op: 'Replace', path: 'active', value: 'True' });
    expect(await mayRead('leaver')).toBe(true);
    expect((await claim({ ...access, requester: await world.as('leaver') })).status).not.toBe(200);
    expect(await isActive(world, token)).toBe(false);
    expect(await isRefused(await world.as('leaver'))).toBe(false);
  });

  it('deletes somebody, whom nobody finds then, and whose id nobody gets', async () => {
    const id = await person('gone');
    await group('left', [id]);
    expect(await send('DELETE', `/Users/${id}`)).toMatchObject({ status: 204 });
    expectScimError(await get(`/Users/${id}`), 404);
    expectScimError(await send('DELETE', `/Users/${id}`), 404);
    expectScimError(await patch(`/Users/${id}`, { op: 'replace', path: 'active', value: true }), 404);
    expect(await find('Users', `userName eq "${id}"`)).toMatchObject({ totalResults: 0, Resources: [] });
    expect((await get(`/Groups/left-${run}`)).body.members).toBeUndefined();
    expectScimError(await send('POST', '/Users', { schemas: [USER], userName: id }), 409, 'uniqueness');
    // The name is free, for who has an id of their own.
    expect(await person('gone', { externalId: `second-${run}` })).toBe(`second-${run}`);
  });

  it('does the same again without another change', async () => {
    const id = await person('twice');
    const team = await group('same');
    const add = { op: 'add', path: 'members', value: [{ value: id }] };
    for (const [path, operation] of [
      [`/Groups/${team}`, add],
      [`/Users/${id}`, { op: 'replace', path: 'active', value: false }],
    ] as const) {
      await patch(path, operation);
      await world.sallyport.settled();
      const again = await changingNothing(world.sallyport, () => patch(path, operation));
      expect(again.status).toBeLessThan(300);
    }
  });

  it('renames and replaces a group with its members', async () => {
    const [one, two] = [await person('one'), await person('two')];
    const id = await group('crew', [one]);
    const answer = await send('PUT', `/Groups/${id}`, {
      schemas: [GROUP],
      displayName: `Crew ${run}`,
      externalId: `ext-${run}`,
      members: [{ value: two }],
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { id, displayName: `Crew ${run}`, members: [{ value: two, type: 'User' }] },
    });
    expect((await get(`/Groups/${id}?excludedAttributes=members`)).body.members).toBeUndefined();
    expect(await idsFound('Groups', `displayName eq "CREW ${run}"`)).toEqual([id]);
    expect(await idsFound('Groups', `externalId eq "ext-${run}"`)).toEqual([id]);
    expect(await idsFound('Groups', `displayName eq "crew-${run}"`)).toEqual([]);
    expect(await idsFound('Users', `groups.value eq "${id}"`)).toEqual([two]);
    expect(await send('DELETE', `/Groups/${id}`)).toMatchObject({ status: 204 });
    expectScimError(await get(`/Groups/${id}`), 404);
    expect((await get(`/Users/${two}`)).body.groups).toBeUndefined();
    expect(await group('crew')).toBe(id);
  });
});

describe('a query', () => {
  it('finds by what is looked up and by what is read through, page by page', async () => {
    const ids = [await person('q1'), await person('q2', { externalId: `x-${run}` }), await person('q3')];
    expect(await idsFound('Users', `userName eq "Q1-${run}@EXAMPLE.com"`)).toEqual([ids[0]]);
    expect(await idsFound('Users', `externalId eq "x-${run}"`)).toEqual([ids[1]]);
    expect(await idsFound('Users', `id eq "${ids[2]}" and active eq true`)).toEqual([ids[2]]);
    expect(await idsFound('Users', 'userName eq "engineer"')).toEqual(['engineer']);
    expect(await idsFound('Users', 'userName eq "triage-bot"')).toEqual([]);
    const all = `userName sw "q" and userName ew "-${run}@example.com" and not (displayName pr and active eq false)`;
    expect((await idsFound('Users', all)).sort()).toEqual([...ids].sort());
    const page = (startIndex: number) =>
      get(`/Users?filter=${encodeURIComponent(all)}&count=2&startIndex=${startIndex}&attributes=userName`);
    const [first, second] = [(await page(1)).body, (await page(3)).body];
    expect(first).toMatchObject({ totalResults: 3, startIndex: 1, itemsPerPage: 2 });
    expect(second).toMatchObject({ totalResults: 3, startIndex: 3, itemsPerPage: 1 });
    expect([...first.Resources, ...second.Resources].map(Object.keys)).toEqual(
      Array.from({ length: 3 }, () => ['schemas', 'id', 'userName']),
    );
    expect((await get('/Users?count=0')).body).toMatchObject({ Resources: [], itemsPerPage: 0 });
    expect((await get('/Groups?startIndex=1&count=1')).body).toMatchObject({
      itemsPerPage: 1,
      Resources: [{}],
    });
  });

  it('that is none is refused, saying how one is written', async () => {
    for (const filter of ['userName', 'userName xx "a"', 'active gt true', '(userName pr', 'x'.repeat(1000)])
      expectScimError(await get(`/Users?filter=${encodeURIComponent(filter)}`), 400, 'invalidFilter');
    expectScimError(await get(`/Groups?filter=${encodeURIComponent('members pr')}`), 400, 'invalidFilter');
    expectScimError(await get('/Users?count=many'), 400, 'invalidValue');
  });
});

describe('a version', () => {
  it('holds a change to what was seen, and spares reading it again', async () => {
    const id = await person('tag');
    expect(await get(`/Users/${id}`, { 'if-none-match': 'W/"1"' })).toMatchObject({ status: 304 });
    const body = { schemas: [USER], userName: id, displayName: 'Tag' };
    expect(await send('PUT', `/Users/${id}`, body, { 'if-match': 'W/"1"' })).toMatchObject({
      status: 200,
      body: { meta: { version: 'W/"2"' } },
    });
    for (const answer of [
      await send('PUT', `/Users/${id}`, body, { 'if-match': 'W/"1"' }),
      await send('DELETE', `/Users/${id}`, undefined, { 'if-match': '"1"' }),
    ])
      expectScimError(answer, 412);
    expect(await get(`/Users/${id}`, { 'if-none-match': 'W/"1"' })).toMatchObject({ status: 200 });
  });
});

describe('a change is refused', () => {
  it('of whoever is no provisioner, and without a token', async () => {
    const engineer = await world.as('engineer');
    expectScimError(await engineer.get('/scim/v2/Users'), 403);
    const nobody = await fetch(`${world.sallyport.apiUrl}/scim/v2/Users`);
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get('content-type')).toBe('application/scim+json');
    expect(nobody.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it('that names nobody, twice the same, or what cannot be', async () => {
    const id = await person('taken');
    const refused: [Promise<ApiAnswer> | ApiAnswer, number, string?][] = [
      [send('POST', '/Users', { schemas: [USER], userName: id.toUpperCase() }), 409, 'uniqueness'],
      [send('POST', '/Users', { schemas: [USER], userName: 'engineer' }), 409, 'uniqueness'],
      [
        send('POST', '/Users', { schemas: [USER], userName: 'n', externalId: 'triage-bot' }),
        409,
        'uniqueness',
      ],
      [send('POST', '/Users', { schemas: [USER] }), 400, 'invalidValue'],
      [send('POST', '/Users', { schemas: [GROUP], userName: 'x' }), 400, 'invalidValue'],
      [send('POST', '/Users', { schemas: [USER], userName: 'a\u0007' }), 400, 'invalidValue'],
      [
        send('POST', '/Users', { schemas: [USER], userName: 'x' }, { 'content-type': 'text/plain' }),
        400,
        'invalidSyntax',
      ],
      [send('POST', '/Groups', { schemas: [GROUP], displayName: 'engineering' }), 409, 'uniqueness'],
      [
        send('POST', '/Groups', {
          schemas: [GROUP],
          displayName: `n-${run}`,
          members: [{ value: 'nobody' }],
        }),
        400,
        'invalidValue',
      ],
      [get('/Users/triage-bot'), 404],
      [get('/Groups/nothing'), 404],
      [patch('/Users/nobody', { op: 'replace', path: 'active', value: false }), 404],
      [patch(`/Users/${id}`, { op: 'replace', path: 'id', value: 'x' }), 400, 'mutability'],
      [patch(`/Users/${id}`, { op: 'replace', value: { id: 'x', active: false } }), 400, 'mutability'],
      [
        patch(`/Users/${id}`, { op: 'add', path: 'groups', value: [{ value: 'engineering' }] }),
        400,
        'mutability',
      ],
      [patch(`/Users/${id}`, { op: 'replace', path: 'planet', value: 'x' }), 400, 'invalidPath'],
      [patch(`/Users/${id}`, { op: 'replace', path: 'emails[type eq', value: 'x' }), 400, 'invalidPath'],
      [patch(`/Users/${id}`, { op: 'remove' }), 400, 'noTarget'],
      [
        patch(`/Users/${id}`, { op: 'replace', path: 'emails[type ne "work"].value', value: 'a@b.example' }),
        400,
        'noTarget',
      ],
      [patch(`/Users/${id}`, { op: 'remove', path: 'userName' }), 400, 'invalidValue'],
      [patch(`/Users/${id}`, { op: 'replace', path: 'active', value: 'perhaps' }), 400, 'invalidValue'],
      [patch(`/Users/${id}`, { op: 'move', path: 'active' }), 400, 'invalidValue'],
      [send('PATCH', `/Users/${id}`, { schemas: [USER], Operations: [] }), 400, 'invalidValue'],
      [send('PATCH', `/Users/${id}`), 400, 'invalidSyntax'],
    ];
    for (const [answer, status, scimType] of refused) expectScimError(await answer, status, scimType);
    expect((await get(`/Users/${id}`)).body.meta.version).toBe('W/"1"');
  });

  it('that would have groups be members of each other', async () => {
    const inner = await group('inner');
    const middle = await group('middle', [inner]);
    const outer = await group('outer', [middle]);
    const close = (id: string, value: string) =>
      patch(`/Groups/${id}`, { op: 'add', path: 'members', value: [{ value }] });
    const answers = await changingNothing(world.sallyport, async () => [
      await close(inner, outer),
      await close(inner, inner),
    ]);
    for (const answer of answers) expectScimError(answer, 400, 'invalidValue');
    expect(answers[0]?.body.detail).toContain(outer);
  });

  it('that would lock out whoever sends it', async () => {
    const answer = await patch('/Users/platform-engineer', { op: 'replace', path: 'active', value: false });
    expectScimError(answer, 403);
    expect((await get('/Users/platform-engineer')).body.active).toBe(true);
    expect((await chainOf(world.sallyport, 'principal-platform-engineer')).at(-1)?.type).toBe(
      'principal.suspension-refused',
    );
  });
});

describe('discovery', () => {
  it('says what there is', async () => {
    expect((await get('/ServiceProviderConfig')).body).toMatchObject({
      patch: { supported: true },
      filter: { supported: true, maxResults: 200 },
      etag: { supported: true },
      bulk: { supported: false },
    });
    expect((await get('/ResourceTypes')).body).toMatchObject({
      totalResults: 2,
      Resources: [{ endpoint: '/Users' }, { endpoint: '/Groups' }],
    });
    expect((await get('/ResourceTypes/User')).body).toMatchObject({ schema: USER });
    expect((await get('/Schemas')).body).toMatchObject({ totalResults: 2 });
    const { attributes } = (await get(`/Schemas/${GROUP}`)).body;
    expect(attributes.map(({ name }: { name: string }) => name)).toEqual(['displayName', 'members']);
    expectScimError(await get('/Schemas/none'), 404);
    expectScimError(await get('/ResourceTypes/Planet'), 404);
  });
});
