import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demoDeployment } from '../../../demo/deployment.ts';
import { mapHttp } from '../../../lambdas/enforcement/http-mapping.ts';
import { Cluster, mapObject, mapUser } from '../../../lambdas/enforcement/kubernetes-mapping.ts';
import { fill, match, Pattern, placeholdersIn, Template } from '../../../lambdas/enforcement/pattern.ts';
import { pathSegments } from '../../../lambdas/enforcement/request-path.ts';
import { mapToolCall, ToolRule } from '../../../lambdas/enforcement/tool-mapping.ts';
import { DeploymentSchema } from '../../../lambdas/platform/deployment.ts';

const names = ['a', 'b', 'c'];
/** Texts with up to three placeholders, which what stands between them keeps apart. */
const templates = fc
  .tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.array(fc.stringMatching(/^[a-c:/-]{0,3}$/), { minLength: 4, maxLength: 4 }),
  )
  .map(([count, literals]) =>
    literals
      .slice(0, count + 1)
      .map((literal, place) => (place < count ? `${literal}{${names[place]}}` : literal))
      .join(''),
  );
const texts = fc.stringMatching(/^[a-c:/-]{0,12}$/);

describe('a pattern', () => {
  it('captures what fills it to the same text again', () => {
    const patterns = templates.filter((text) => Pattern.safeParse(text).success);
    fc.assert(
      fc.property(patterns, texts, (pattern, value) => {
        const captures = match(pattern, value);
        fc.pre(captures !== undefined);
        expect(placeholdersIn(pattern).sort()).toEqual(Object.keys(captures ?? {}).sort());
        const again = pattern.replaceAll(/\{(\w)\}/g, (_, name) => String(captures?.[name]));
        expect(again).toBe(value);
      }),
    );
  });

  it('is matched by what fills it, where no value has the character that ends its placeholder', () => {
    const patterns = templates.filter((text) => Pattern.safeParse(text).success);
    const values = fc.record({
      a: fc.constantFrom('x', 'xy'),
      b: fc.constantFrom('y', 'z'),
      c: fc.constant('x'),
    });
    fc.assert(
      fc.property(patterns, values, (pattern, captures) => {
        const value = pattern.replaceAll(/\{(\w)\}/g, (_, name: 'a' | 'b' | 'c') => captures[name]);
        const wanted = Object.fromEntries(
          placeholdersIn(pattern).map((name) => [name, captures[name as 'a']]),
        );
        expect(match(pattern, value)).toEqual(wanted);
      }),
    );
  });

  it('takes a number or a truth value only whole', () => {
    expect(match('{amount}', 5)).toEqual({ amount: 5 });
    expect(match('*', true)).toEqual({});
    expect(match('5', 5)).toBeUndefined();
    expect(match('n{amount}', 5)).toBeUndefined();
    expect(match('*', undefined)).toBeUndefined();
  });
});

