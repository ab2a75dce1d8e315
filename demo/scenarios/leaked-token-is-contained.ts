import { verifyChain } from '../../lambdas/audit/chain.ts';
import { ApiClient } from '../api-client.ts';
import { awsSession } from '../aws-session.ts';
import { demoArtifacts } from '../deploy-artifacts.ts';
import { followRevocation } from '../follow-revocation.ts';
import { manageSecret, secretReader } from '../managed-secrets.ts';
import { tryLogin } from '../orders-database.ts';
import { expect, type Scenario } from '../scenario.ts';
import type { EmbeddedWorld } from '../world.ts';

/** What the job is granted, and what its client is told at each target while it works and when it does not any more. */
interface Access {
  readonly target: string;
  readonly permissions: readonly string[];
  readonly works: string | number;
  readonly refused: string | number;
  /** Tries it as the job does, and says what came back. */
  try(claimed: Delivered): Promise<string | number>;
}

// biome-ignore lint/suspicious/noExplicitAny: what a claim delivers is the target's own
type Delivered = any;

interface Held {
  readonly access: Access;
  readonly claimed: Delivered;
}

/** What is known is the token itself, found where it should not be. */
export const leakedTokenIsContained: Scenario = {
  name: 'A token is found in a public place: whose it is, what hangs on it, and all of it dead with receipts',

  async play(world, step) {
    const reach = reachOfTheJob(world);
    await step('the API key of the parcel service is a managed secret', async () =>
      manageSecret(await world.as('platform-engineer'), 'parcels-api-key'),
    );

    const job = await world.as('deploy-bot');
    const claim = async (client: ApiClient, { target, permissions }: Access, more: object = {}) => {
      const { body } = await client.post('/v1/access-requests', {
        target,
        permissions,
        duration: 'PT1H',
        justification: 'Release 42',
        ...more,
      });
      const task = await client.follow(body.task.id, ({ status }) => status !== 'pending');
      expect('task', task.status, 'approved');
      const claimed = await client.post(`/v1/grants/${task.grant.id}/credential`);
      expect('claim', claimed.status, 200);
      return { grant: task.grant.id as string, ...claimed.body };
    };

    const held = await step(
      `a deployment job has access to ${reach.length} targets in one session`,
      async () => {
        const claims: Held[] = [];
        for (const access of reach) claims.push({ access, claimed: await claim(job, access) });
        return claims;
      },
    );
    const [leaked] = held as [Held];
    const token: string = leaked.claimed.access_token;

    const other = await world.as('deploy-bot');
    const part = await step('and another job has a part of its access to the tickets', async () => {
      const access = { ...leaked.access, permissions: ['tickets:read'] };
      return { access, claimed: await claim(other, access, { parent: leaked.claimed.grant }) };
    });
    const all = [...held, part];
    const triedAll = () => Promise.all(all.map(({ access, claimed }) => access.try(claimed)));

    const works = all.map(({ access }) => access.works);
    await step('each credential opens its target', async () => expect('tried', await triedAll(), works));

    const responder = await world.as('responder');
    const order = { scope: { credential: token }, reason: 'Found in a public repository' };
    const everything = [...all.map(({ claimed }) => claimed.grant as string)].sort();
    await step(
      'a responder submits the token of the tickets itself, and sees what would be revoked',
      async () => {
        const { body } = await responder.post('/v1/revocations', { ...order, dry_run: true });
        const preview = await followRevocation(responder, body.revocation.id, ['previewed']);
        const grants = preview.items.filter(({ kind }) => kind === 'grant').map(({ id }) => id);
        expect('grants', grants.sort(), everything);
        expect('counts', preview.counts, { grants: all.length, sessions: 2, secrets: 1 });
        expect('tried', await triedAll(), works);
      },
    );

    const run = await step('then has it contained', async () => {
      const { status, body } = await responder.post('/v1/revocations', order);
      expect('status', status, 202);
      return followRevocation(responder, body.revocation.id, ['contained']);
    });

    await step(
      `contained in ${run.time_to_contain_ms} ms: ${all.length} grants, 2 sessions, 1 secret`,
      async () => expect('counts', run.counts, { grants: all.length, sessions: 2, secrets: 1 }),
    );

    for (const { access, claimed } of all) {
      const item = run.items.find(({ id }) => id === claimed.grant);
      await step(`${access.target}: the job is refused; receipt: ${item?.receipt?.how}`, async () => {
        expect('tried', await access.try(claimed), access.refused);
        expect('receipt', [item?.status, item?.receipt?.answer], ['dead', 'dead']);
      });
    }

    await step(
      'the secret that was checked out is rotated: the parcel service takes its new value',
      async () => {
        const rotated = run.items
          .filter(({ kind }) => kind === 'secret')
          .map(({ id, status }) => [id, status]);
        expect('secrets', rotated, [['parcels-api-key', 'rotated']]);
        const secrets = secretReader(world.sallyport);
        const credential = await secrets.read('parcels-api-key');
        secrets.close();
        expect('new value', await reach.at(-1)?.try({ credential }), 200);
      },
    );

    await step('the sessions of both jobs have ended', async () => {
      const ended = run.items.filter(({ kind }) => kind === 'session').map(({ status }) => status);
      expect('sessions', ended, ['ended', 'ended']);
      const statuses = await Promise.all([job, other].map((one) => one.get('/v1/grants')));
      expect(
        'statuses',
        statuses.map(({ status }) => status),
        [401, 401],
      );
    });

    await step('who relies on Sallyport was told, in signed events under one txn', async () => {
      const told = world.backends.signalReceiver.received.filter(({ txn }) => txn === run.txn);
      expect('events', told.length, run.items.filter(({ kind }) => kind !== 'secret').length);
    });

    await step('the audit chain of the containment verifies, and holds no byte of the token', async () => {
      const { body } = await responder.get(`/v1/audit/${run.id}`);
      expect('verdict', verifyChain(run.id, body.events).verified, true);
      expect('token', JSON.stringify(body.events).includes(token), false);
    });
  },
};

