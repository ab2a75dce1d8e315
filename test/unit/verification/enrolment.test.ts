import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { demoMaker, keyFrom, SoftwareAuthenticator } from '../../../demo/software-authenticator.ts';
import {
  type Authenticator,
  authenticatorsOf,
  type DevicePublicKey,
  MOST_AUTHENTICATORS,
} from '../../../lambdas/verification/authenticator.ts';
import type { Caller } from '../../../lambdas/verification/caller.ts';
import { ENROLMENT_SECONDS } from '../../../lambdas/verification/enrolment.ts';
import { enrolmentRightId, enrolmentRightType } from '../../../lambdas/verification/enrolment-right.ts';
import { revokeAuthenticator } from '../../../lambdas/verification/revoke-authenticator.step.ts';
import { callerOf, dana, deployBot, NOW, olga, triageBot } from '../../support/access-case.ts';
import { appOf, authenticatorCase, creationOptions, ORIGIN } from '../../support/authenticator-case.ts';

const caller = callerOf(dana);

function showing(assurance: Partial<Caller['assurance']>, of = caller): Caller {
  return { ...of, assurance: { ...of.assurance, ...assurance } };
}

const otherCertificate = `-----BEGIN CERTIFICATE-----
MIICCDCCAa+gAwIBAgIBATAKBggqhkjOPQQDAjBjMQswCQYDVQQGEwJTRTEXMBUG
A1UECgwOS2V5cyBvZiBub2JvZHkxIjAgBgNVBAsMGUF1dGhlbnRpY2F0b3IgQXR0
ZXN0YXRpb24xFzAVBgNVBAMMDktleXMgb2Ygbm9ib2R5MCAXDTI0MDEwMTAwMDAw
MFoYDzIwOTkxMjMxMjM1OTU5WjBjMQswCQYDVQQGEwJTRTEXMBUGA1UECgwOS2V5
cyBvZiBub2JvZHkxIjAgBgNVBAsMGUF1dGhlbnRpY2F0b3IgQXR0ZXN0YXRpb24x
FzAVBgNVBAMMDktleXMgb2Ygbm9ib2R5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAEb/C2la/RLEsbkzUe0GjEMkD0hwJW8djHFbuz9ASHAP9diNgL4UQ4+1xiIs8m
yjCNJczQEQDTqGXUzkEiITZnf6NSMFAwDAYDVR0TAQH/BAIwADAhBgsrBgEEAYLl
HAEBBAQSBBB8Cm8eK01MWaPhjV9gucKkMB0GA1UdDgQWBBTk57yXj1zZv3KjDt9D
8LRiokXNxjAKBggqhkjOPQQDAgNHADBEAiAXjfDNAjK0I0qXHt4Fq+0ONyUD2uEg
bmkKIMqmDKIQUwIgOI5OpBoMCiADLDTfY6JQ/BVcWO/r1CXOcbalWajTB+4=
-----END CERTIFICATE-----`;
const otherMaker = {
  ...demoMaker,
  certificate: otherCertificate,
  key: keyFrom('A maker that nobody trusts'),
};

function passkeyWish(right?: string) {
  return { type: 'passkey' as const, name: 'Key', right };
}

describe('what a passkey is known as', () => {
  test('synced, where its key may leave the device that made it', async () => {
    const { enrolPasskey } = authenticatorCase();
    const { authenticator } = await enrolPasskey({ synced: true });
    expect(authenticator).toMatchObject({ backupEligible: true, backedUp: true, attested: false });
  });

  test('bound to a device by its own word only, where nobody attests it', async () => {
    const { enrolPasskey } = authenticatorCase();
    const { authenticator } = await enrolPasskey();
    expect(authenticator).toMatchObject({ backupEligible: false, attested: false });
  });

  test('attested, where the maker of a trusted model says so', async () => {
    const { enrolPasskey } = authenticatorCase();
    const { authenticator } = await enrolPasskey({ maker: demoMaker });
    expect(authenticator).toMatchObject({ backupEligible: false, attested: true });
  });

  test('not attested by a maker who is not trusted, though the model be named', async () => {
    const { enrolPasskey } = authenticatorCase();
    const { authenticator } = await enrolPasskey({ maker: otherMaker });
    expect(authenticator).toMatchObject({ attested: false });
  });

  test('nothing, where its maker attests another model than it says to be', async () => {
    const { enrolPasskey } = authenticatorCase();
    const maker = { ...demoMaker, aaguid: Buffer.alloc(16, 7) };
    await expect(enrolPasskey({ maker })).rejects.toMatchObject({ status: 400 });
  });

  test('nothing, where the statement is not signed by the key of its certificate', async () => {
    const { enrolPasskey, ledger } = authenticatorCase();
    const maker = { ...demoMaker, key: keyFrom('somebody else') };
    await expect(enrolPasskey({ maker })).rejects.toMatchObject({ status: 400 });
    expect(await authenticatorsOf(ledger, 'dana')).toEqual([]);
  });
});

