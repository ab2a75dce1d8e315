import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../demo/api-client.ts';
import { passportSeen, visit } from '../../demo/desk.ts';
import { PushDevice } from '../../demo/push-device.ts';
import type { World } from '../../demo/world.ts';
import { enrolmentRightId } from '../../lambdas/verification/enrolment-right.ts';
import { ask, claim, taskOf, verifiedEvents } from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { chainOf, changingNothing, tableItems } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const recovery = {
  target: 'account-recovery',
  permissions: ['accounts:recover'],
  duration: 'PT10M',
  justification: 'A new telephone',
} as const;

let world: World;
let clerk: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  clerk = await world.as('desk-clerk', { channel: 'desktop' });
});
afterAll(() => world.stop());

const attest = (staff: ApiClient, person = 'customer', body: object = passportSeen) =>
  staff.post(`/v1/principals/${person}/proofings`, body);

const attestInVain = (staff: ApiClient, person?: string, body?: object) =>
  changingNothing(world.sallyport, () => attest(staff, person, body));

describe('an attested proofing', () => {
  it('is a session of the person at the desk: IAL2, and no authentication level', async () => {
    const { status, body } = await attest(clerk);
    expect(status).toBe(201);
    const token = decodeJwt(body.access_token);
    expect(token).toMatchObject({ sub: 'customer', channel: 'in-person', act: { sub: 'desk-clerk' } });
    expect(token).not.toHaveProperty('acr');
    const { client, session } = await visit(world, 'customer');
    expect((await client.get(`/v1/sessions/${session}`)).body.session).toMatchObject({
      presences: [{ channel: 'in-person', actors: [{ id: 'desk-clerk' }], assurance: { aal: 0, ial: 2 } }],
      evidence: [{ of: 'customer', method: 'attested-proofing', amr: [], recorded_by: 'desk-clerk' }],
    });
  });

  it('is told by who attested what', async () => {
    const { session } = await visit(world, 'customer');
    expect(await verifiedEvents(world, session)).toEqual(['proofing.attested']);
    expect(await chainOf(world.sallyport, session)).toMatchObject([
      {
        who: { principal: { id: 'desk-clerk' }, assurance: { aal: 2 } },
        details: {
          person: 'customer',
          document: { type: 'passport', issuing_country: 'PT', verified_by: 'chip' },
          faceMatched: true,
        },
      },
    ]);
  });

  it.each([
    ['a document number', { ...passportSeen, document: { ...passportSeen.document, number: 'X1' } }],
    ['an image', { ...passportSeen, image: 'aGVsbG8=' }],
    ['a face that is somebody else’s', { ...passportSeen, face_matched: false }],
    ['no document', { face_matched: true }],
    [
      'a document that is none',
      { ...passportSeen, document: { ...passportSeen.document, type: 'library-card' } },
    ],
  ])('does not take %s', async (_, body) => {
    expectProblem(await attestInVain(clerk, 'customer', body), 400, 'invalid-request');
  });

  it('is not for who is no staff of a desk', async () => {
    for (const persona of ['customer', 'engineer'] as const) {
      const caller = await world.as(persona, { channel: 'desktop' });
      expectProblem(await attestInVain(caller), 403, 'not-desk-staff');
    }
    expectProblem(await attestInVain(await world.as('voice-gateway')), 403, 'not-desk-staff');
  });

  it('is not for staff who are not at the desk', async () => {
    expectProblem(await attestInVain(await world.as('desk-clerk')), 403, 'not-desk-staff');
  });

  it('asks weakly authenticated staff to authenticate anew', async () => {
    const weak = await world.as('desk-clerk', { channel: 'desktop', amr: ['pwd'] });
    const answer = await attestInVain(weak);
    expectProblem(answer, 401, 'insufficient-user-authentication');
    expect(answer.headers.get('www-authenticate')).toContain('acr_values="nist-aal2"');
  });

  it('is not of oneself', async () => {
    expectProblem(await attestInVain(clerk, 'desk-clerk'), 403, 'self-attestation');
  });

  it('is not done by the staff in a session of the person', async () => {
    const { client } = await visit(world, 'customer');
    expectProblem(await attestInVain(client, 'engineer'), 403, 'not-desk-staff');
  });

  it.each(['no-such-person', 'triage-bot', 'voice-gateway'])(
    'is not of %s, who cannot stand there',
    async (id) => {
      expectProblem(await attestInVain(clerk, id), 404, 'not-found');
    },
  );
});

describe('recovering an account', () => {
  it('is permitted to the person who was just proofed, and its credential is delivered', async () => {
    const { client } = await visit(world, 'customer');
    const access = await ask(world, client, recovery);
    expect(await taskOf(access)).toMatchObject({ status: 'approved' });
    expect(await claim(access)).toMatchObject({ status: 200, body: { scope: 'accounts:recover' } });
  });

  it.each([
    ['to the person in the browser, however strongly they are signed in', 'customer', {}],
    ['to the clerk for themself', 'desk-clerk', { channel: 'desktop' }],
    ['to somebody else', 'owner', {}],
  ] as const)('is denied %s, and no step-up or approval would help', async (_, persona, options) => {
    const access = await ask(world, await world.as(persona, options), recovery);
    expect(await taskOf(access)).toMatchObject({ status: 'denied', permissions: [{ outcome: 'denied' }] });
  });
});

describe('the right to enrol that a visit gives', () => {
  const passwordOnly = (persona: 'customer' | 'engineer' = 'customer') => world.as(persona, { amr: ['pwd'] });
  const enrol = (person: ApiClient, code?: string) => PushDevice.enrol(world.sallyport.apiUrl, person, code);

  it('binds one authenticator of the person who was there', async () => {
    const { enrolmentCode } = await visit(world, 'customer');
    await expect(enrol(await passwordOnly())).rejects.toThrow();
    await expect(enrol(await passwordOnly('engineer'), enrolmentCode)).rejects.toThrow();
    expect(await (await enrol(await passwordOnly(), enrolmentCode)).shown()).toBeInstanceOf(Array);
    await expect(enrol(await passwordOnly(), enrolmentCode)).rejects.toThrow();
  });

  it('is used by one of several who come with it at once', async () => {
    const { enrolmentCode } = await visit(world, 'customer');
    const person = await passwordOnly();
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => enrol(person, enrolmentCode)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is kept by the hash of its code', async () => {
    const { enrolmentCode } = await visit(world, 'customer');
    const table = JSON.stringify(await tableItems(world.sallyport));
    expect(table).toContain(enrolmentRightId(enrolmentCode));
    expect(table).not.toContain(enrolmentCode);
  });
});
