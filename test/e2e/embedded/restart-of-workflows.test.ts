import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiClient } from '../../../demo/api-client.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import {
  type AccessCase,
  caseOf,
  claimToken,
  deleteRequest,
  giveBack,
  grantOf,
  readRequest,
  taskOf,
} from '../../support/access-path.ts';
import { type DoomedSallyport, startDoomed } from '../../support/doomed-sallyport.ts';
import {
  type IsolatedSallyport,
  type ServedIssuer,
  startSelfMadeIssuer,
  startTrusting,
  writeAssemblyTrusting,
} from '../../support/self-made-issuer.ts';
import { chainOf, executionStatusOf } from '../../support/system-state.ts';

const DAY = 86_400_000;

let issuer: ServedIssuer;
let directory: string;
let sallyport: IsolatedSallyport;
/** Acknowledged by a process that was killed in the midst of them. */
let interrupted: { reads: AccessCase[]; deletions: AccessCase[] };
/** At rest when it was killed: one waited for two approvals, two grants were held. */
let awaiting: AccessCase;
let held: AccessCase;
let expiring: AccessCase;
let credential: string;
let doomed: DoomedSallyport;

async function signIn(apiUrl: string, sub: string): Promise<ApiClient> {
  const { body } = await new ApiClient(apiUrl).postForm('/oauth2/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await issuer.sign({
      sub,
      aud: 'sallyport-web',
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: Math.floor(Date.now() / 1000),
    }),
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  });
  return new ApiClient(apiUrl, body.access_token);
}

const as = (sub: string) => signIn(sallyport.runtime.apiUrl, sub);

async function ask(requester: ApiClient, request: object): Promise<AccessCase> {
  const { status, body } = await requester.post('/v1/access-requests', request);
  expect(status).toBe(202);
  return caseOf(requester, body.task.id);
}

async function decide(approver: string, { approvalId }: AccessCase): Promise<void> {
  const decision = { decision: 'approve' };
  const answer = await (await as(approver)).post(`/v1/approvals/${approvalId}/decision`, decision);
  expect(answer).toMatchObject({ status: 200 });
  await sallyport.runtime.settled();
}

/** What the case's chain tells, once it has been verified. */
async function storyOf({ requestId }: AccessCase): Promise<string[]> {
  const events = await chainOf(sallyport.runtime, requestId);
  expect(verifyChain(requestId, events)).toMatchObject({ verified: true });
  return events.map(({ type }) => type);
}

beforeAll(async () => {
  issuer = await startSelfMadeIssuer();
  directory = mkdtempSync(join(tmpdir(), 'sallyport-restart-'));
  const [dataDirectory, assemblyDirectory] = [join(directory, 'data'), join(directory, 'assembly')];
  mkdirSync(assemblyDirectory);
  await writeAssemblyTrusting(issuer, assemblyDirectory);

  doomed = startDoomed({ assemblyDirectory, dataDirectory });
  const { apiUrl } = await doomed.ready;
  const engineer = await signIn(apiUrl, 'engineer');
  [awaiting, held, expiring] = await Promise.all([
    ask(engineer, deleteRequest),
    ask(engineer, readRequest),
    ask(engineer, readRequest),
  ]);
  await vi.waitFor(async () => {
    for (const access of [held, expiring]) expect(await grantOf(access)).toMatchObject({ status: 'active' });
    expect(await taskOf(awaiting)).toMatchObject({ status: 'pending' });
    const approval = await engineer.get(`/v1/approvals/${awaiting.approvalId}`);
    expect(approval).toMatchObject({ status: 200 });
  }, 5000);
  credential = await claimToken(expiring);
  const [reads, deletions] = [readRequest, deleteRequest].map((request) =>
    Promise.all([1, 2, 3].map(() => ask(engineer, request))),
  );
  interrupted = { reads: (await reads) ?? [], deletions: (await deletions) ?? [] };
  await doomed.kill();

  const apiPort = Number(new URL(apiUrl).port);
  sallyport = await startTrusting(issuer, { dataDirectory, apiPort });
  await sallyport.runtime.settled();
  await decide('owner', awaiting);
  await sallyport.stop();
  sallyport = await startTrusting(issuer, { dataDirectory, apiPort });
  await sallyport.runtime.settled();
});
afterAll(async () => {
  await doomed.kill();
  await sallyport?.stop();
  await issuer.stop();
  rmSync(directory, { recursive: true, force: true });
});

const once = (story: string[]) => expect(story).toEqual([...new Set(story)]);

describe('after the runtime was killed at work, and then stopped', () => {
  it('every request that was acknowledged has gone as far as it can', async () => {
    const engineer = await as('engineer');
    for (const access of interrupted.reads)
      expect(await grantOf({ ...access, requester: engineer })).toMatchObject({ status: 'active' });
    for (const access of interrupted.deletions)
      expect(await taskOf({ ...access, requester: engineer })).toMatchObject({ status: 'pending' });
    for (const access of [...interrupted.reads, ...interrupted.deletions]) {
      expect(await executionStatusOf(sallyport.runtime, access.requestId)).toBe('RUNNING');
      once(await storyOf(access));
    }
  });

  it('an approval is completed by its second vote', async () => {
    await decide('second-owner', awaiting);
    expect(await grantOf({ ...awaiting, requester: await as('engineer') })).toMatchObject({
      status: 'active',
      approvers: ['owner', 'second-owner'],
    });
  });

  it('a grant that is given back ends', async () => {
    const access = { ...held, requester: await as('engineer') };
    expect(await giveBack(access)).toMatchObject({ status: 202 });
    await sallyport.runtime.settled();
    expect(await grantOf(access)).toMatchObject({ status: 'ended', reason: 'returned' });
  });

  it('all others end in their time, each transition with one event', async () => {
    for (let day = 0; day < 3; day += 1) {
      sallyport.clock.leap(DAY);
      await sallyport.runtime.settled();
    }
    const engineer = await as('engineer');
    expect(await grantOf({ ...expiring, requester: engineer })).toMatchObject({
      status: 'ended',
      reason: 'expired',
    });
    const introspection = await engineer.postForm('/oauth2/introspect', { token: credential });
    expect(introspection.body).toEqual({ active: false });
    for (const access of [held, expiring, ...interrupted.reads, ...interrupted.deletions])
      once(await storyOf(access));
    const votes = (await storyOf(awaiting)).filter((type) => type === 'approval.decided');
    expect(votes).toHaveLength(2);
    for (const { requestId } of [awaiting, held, expiring, ...interrupted.reads, ...interrupted.deletions])
      expect(await executionStatusOf(sallyport.runtime, requestId)).toBe('SUCCEEDED');
  });
});
