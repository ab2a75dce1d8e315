import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type LoopbackServer, serveOnLoopback } from '../../../demo/loopback-server.ts';
import { runInProcess } from '../../support/in-process-command.ts';

const explanation = {
  decision: false,
  outcome: 'obliged',
  explained_at: '2026-01-05T09:00:00.000Z',
  channel: 'web',
  assurance: { acr: 'nist-aal1', aal: 1, ial: 0, phishing_resistant: false, attested: false, risk: 'low' },
  evidence: [
    {
      id: 'e-1',
      of: 'erin',
      channel: 'web',
      method: 'oidc',
      observed_at: '2026-01-05T08:59:00.000Z',
      expires_at: '2026-01-05T20:59:00.000Z',
    },
  ],
  policies: [{ id: 'delete-when-approved', effect: 'permit', file: 'ticketing.cedar', line: 12 }],
  obligations: [{ id: 'approval-1', type: 'approval', properties: { approvers: 'ops-owners', quorum: 2 } }],
  parties: [
    {
      party: { type: 'user', id: 'erin' },
      permitted: false,
      policies: [],
      nearest_permits: [
        {
          id: 'delete-when-approved',
          effect: 'permit',
          file: 'ticketing.cedar',
          line: 12,
          unmet: ['when { context.approved }'],
        },
      ],
    },
  ],
};

let server: LoopbackServer;
let asked: unknown[];

beforeEach(async () => {
  asked = [];
  server = await serveOnLoopback(0, () => async (request, response) => {
    asked.push(await json(request));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(explanation));
  });
});
afterEach(() => server.stop());

const asking = ['explain', '--action', 'tickets:delete', '--resource', 'target/ops'];

it('says where the policies stand, what was shown, and what is missing', async () => {
  const { stdout, code } = await runInProcess(server.url, [
    ...asking,
    ...['--subject', 'user/erin', '--session', 's-1', '--property', 'ownerID=a=b'],
  ]);
  expect(asked).toEqual([
    {
      subject: { type: 'user', id: 'erin', properties: { session: 's-1' } },
      action: { name: 'tickets:delete' },
      resource: { type: 'target', id: 'ops', properties: { ownerID: 'a=b' } },
    },
  ]);
  expect(code).toBe(0);
  for (const part of [
    'user/erin may not tickets:delete on target/ops (obliged)',
    'policies/ticketing.cedar:12',
    'oidc in web',
    'ops-owners',
    'when { context.approved }',
  ])
    expect(stdout).toContain(part);
});

it.each([
  ['a subject without an id', ['--subject', 'erin']],
  ['a property without a value', ['--subject', 'user/erin', '--property', 'ownerID']],
])('%s is refused, and nothing is asked', async (_, more) => {
  const { code } = await runInProcess(server.url, [...asking, ...more]);
  expect(code).toBe(2);
  expect(asked).toEqual([]);
});
