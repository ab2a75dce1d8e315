import { assuranceOf } from '../lambdas/verification/assurance.ts';
import type { Evidence, RiskSignal } from '../lambdas/verification/evidence.ts';
import type { Passage } from '../lambdas/verification/reach.ts';
import { quantile, rounded } from './quantiles.ts';

const COMPUTATIONS = 5000;
const NOW = Date.UTC(2026, 0, 5, 9) / 1000;

export interface AssuranceFigures {
  readonly evidence: number;
  readonly presences: number;
  readonly p50Milliseconds: number;
  readonly p95Milliseconds: number;
}

/** The time to compute what so much evidence proves in a channel, for a session handed over again and again. */
export function measureAssurance(evidence: number, presences: number): AssuranceFigures {
  const session = {
    principal: { kind: 'user' as const, id: 'engineer' },
    evidence: Array.from({ length: evidence }, (_, index) => evidenceNumber(index, evidence)),
    presences: Array.from({ length: presences }, (_, index) => presenceNumber(index, presences)),
    risks: Array.from({ length: 10 }, (_, index) => signalNumber(index)),
  };
  const times: number[] = [];
  for (let round = 0; round < COMPUTATIONS; round += 1) {
    const startedAt = performance.now();
    assuranceOf(session, 'desktop', NOW);
    times.push(performance.now() - startedAt);
  }
  const warm = times.slice(COMPUTATIONS / 10);
  return {
    evidence,
    presences,
    p50Milliseconds: rounded(quantile(warm, 0.5), 4),
    p95Milliseconds: rounded(quantile(warm, 0.95), 4),
  };
}

/** Spread over the last hours and the channels, each of one factor, so that pairs have to be looked for. */
function evidenceNumber(index: number, of: number): Evidence {
  const observedAtEpochSeconds = NOW - Math.floor(((of - index) * 7200) / of);
  return {
    id: `evidence-${index}`,
    of: 'engineer',
    channel: index % 2 === 0 ? 'web' : 'desktop',
    method: 'oidc',
    issuer: 'https://issuer.example',
    amr: [['pwd'], ['otp'], ['swk', 'user'], ['sms', 'pwd']][index % 4] ?? [],
    phishingResistant: false,
    observedAtEpochSeconds,
    expiresAtEpochSeconds: NOW + 3600,
  };
}

/** To and fro between two screens. */
function presenceNumber(index: number, of: number): Passage {
  const channels = ['web', 'desktop'] as const;
  const channel = channels[index % 2] ?? 'web';
  if (index === 0) return { channel, actors: [] };
  return {
    channel,
    actors: [],
    handedOver: {
      from: channels[(index + 1) % 2] ?? 'desktop',
      boundBy: 'key',
      atEpochSeconds: NOW - Math.floor(((of - index) * 7200) / of),
    },
  };
}

function signalNumber(index: number): RiskSignal {
  return {
    id: `signal-${index}`,
    channel: 'voice',
    kind: 'voiceprint-mismatch',
    level: index % 2 === 0 ? 'elevated' : 'high',
    source: 'contact-centre',
    observedAtEpochSeconds: NOW - index * 600,
  };
}
