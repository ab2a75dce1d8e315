import type { Proven } from '../../lambdas/verification/assurance.ts';
import type { Evidence, EvidenceMethod } from '../../lambdas/verification/evidence.ts';
import type { Passage } from '../../lambdas/verification/reach.ts';
import { HOUR, NOW } from './access-case.ts';

export const DAY = 24 * HOUR;

/** What each method proves at its best. */
const bestOf: Record<EvidenceMethod, Pick<Evidence, 'amr' | 'phishingResistant'>> = {
  oidc: { amr: ['hwk', 'pin'], phishingResistant: true },
  passkey: { amr: ['hwk', 'fpt'], phishingResistant: true },
  otp: { amr: ['otp'], phishingResistant: false },
  push: { amr: ['swk', 'pin'], phishingResistant: false },
  'attested-proofing': { amr: [], phishingResistant: false },
  'workload-token': { amr: [], phishingResistant: false },
  'aws-caller': { amr: [], phishingResistant: false },
};

/** Evidence of Dana, on the web and just now where nothing else is said. */
export function evidence(over: Partial<Evidence> = {}): Evidence {
  const method = over.method ?? 'oidc';
  return {
    id: 'evidence-1',
    of: 'dana',
    channel: 'web',
    method,
    issuer: 'https://issuer.example',
    ...bestOf[method],
    observedAtEpochSeconds: NOW,
    expiresAtEpochSeconds: NOW + 400 * DAY,
    ...over,
  };
}

export function opened(channel: Passage['channel'], ...actors: string[]): Passage {
  return { channel, actors: actors.map((id) => ({ id })) };
}

export function handedOver(
  from: Passage['channel'],
  to: Passage['channel'],
  over: { boundBy?: 'code' | 'key' | 'authenticator'; at?: number; actors?: string[] } = {},
): Passage {
  const { boundBy = 'key', at = NOW, actors = [] } = over;
  return { ...opened(to, ...actors), handedOver: { from, boundBy, atEpochSeconds: at } };
}

/** Dana's session, opened on the web where nothing else is said. */
export function proven(over: Partial<Proven> = {}): Proven {
  return {
    principal: { kind: 'user', id: 'dana' },
    evidence: [],
    presences: [opened('web')],
    risks: [],
    ...over,
  };
}
