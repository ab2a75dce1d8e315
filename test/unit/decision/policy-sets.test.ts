import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import type { PolicySources } from '../../../lambdas/decision/compiled-policies.ts';
import { packed, policyPartType, readContent } from '../../../lambdas/decision/policy-set-content.ts';
import type { Caller } from '../../../lambdas/verification/caller.ts';
import { callerOf, machine, person } from '../../support/access-case.ts';
import { inMemoryLedger } from '../../support/in-memory-ledger.ts';
import { author, filesFor, policyJob, policySets, reviewer } from '../../support/policy-set-case.ts';

const asAuthor = callerOf(author);
const asReviewer = callerOf(reviewer);
const proposal = (files: PolicySources = filesFor('nobody')) => ({ files, justification: 'Less is more' });
const weak = (caller: Caller): Caller => ({ ...caller, assurance: { ...caller.assurance, aal: 1 } });

describe('a proposal', () => {
  test('says what it changes, and changes nothing of what is decided', async () => {
    const sets = policySets();
    const { set, active } = await sets.propose(
      asAuthor,
      proposal({
        ...filesFor('engineering', 'engineers-read'),
        'more.cedar': '@id("nobody") forbid (principal, action, resource) when { context.channel == "fax" };',
      }),
    );
    expect(active).toBe('deployed');
    expect(set).toMatchObject({
      status: 'proposed',
      basedOn: 'deployed',
      policies: 2,
      tests: 0,
      changes: {
        policies: {
          added: { count: 2, first: ['engineers-read', 'nobody'] },
          changed: { count: 0 },
          removed: { count: 1, first: ['readers'] },
        },
        files: {
          added: { count: 1, first: ['more.cedar'] },
          changed: { count: 1, first: ['tickets.cedar'] },
          removed: { count: 0 },
        },
      },
    });
    expect((await sets.list(asAuthor, {})).active).toBe('deployed');
  });

  test.for<[string, Record<string, string>, { path: string; message: unknown }[]]>([
    [
      'of a policy that is not valid',
      { 'tickets.cedar': '\n@id("a") permit (principal, action, resource) when { principal.height > 2 };' },
      [{ path: 'policies/tickets.cedar:2', message: expect.stringContaining('height') }],
    ],
    [
      'that does not pass a test of its own',
      {
        'tickets.test.yaml': `cases:
  - name: engineers read
    request:
      subject: { type: user, id: erin, groups: [engineering] }
      action: { name: tickets:read }
      resource: { type: target, id: ticketing-ops, system: ticketing }
    decision: permitted
    policies: [readers]
`,
      },
      [
        {
          path: 'policies/tickets.test.yaml:2',
          message: expect.stringMatching(/^engineers read: decision should be "permitted" and is "denied"/),
        },
      ],
    ],
  ])('%s is refused with the place of each mistake, and stored nowhere', async ([, files, errors]) => {
    const sets = policySets();
    await expect(sets.propose(asAuthor, proposal({ ...filesFor('nobody'), ...files }))).rejects.toMatchObject(
      { status: 400, extensions: { errors } },
    );
    expect(sets.ledger.entities()).toEqual({});
  });

  test('of what is in force already is refused', async () => {
    const sets = policySets();
    await expect(sets.propose(asAuthor, proposal(filesFor('engineering')))).rejects.toMatchObject({
      status: 409,
    });
  });

  test('of the same files again stores them once', async () => {
    const sets = policySets();
    await sets.propose(asAuthor, proposal());
    const parts = () => Object.keys(sets.ledger.entities()).filter((key) => key.startsWith('POLICY_PART#'));
    const before = parts();
    await sets.propose(asReviewer, proposal());
    expect(parts()).toEqual(before);
  });

  test.for<[string, Caller, number]>([
    ['who is no policy administrator', callerOf(person('eve', 'engineering')), 403],
    ['who is weakly authenticated', weak(asAuthor), 401],
    [
      'a machine that nobody attests',
      { ...callerOf(policyJob), assurance: { ...callerOf(policyJob).assurance, attested: false } },
      403,
    ],
    [
      'an agent of an administrator, which is none itself',
      callerOf(author, [machine('agent', 'bot', 'author')]),
      403,
    ],
  ])('is not for %s', async ([, caller, status]) => {
    const sets = policySets();
    await expect(sets.propose(caller, proposal())).rejects.toMatchObject({ status });
    expect(sets.ledger.commits).toBe(0);
  });
});