describe('a template', () => {
  it('is filled to the same text by the same values alone', () => {
    const several = fc.constantFrom('{a}/{b}', 'x{a}-/{b}', '{a}/{b}/{c}', '{c}:/{a}');
    const values = fc.constantFrom('a', 'a/a', 'a/a/a', 'a-', 'a:/a');
    const captures = fc.record({ a: values, b: values, c: values });
    fc.assert(
      fc.property(several, captures, captures, (template, one, other) => {
        const [first, second] = [fill(template, one), fill(template, other)];
        if (first === undefined || first !== second) return;
        expect(Template.safeParse(template).success).toBe(true);
        for (const name of placeholdersIn(template) as 'a'[]) expect(one[name]).toBe(other[name]);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['nothing', 'ticketing-{project}', { project: '' }],
    ['more than a name has', '{project}', { project: 'x'.repeat(257) }],
    ['a slash, beside another value', '{namespace}/{name}', { namespace: 'a/b', name: 'c' }],
    ['what is no Unicode', '{project}', { project: '\ud800' }],
  ])('is not filled with %s', (_what, template, captures) => {
    expect(fill(template, captures)).toBeUndefined();
  });
});

describe('the path of a request', () => {
  const hostile = fc
    .array(
      fc.constantFrom(
        '/',
        '/',
        'a',
        'A',
        '.',
        '..',
        '%2f',
        '%2F',
        '%5c',
        '\\',
        '%2e',
        '%25',
        '%00',
        ';',
        '?',
        '#',
        '%61',
        'ü',
        '%c3%bc',
        '%ff',
        ' ',
      ),
      { maxLength: 8 },
    )
    .map((parts) => `/${parts.join('')}`);

  it('that is accepted is the same to who decodes it first, last or twice', () => {
    fc.assert(
      fc.property(hostile, (path) => {
        const segments = pathSegments(path, 'encoded');
        fc.pre(segments !== undefined);
        const seen = `/${segments?.join('/')}`;
        expect(decodeURIComponent(new URL(path, 'http://orders.example').pathname)).toBe(seen);
        expect(new URL(decodeURIComponent(path), 'http://orders.example').pathname).toBe(encodeURI(seen));
        expect(decodeURIComponent(decodeURIComponent(path))).toBe(seen);
        expect(pathSegments(seen, 'decoded')).toEqual(segments);
      }),
      { numRuns: 2000 },
    );
  });
});

const target = (action: string, id: string) => ({ action, resource: { type: 'target', id } });

describe('a rule', () => {
  it('for one host is not passed by where the host is not told, or is told in another form', () => {
    const rules = [
      { methods: ['GET'], host: 'admin.example', path: '/**', means: target('admin:read', 'admin') },
      { methods: ['GET', 'POST'], path: '/**', means: target('public:read', 'public') },
    ];
    const asked = (host: string | undefined, method = 'GET') =>
      mapHttp(rules, { method, host, segments: ['news'] });
    for (const host of ['admin.example', 'ADMIN.example:443', 'admin.example.', 'admin.example.:443'])
      expect(asked(host)).toMatchObject({ action: { name: 'admin:read' } });
    expect([asked(undefined), asked('')]).toEqual(['ambiguous', 'ambiguous']);
    expect(asked('other.example')).toMatchObject({ action: { name: 'public:read' } });
    expect(asked(undefined, 'POST')).toMatchObject({ action: { name: 'public:read' } });
  });

  it('is the first that matches; in another case none does, and none after it', () => {
    const rules = [
      { methods: ['GET'], path: '/admin/{page}', means: target('admin:read', 'admin') },
      { methods: ['GET'], path: '/**', means: target('public:read', 'public') },
    ];
    const asked = (path: string, method = 'GET') =>
      mapHttp(rules, { method, host: undefined, segments: pathSegments(path, 'encoded') });
    expect(asked('/admin/users')).toMatchObject({ action: { name: 'admin:read' } });
    expect(asked('/news/today')).toMatchObject({ action: { name: 'public:read' } });
    expect(asked('/')).toBe('unmapped');
    expect(asked('/news', 'POST')).toBe('unmapped');
    const cases = fc.mixedCase(fc.constant('/admin/users'));
    fc.assert(
      fc.property(cases, (path) => {
        const means = asked(path);
        if (!path.startsWith('/admin/')) expect(means).toBe('ambiguous');
        else expect(means).toMatchObject({ action: { name: 'admin:read' } });
      }),
    );
    expect(asked('/admin/users', 'get')).toBe('ambiguous');
  });

  it('for a cluster’s objects leaves subresources, namespaces and the cluster’s own users to those that name them', () => {
    const cluster = Cluster.parse({
      askedBy: 'api-server',
      users: [{ user: '{id}', subject: { type: 'user', id: '{id}' } }],
      resources: [
        {
          verbs: ['get'],
          group: '',
          resource: 'pods',
          namespace: '{namespace}',
          means: target('pods:read', '{namespace}'),
        },
      ],
    });
    const asked = { verb: 'get', group: '', resource: 'pods', subresource: '', namespace: 'shop', name: 'a' };
    expect(mapObject(cluster.resources, asked)).toMatchObject({ resource: { id: 'shop' } });
    for (const other of [
      { subresource: 'exec' },
      { namespace: '' },
      { verb: '*' },
      { group: 'apps' },
      { resource: '*' },
    ])
      expect(mapObject(cluster.resources, { ...asked, ...other })).toBe('unmapped');
    expect(mapUser(cluster.users, 'erin')).toEqual({ type: 'user', id: 'erin' });
    expect(mapUser(cluster.users, 'system:masters')).toBe('unmapped');
    expect(mapUser(cluster.users, '')).toBe('unmapped');
  });

  it('for tools can say with the call’s own arguments what a resource is like', () => {
    const rule = ToolRule.parse({
      server: 'bank',
      tool: 'transfer',
      arguments: { account: '{account}', amount: '{amount}' },
      means: {
        action: 'transfers:create',
        resource: { type: 'account', id: '{account}', properties: { amount: '{amount}' } },
      },
    });
    const call = (given: object) =>
      mapToolCall([rule], { server: 'bank', tool: 'transfer', arguments: { ...given } });
    expect(call({ account: 'a', amount: 5, note: 'x' })).toEqual({
      action: { name: 'transfers:create' },
      resource: { type: 'account', id: 'a', properties: { amount: 5 } },
    });
    for (const given of [
      { account: 'a' },
      { account: ['a'], amount: 5 },
      { account: '', amount: 5 },
      { account: 'a', amount: null },
    ])
      expect(call(given)).toBe('unmapped');
    expect(
      mapToolCall([rule], {
        server: 'bank',
        tool: 'transfer',
        arguments: Object.create({ account: 'a', amount: 5 }),
      }),
    ).toBe('unmapped');
  });
});

describe('the deployment’s rules are refused', () => {
  const withHttp = (rule: object) => ({
    ...demoDeployment({}),
    enforcement: { http: [{ methods: ['GET'], path: '/a', ...rule }] },
  });

  it.each<[string, object, RegExp]>([
    [
      'for an action that the target has not',
      { means: target('orders:burn', 'orders-db') },
      /no target has orders:burn/,
    ],
    [
      'for a target that there is not',
      { means: target('orders:read', 'orders') },
      /no target has orders:read on target orders/,
    ],
    [
      'for a type of resource that there is not',
      { means: { action: 'x', resource: { type: 'planet', id: '{a}' } }, path: '/{a}' },
      /planet/,
    ],
    [
      'for a placeholder that nothing fills',
      { means: target('orders:read', '{target}') },
      /must stand in what the rule matches/,
    ],
    [
      'for placeholders that nothing keeps apart',
      { path: '/{a}/{b}', means: target('{a}', '{a}-{b}') },
      /put a slash/,
    ],
    [
      'for a path with an escape',
      { path: '/a%2fb', means: target('orders:read', 'orders-db') },
      /each segment is a pattern/,
    ],
    [
      'for a path that goes up',
      { path: '/a/../b', means: target('orders:read', 'orders-db') },
      /each segment is a pattern/,
    ],
    [
      'for a ** that is not its end',
      { path: '/**/b', means: target('orders:read', 'orders-db') },
      /each segment is a pattern/,
    ],
    ['for a * beside a text', { methods: ['G*'], means: target('orders:read', 'orders-db') }, /stands alone/],
    ['for a member that is not known', { means: target('orders:read', 'orders-db'), deny: true }, /deny/],
  ])('%s', (_what, rule, message) => {
    const parsed = DeploymentSchema.safeParse(withHttp(rule));
    expect(JSON.stringify(parsed.error?.issues ?? [])).toMatch(message);
  });

  it('where two clusters ask as the same principal', () => {
    const [cluster] = demoDeployment({}).enforcement.kubernetes;
    const twice = { ...demoDeployment({}), enforcement: { kubernetes: [cluster, cluster] } };
    expect(JSON.stringify(DeploymentSchema.safeParse(twice).error?.issues)).toContain(
      'name each API server once',
    );
  });
});
