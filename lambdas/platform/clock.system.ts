import type { Clock } from './clock.port.ts';

export const systemClock: Clock = { nowEpochMilliseconds: () => Date.now() };