describe('a passkey is not enrolled', () => {
  test.for<[string, Parameters<SoftwareAuthenticator['create']>[1]]>([
    ['for another challenge', { challenge: Buffer.from('another').toString('base64url') }],
    ['at another origin', { origin: 'https://login.example.org' }],
    ['at a subdomain that is not named', { origin: 'https://evil.example.com' }],
    ['for another relying party', { rpId: 'example.org' }],
    ['without its user present', { isUserPresent: false }],
    ['without its user verified', { isUserVerified: false }],
    ['backed up though it cannot be', { isBackedUp: true }],
  ])('%s', async ([, instead]) => {
    const { begin, confirm, ledger } = authenticatorCase();
    const { enrolment, offer } = await begin(caller, passkeyWish());
    const device = new SoftwareAuthenticator({ origin: ORIGIN });
    const enrolling = confirm(caller, enrolment.id, {
      type: 'passkey',
      credential: device.create(creationOptions(offer), instead),
    });
    await expect(enrolling).rejects.toMatchObject({ status: 400 });
    expect(await authenticatorsOf(ledger, 'dana')).toEqual([]);
  });

  test('with an assertion in place of a registration', async () => {
    const { begin, confirm } = authenticatorCase();
    const { enrolment, offer } = await begin(caller, passkeyWish());
    const device = new SoftwareAuthenticator({ origin: ORIGIN });
    const { challenge, rp } = creationOptions(offer);
    const { response, ...credential } = device.get({ challenge, rpId: rp.id });
    const { clientDataJSON } = response;
    const { attestationObject } = device.create(creationOptions(offer)).response;
    const enrolling = confirm(caller, enrolment.id, {
      type: 'passkey',
      credential: { ...credential, response: { clientDataJSON, attestationObject } },
    });
    await expect(enrolling).rejects.toMatchObject({ status: 400 });
  });

  test('twice by one registration', async () => {
    const { begin, confirm } = authenticatorCase();
    const { enrolment, offer } = await begin(caller, passkeyWish());
    const credential = new SoftwareAuthenticator({ origin: ORIGIN }).create(creationOptions(offer));
    await confirm(caller, enrolment.id, { type: 'passkey', credential });
    await expect(confirm(caller, enrolment.id, { type: 'passkey', credential })).rejects.toMatchObject({
      status: 400,
    });
  });

  test('once more as another, by who makes no new credential', async () => {
    const { begin, confirm, enrolPasskey, ledger } = authenticatorCase();
    const { device } = await enrolPasskey();
    const { enrolment, offer } = await begin(caller, passkeyWish());
    const credential = device.create(creationOptions(offer));
    await expect(confirm(caller, enrolment.id, { type: 'passkey', credential })).rejects.toMatchObject({
      status: 400,
    });
    expect(await authenticatorsOf(ledger, 'dana')).toHaveLength(1);
  });

  test('beyond as many as are listed, though many were begun before', async () => {
    const { begin, confirm, enrolPasskey } = authenticatorCase();
    const { enrolment, offer } = await begin(caller, passkeyWish());
    for (let enrolled = 0; enrolled < MOST_AUTHENTICATORS; enrolled += 1) await enrolPasskey();
    const credential = new SoftwareAuthenticator({ origin: ORIGIN }).create(creationOptions(offer));
    await expect(confirm(caller, enrolment.id, { type: 'passkey', credential })).rejects.toMatchObject({
      status: 409,
    });
  });

  test('once its time is over', async () => {
    const { begin, confirm, clock } = authenticatorCase();
    const { enrolment, offer } = await begin(caller, passkeyWish());
    const credential = new SoftwareAuthenticator({ origin: ORIGIN }).create(creationOptions(offer));
    clock.atEpochSeconds += ENROLMENT_SECONDS;
    await expect(confirm(caller, enrolment.id, { type: 'passkey', credential })).rejects.toMatchObject({
      status: 400,
    });
  });

  test.for<[string, Caller]>([
    ['another person', callerOf(olga)],
    ['another session of the same person', { ...caller, session: 'session-2' }],
    ['an agent in the same session', { ...caller, actors: [triageBot] }],
  ])('by %s, who does not learn that it was begun', async ([, other]) => {
    const { begin, confirm } = authenticatorCase();
    const { enrolment, offer } = await begin(caller, passkeyWish());
    const credential = new SoftwareAuthenticator({ origin: ORIGIN }).create(creationOptions(offer));
    const refused = { status: 404, detail: 'There is no such enrolment, or you may not see it.' };
    await expect(confirm(other, enrolment.id, { type: 'passkey', credential })).rejects.toMatchObject(
      refused,
    );
    await expect(confirm(other, 'unknown', { type: 'passkey', credential })).rejects.toMatchObject(refused);
  });
});