describe('an activation', () => {
  test('is by another person than the one who proposed it, and told in its chain', async () => {
    const sets = policySets();
    const { set } = await sets.propose(asAuthor, proposal());
    const answer = await sets.activate(asReviewer, set.id);
    expect(answer).toMatchObject({ active: set.id, set: { status: 'active', activatedBy: 'reviewer' } });
    const events = sets.ledger.chain(set.id);
    expect(events.map(({ type, who }) => [type, 'principal' in who && who.principal.id])).toEqual([
      ['policy-set.proposed', 'author'],
      ['policy-set.activated', 'reviewer'],
    ]);
    expect(verifyChain(set.id, events)).toEqual({ verified: true, events: 2 });
  });

  test('done again by the same person changes nothing', async () => {
    const sets = policySets();
    const id = await sets.switchTo(filesFor('nobody'));
    const before = sets.ledger.commits;
    expect((await sets.activate(asReviewer, id)).active).toBe(id);
    expect(sets.ledger.commits).toBe(before);
  });

  test.for<[string, Caller, Caller, number]>([
    ['who proposed it', asAuthor, asAuthor, 403],
    ['the owner of the machine that proposed it', callerOf(policyJob), asReviewer, 403],
    ['who is no policy administrator', asAuthor, callerOf(person('eve', 'engineering')), 403],
    ['who is weakly authenticated', asAuthor, weak(asReviewer), 401],
    ['a machine', asAuthor, callerOf(policyJob), 403],
    [
      'who acts through an agent',
      asAuthor,
      callerOf(reviewer, [machine('agent', 'bot', 'reviewer', 'policy-administrators')]),
      403,
    ],
  ])('is not for %s', async ([, proposer, caller, status]) => {
    const sets = policySets();
    const { set } = await sets.propose(proposer, proposal());
    const before = sets.ledger.commits;
    await expect(sets.activate(caller, set.id)).rejects.toMatchObject({ status });
    expect(sets.ledger.commits).toBe(before);
  });

  test('of a proposal about a set that is in force no more is refused', async () => {
    const sets = policySets();
    const { set } = await sets.propose(asAuthor, proposal(filesFor('somebody')));
    await sets.switchTo(filesFor('nobody'));
    await expect(sets.activate(asReviewer, set.id)).rejects.toMatchObject({
      status: 409,
      type: 'urn:sallyport:problem:policy-set-outdated',
    });
  });

  test('of a proposal about deployed policies that a deployment has changed since is refused', async () => {
    const sets = policySets();
    const { set } = await sets.propose(asAuthor, proposal(filesFor('somebody')));
    await expect(
      sets.afterDeploymentOf(filesFor('operations')).activate(asReviewer, set.id),
    ).rejects.toMatchObject({ status: 409, type: 'urn:sallyport:problem:policy-set-outdated' });
    expect((await sets.activate(asReviewer, set.id)).active).toBe(set.id);
  });

  test('of two proposals at once puts one in force', async () => {
    const sets = policySets();
    const ids = await Promise.all(
      ['a', 'b'].map(async (group) => (await sets.propose(asAuthor, proposal(filesFor(group)))).set.id),
    );
    const outcomes = await Promise.allSettled(ids.map((id) => sets.activate(asReviewer, id)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const { sets: all, active } = await sets.list(asAuthor, {});
    expect(all.filter(({ status }) => status === 'active').map(({ id }) => id)).toEqual([active]);
  });

  test('of a set that there is not is 404', async () => {
    await expect(policySets().activate(asReviewer, 'none')).rejects.toMatchObject({ status: 404 });
  });
});

describe('a rollback', () => {
  const reason = 'Nobody can work';

  test('goes back set by set, down to the one that was deployed', async () => {
    const sets = policySets();
    const first = await sets.switchTo(filesFor('a'));
    const second = await sets.switchTo(filesFor('b'));
    expect((await sets.rollBack(asAuthor, { policy_set: second, reason })).active).toBe(first);
    expect((await sets.rollBack(asAuthor, { policy_set: first, reason })).active).toBe('deployed');
    await expect(sets.rollBack(asAuthor, { policy_set: 'deployed', reason })).rejects.toMatchObject({
      status: 409,
    });
    const { sets: all } = await sets.list(asAuthor, {});
    expect(Object.fromEntries(all.map(({ id, status }) => [id, status]))).toEqual({
      [first]: 'rolled_back',
      [second]: 'rolled_back',
    });
    expect(sets.ledger.chain(second).at(-1)).toMatchObject({
      type: 'policy-set.rolled-back',
      details: { restores: first, reason },
    });
  });

  test('called twice leaves one set', async () => {
    const sets = policySets();
    const first = await sets.switchTo(filesFor('a'));
    const second = await sets.switchTo(filesFor('b'));
    await sets.rollBack(asAuthor, { policy_set: second, reason });
    expect((await sets.rollBack(asAuthor, { policy_set: second, reason })).active).toBe(first);
  });

  test.for<[string, Caller, number]>([
    ['who is no policy administrator', callerOf(person('eve', 'engineering')), 403],
    ['who is weakly authenticated', weak(asReviewer), 401],
    ['a machine', callerOf(policyJob), 403],
  ])('is not for %s', async ([, caller, status]) => {
    const sets = policySets();
    const id = await sets.switchTo(filesFor('a'));
    await expect(sets.rollBack(caller, { policy_set: id, reason })).rejects.toMatchObject({ status });
  });

  test('of a set that is not in force is refused', async () => {
    const sets = policySets();
    const { set } = await sets.propose(asAuthor, proposal());
    await expect(sets.rollBack(asReviewer, { policy_set: set.id, reason })).rejects.toMatchObject({
      status: 409,
    });
  });
});

test('whatever is proposed, activated and rolled back by whom and in whatever order, one set is in force', async () => {
  const someone = fc.constantFrom(asAuthor, asReviewer);
  const acts = fc.oneof(
    fc.record({ act: fc.constant('propose' as const), who: someone, which: fc.nat(3) }),
    fc.record({ act: fc.constant('activate' as const), who: someone, which: fc.nat(5) }),
    fc.record({ act: fc.constant('rollBack' as const), who: someone, which: fc.nat(5) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { maxLength: 12 }), async (all) => {
      const sets = policySets();
      const ids: string[] = [];
      for (const { act, who, which } of all) {
        const id = ids[which % Math.max(1, ids.length)] ?? 'none';
        await {
          propose: async () => {
            ids.push((await sets.propose(who, proposal(filesFor(`group-${which}`)))).set.id);
          },
          activate: () => sets.activate(who, id),
          rollBack: () => sets.rollBack(who, { policy_set: id, reason: 'A test' }),
        }
          [act]()
          .catch((error: { status?: number }) => {
            if (![403, 404, 409].includes(error.status ?? 0)) throw error;
          });
      }
      const { sets: known, active } = await sets.list(asAuthor, { limit: '100' });
      expect(known.filter(({ status }) => status === 'active').map(({ id }) => id)).toEqual(
        active === 'deployed' ? [] : [active],
      );
      for (const { activatedBy, excluded } of known) expect(excluded).not.toContain(activatedBy);
      expect((await sets.function().policies.current()).policySet).toBe(active);
    }),
    { numRuns: 25 },
  );
});

describe('the files of a set', () => {
  test('are what was proposed, what was deployed, or what is in force', async () => {
    const sets = policySets();
    const id = await sets.switchTo(filesFor('nobody'));
    expect(await sets.readFiles(asAuthor, id)).toEqual({ set: id, files: filesFor('nobody') });
    expect(await sets.readFiles(asAuthor, 'active')).toEqual({ set: id, files: filesFor('nobody') });
    expect(await sets.readFiles(asAuthor, 'deployed')).toEqual({
      set: 'deployed',
      files: filesFor('engineering'),
    });
  });

  test('are for administrators and auditors', async () => {
    const sets = policySets();
    await expect(sets.readFiles(callerOf(person('ada', 'auditors')), 'deployed')).resolves.toBeDefined();
    await expect(sets.readFiles(callerOf(person('eve', 'engineering')), 'deployed')).rejects.toMatchObject({
      status: 403,
    });
  });

  test('come out of their parts as they went in, however many these are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.string({ unit: 'binary' })), async (document) => {
        const ledger = inMemoryLedger();
        const { reference, parts } = packed(document);
        for (const part of parts) ledger.seed(policyPartType, part);
        expect(await readContent(ledger, reference)).toEqual(JSON.parse(JSON.stringify(document)));
      }),
      { numRuns: 20 },
    );
  });

  test('of megabytes fit into items, each below what one may hold', async () => {
    const ledger = inMemoryLedger();
    // Hexadecimal digits at random: compressed they are half as long.
    const digits = fc.sample(
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 5000, maxLength: 5000 }),
      { numRuns: 200, seed: 1 },
    );
    const { reference, parts } = packed({ digits });
    for (const part of parts) ledger.seed(policyPartType, part);
    expect(parts.length).toBeGreaterThan(1);
    expect(Math.max(...parts.map((part) => JSON.stringify(part).length))).toBeLessThan(400_000);
    expect(await readContent(ledger, reference)).toEqual({ digits });
  });
});