/** A target of each kind that the machine has; the first one's token is the one that leaks. */
function reachOfTheJob({ ticketingUrl, runtime, backends }: EmbeddedWorld): readonly Access[] {
  const { postgres, cluster, codeHost, vendor } = backends;
  const bearer = async (url: string, token: string): Promise<number> =>
    (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status;
  const [artifact, contents] = Object.entries(demoArtifacts)[0] as [string, string];
  return [
    {
      target: 'ticketing-ops',
      permissions: ['tickets:read', 'tickets:comment'],
      works: 200,
      refused: 401,
      try: async ({ access_token }) =>
        (await new ApiClient(ticketingUrl, access_token).get('/projects/OPS/tickets')).status,
    },
    ...(postgres === undefined
      ? []
      : [
          {
            target: 'orders-db',
            permissions: ['orders:read'],
            works: 'accepted',
            refused: '28P01',
            try: ({ credential }: Delivered) => tryLogin(postgres, credential),
          },
        ]),
    {
      target: 'deploy-artifacts',
      permissions: ['artifacts:read'],
      works: contents,
      refused: 'AccessDeniedException',
      try: async ({ credential }) => {
        const answer = await awsSession(runtime.client, credential).read(artifact);
        return answer.replace(/^(AccessDeniedException): .*$/s, '$1');
      },
    },
    {
      target: 'shop-cluster',
      permissions: ['pods:read'],
      works: 200,
      refused: 401,
      try: ({ access_token }) => bearer(`${cluster.url}/api/v1/namespaces/shop/pods`, access_token),
    },
    {
      target: 'shop-repositories',
      permissions: ['contents:read'],
      works: 200,
      refused: 401,
      try: ({ access_token }) => bearer(`${codeHost.url}/repos/acme/shop/contents/README.md`, access_token),
    },
    {
      target: 'parcels-api',
      permissions: ['parcels:ship'],
      works: 200,
      refused: 401,
      try: ({ credential }) => bearer(`${vendor.url}/parcels`, credential.api_key),
    },
  ];
}