describe('who may enrol', () => {
  test.for<[string, Partial<Caller['assurance']>]>([
    ['AAL1', { aal: 1 }],
    ['nothing', { aal: 0, authTimeEpochSeconds: undefined }],
    ['AAL2 of more than a quarter of an hour ago', { aal: 2, authTimeEpochSeconds: NOW - 901 }],
  ])('not who has shown %s', async ([, assurance]) => {
    const { begin, ledger } = authenticatorCase();
    await expect(begin(showing(assurance), passkeyWish())).rejects.toMatchObject({
      status: 401,
      extensions: { acr_values: 'nist-aal2', max_age: 900 },
    });
    expect(ledger.commits).toBe(0);
  });

  test('who has shown AAL2 a quarter of an hour ago', async () => {
    const { begin } = authenticatorCase();
    const fresh = showing({ aal: 2, authTimeEpochSeconds: NOW - 900 });
    expect((await begin(fresh, passkeyWish())).enrolment.status).toBe('open');
  });

  test('who has hardware for AAL3 shows it before another passkey, not before codes', async () => {
    const { begin, enrolPasskey } = authenticatorCase();
    await enrolPasskey({ maker: demoMaker });
    await expect(begin(caller, passkeyWish())).rejects.toMatchObject({
      extensions: { acr_values: 'nist-aal3' },
    });
    expect((await begin(showing({ aal: 3 }), passkeyWish())).enrolment.status).toBe('open');
    expect((await begin(caller, { type: 'totp', name: 'App' })).enrolment.status).toBe('open');
  });

  test.for<[string, Caller]>([
    ['a machine', showing({ aal: 2, authTimeEpochSeconds: NOW }, callerOf(deployBot))],
    ['an agent for its person', showing({ aal: 2 }, callerOf(dana, [triageBot]))],
  ])('not %s', async ([, other]) => {
    const { begin } = authenticatorCase();
    await expect(begin(other, passkeyWish())).rejects.toMatchObject({ status: 403 });
  });

  test('not who has as many as are listed', async () => {
    const { begin, enrolPasskey } = authenticatorCase();
    for (let enrolled = 0; enrolled < MOST_AUTHENTICATORS; enrolled += 1) await enrolPasskey();
    await expect(begin(caller, passkeyWish())).rejects.toMatchObject({ status: 409 });
  });
});

