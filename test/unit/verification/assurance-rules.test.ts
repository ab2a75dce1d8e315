import { describe, expect, test } from 'vitest';
import { Channel } from '../../../lambdas/platform/channel.ts';
import { AssuranceRules, assuranceRules } from '../../../lambdas/verification/assurance-rules.ts';
import { EvidenceMethod } from '../../../lambdas/verification/evidence.ts';
import { sessionTokens } from '../../../lambdas/verification/session-token.ts';
import document from '../../../policies/assurance.json' with { type: 'json' };
import { countedIds, dana, HOUR, NOW, sessionOf } from '../../support/access-case.ts';

/** The rules with one of them changed: `undefined` leaves it out. */
function withRule(path: string, value: unknown): unknown {
  const changed = structuredClone(document) as Record<string, unknown>;
  const names = path.split('/');
  const last = names.pop() ?? '';
  const parent = names.reduce((at, name) => at[name] as Record<string, unknown>, changed);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return changed;
}

/** Where the rules are wrong. */
function placesOf(rules: unknown): string[] {
  const { error } = AssuranceRules.safeParse(rules);
  return (error?.issues ?? []).map(({ path }) => path.join('/'));
}

test('the rules hold', () => {
  expect(placesOf(document)).toEqual([]);
});

describe('rules are refused, with the place, where', () => {
  test.for<[string, string, unknown, string?]>([
    ['AAL 3 outlasts 12 hours', 'levels/3/lifetime', 'PT12H1S', 'levels/3'],
    ['AAL 2 outlasts AAL 1', 'levels/1/lifetime', 'PT23H', 'levels'],
    ['AAL 3 outlasts AAL 2', 'levels/2/lifetime', 'PT11H', 'levels'],
    ['a lifetime is none', 'levels/1/lifetime', '30 days'],
    ['a level is missing', 'levels/2', undefined],
    ['there is a fourth level', 'levels/4', document.levels[3], 'levels'],
    ['an access token outlasts AAL 3’s idle time', 'accessToken/lifetime', 'PT15M1S'],
    ['a method is missing', 'methods/push', undefined],
    ['there is a method that nobody records', 'methods/horoscope', document.methods.otp, 'methods'],
    ['a method reaches a fourth level', 'methods/passkey/reaches', 4],
    ['a method names no channel', 'methods/otp/channels', []],
    [
      'a method names a channel that there is not',
      'methods/otp/channels',
      ['pigeon'],
      'methods/otp/channels/0',
    ],
    ['people authenticate as machines', 'methods/oidc/channels', ['machine'], 'methods/oidc/channels/0'],
    ['people log in by being looked at', 'methods/oidc/channels', ['in-person'], 'methods/oidc/channels/0'],
    [
      'machines come to the web',
      'methods/workload-token/channels',
      ['web'],
      'methods/workload-token/channels/0',
    ],
    [
      'people are proofed by telephone',
      'methods/attested-proofing/channels',
      ['voice'],
      'methods/attested-proofing/channels/0',
    ],
    ['a proofing lasts for ever', 'methods/attested-proofing/lifetime', undefined],
    [
      'a proofing gives an authentication level',
      'methods/attested-proofing/reaches',
      1,
      'methods/attested-proofing',
    ],
    ['a method shows two factors', 'factors/inherent', ['pwd'], 'factors'],
    ['a voiceprint is a factor and nothing', 'factors/inherent', ['vbm'], 'factors'],
    ['a code carries more than AAL 1', 'handoffs/byCodeAlone', 2],
    ['AAL 3 goes to another channel', 'handoffs/caps/web/desktop', 3],
    ['AAL 2 goes into a call', 'handoffs/caps/web/voice', 2],
    ['AAL 2 comes out of a call', 'handoffs/caps/voice/web', 2],
    ['anything goes to a machine', 'handoffs/caps/web/machine', 0],
    ['anything comes from a machine', 'handoffs/caps/machine', { web: 0 }, 'handoffs/caps/machine/web'],
    ['a channel hands over to itself', 'handoffs/caps/web/web', 1],
    ['a channel that there is not takes over', 'handoffs/caps/web/pigeon', 1, 'handoffs/caps/web'],
    ['high risk leaves more than elevated risk', 'risk/high', { capsAal: 3 }, 'risk'],
    ['elevated risk leaves more than none', 'risk/low', { capsAal: 1 }, 'risk'],
    ['a signal is answered by nothing', 'risk/answeredByAal', 0],
    ['there is a rule that nobody applies', 'luck', true, ''],
  ])('%s', ([, path, value, place = path]) => {
    expect(placesOf(withRule(path, value))).toContain(place);
  });

  test.for([
    ...Object.keys(document.levels).map((level) => `levels/${level}`),
    ...Object.keys(document.methods).map((method) => `methods/${method}`),
    'accessToken',
    'factors',
    'handoffs',
    'risk',
  ])('%s has no source', (rule) => {
    expect(placesOf(withRule(`${rule}/source`, undefined))).toEqual([`${rule}/source`]);
    expect(placesOf(withRule(`${rule}/source`, 'NIST'))).toEqual([`${rule}/source`]);
  });
});

test('every rule says which section it is from', () => {
  const sources = [
    ...Object.values(document.levels),
    ...Object.values(document.methods),
    document.accessToken,
    document.factors,
    document.handoffs,
    document.risk,
  ].map(({ source }) => source);
  for (const source of sources) expect(source).toMatch(/(NIST SP 800-63[AB]-4|RFC \d{4}) §\d/);
});

test('every method has its channels, and every channel but machines’ has methods of people', () => {
  expect(Object.keys(assuranceRules.methods).sort()).toEqual([...EvidenceMethod.options].sort());
  const used = new Set(
    Object.values(assuranceRules.methods).flatMap(({ channels }): Channel[] => [...channels]),
  );
  expect([...used].sort()).toEqual([...Channel.options].sort());
});

test('nobody is idle for longer than NIST allows at any level: a token of any session is over by then', async () => {
  const issue = sessionTokens({
    signer: { sign: async () => 'token' } as never,
    ids: countedIds(),
    issuer: 'https://sallyport.example',
  });
  const session = { ...sessionOf(dana), expiresAtEpochSeconds: NOW + 24 * HOUR };
  const [presence] = session.presences;
  if (presence === undefined) throw new Error('A session is somewhere');
  const { expiresInSeconds } = await issue(session, presence, NOW);
  expect(expiresInSeconds).toBe(assuranceRules.accessToken.lifetime);
  expect(expiresInSeconds).toBeLessThanOrEqual(15 * 60);
});