describe('a right that staff gave', () => {
  const weak = showing({ aal: 1 });
  function withRight(expiresAtEpochSeconds = NOW + 60) {
    const one = authenticatorCase();
    one.ledger.seed(enrolmentRightType, {
      id: enrolmentRightId('code-1'),
      principal: { kind: 'user', id: 'dana' },
      session: 'session-dana',
      txn: 'txn-1',
      status: 'open',
      createdAtEpochSeconds: NOW,
      expiresAtEpochSeconds,
    });
    return one;
  }

  test('lets who has shown little enrol once', async () => {
    const { begin } = withRight();
    const { enrolment } = await begin(weak, passkeyWish('code-1'));
    expect(enrolment.enrolledBy).toMatchObject({ aal: 1, right: enrolmentRightId('code-1') });
    await expect(begin(weak, passkeyWish('code-1'))).rejects.toMatchObject({ status: 403 });
  });

  test('lets one of two who come at once enrol', async () => {
    const { begin } = withRight();
    const both = await Promise.allSettled([
      begin(weak, passkeyWish('code-1')),
      begin(weak, passkeyWish('code-1')),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('is not used up by who enrols without it', async () => {
    const { begin } = withRight();
    await begin(caller, passkeyWish());
    expect((await begin(weak, passkeyWish('code-1'))).enrolment.status).toBe('open');
  });

  test.for<[string, Caller, string, number]>([
    ['another person’s', showing({ aal: 1 }, callerOf(olga)), 'code-1', NOW + 60],
    ['a guess', weak, 'code-2', NOW + 60],
    ['over', weak, 'code-1', NOW],
  ])('is nothing where it is %s', async ([, who, code, expires]) => {
    const { begin, ledger } = withRight(expires);
    await expect(begin(who, passkeyWish(code))).rejects.toMatchObject({
      status: 403,
      type: 'urn:sallyport:problem:no-right-to-enrol',
    });
    expect(ledger.commits).toBe(0);
  });
});

describe('codes', () => {
  test('are enrolled by one of them', async () => {
    const { enrolCodes } = authenticatorCase();
    expect((await enrolCodes()).authenticator).toMatchObject({ kind: 'totp', status: 'active' });
  });

  test('are not by a wrong one, and may be tried again', async () => {
    const { begin, confirm, clock } = authenticatorCase();
    const { enrolment, offer } = await begin(caller, { type: 'totp', name: 'App' });
    const code = appOf(offer).generate({ timestamp: clock.nowEpochMilliseconds() });
    const wrong = code === '000000' ? '000001' : '000000';
    await expect(confirm(caller, enrolment.id, { type: 'totp', code: wrong })).rejects.toMatchObject({
      status: 400,
    });
    expect((await confirm(caller, enrolment.id, { type: 'totp', code })).status).toBe('active');
  });

  test('take the place of those before', async () => {
    const { enrolCodes, ledger } = authenticatorCase();
    const first = await enrolCodes();
    const second = await enrolCodes();
    expect(second.authenticator.id).not.toBe(first.authenticator.id);
    expect((await authenticatorsOf(ledger, 'dana')).map(({ id }) => id)).toEqual([second.authenticator.id]);
    expect(ledger.entities()[`AUTHENTICATOR#${first.authenticator.id}`]).toMatchObject({ status: 'revoked' });
  });

  test('leave no trace of their secret', async () => {
    const { begin, ledger } = authenticatorCase();
    const { offer } = await begin(caller, { type: 'totp', name: 'App' });
    const { secret } = appOf(offer);
    const kept = JSON.stringify([ledger.entities(), ledger.chain(caller.session)]);
    for (const written of [secret.base32, secret.hex, Buffer.from(secret.buffer).toString('base64')])
      expect(kept).not.toContain(written);
  });
});

describe('a device', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' });
  const key: DevicePublicKey = { kty: 'EC', crv: 'P-256', x: String(x), y: String(y) };
  const signed = (text: string, privateKey = pair.privateKey) =>
    sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  const wish = { type: 'push-device' as const, name: 'Phone', public_key: key };

  test('is enrolled by who holds its key', async () => {
    const { begin, confirm } = authenticatorCase();
    const { enrolment, offer } = await begin(caller, wish);
    const { challenge } = offer as { challenge: string };
    const device: Authenticator = await confirm(caller, enrolment.id, {
      type: 'push-device',
      signature: signed(challenge),
    });
    expect(device).toMatchObject({ kind: 'push-device', publicKey: key, status: 'active' });
  });

  test.for<[string, (challenge: string) => string]>([
    ['another key', (challenge) => signed(challenge, keyFrom('another'))],
    ['a signature of something else', () => signed('something else')],
    ['no signature', () => 'AAAA'],
  ])('is not by %s', async ([, signatureOf]) => {
    const { begin, confirm } = authenticatorCase();
    const { enrolment } = await begin(caller, wish);
    const signature = signatureOf(enrolment.id);
    await expect(confirm(caller, enrolment.id, { type: 'push-device', signature })).rejects.toMatchObject({
      status: 400,
    });
  });

  test('is not where its point is none of the curve', async () => {
    const { begin, confirm } = authenticatorCase();
    const { enrolment } = await begin(caller, { ...wish, public_key: { ...key, y: key.x } });
    await expect(
      confirm(caller, enrolment.id, { type: 'push-device', signature: signed(enrolment.id) }),
    ).rejects.toMatchObject({ status: 400 });
  });

  test('is not by what another kind of authenticator shows', async () => {
    const { begin, confirm } = authenticatorCase();
    const { enrolment } = await begin(caller, wish);
    await expect(confirm(caller, enrolment.id, { type: 'totp', code: '000000' })).rejects.toMatchObject({
      status: 400,
    });
  });
});

describe('an authenticator is given up', () => {
  test('by its owner, whatever they have shown, once', async () => {
    const { enrolPasskey, ledger, clock } = authenticatorCase();
    const { authenticator } = await enrolPasskey();
    const revoke = revokeAuthenticator({ ledger, clock });
    expect(await revoke(showing({ aal: 1 }), authenticator.id)).toMatchObject({ status: 'revoked' });
    const { commits } = ledger;
    expect(await revoke(caller, authenticator.id)).toMatchObject({ status: 'revoked' });
    expect(ledger.commits).toBe(commits);
    expect(await authenticatorsOf(ledger, 'dana')).toEqual([]);
  });

  test.for<[string, Caller]>([
    ['another person', callerOf(olga)],
    ['an agent for its owner', callerOf(dana, [triageBot])],
  ])('not by %s, to whom it is unknown', async ([, other]) => {
    const { enrolPasskey, ledger, clock } = authenticatorCase();
    const { authenticator } = await enrolPasskey();
    const revoke = revokeAuthenticator({ ledger, clock });
    await expect(revoke(other, authenticator.id)).rejects.toMatchObject({ status: 404 });
    expect(await authenticatorsOf(ledger, 'dana')).toHaveLength(1);
  });
});
