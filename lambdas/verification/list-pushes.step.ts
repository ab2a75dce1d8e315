import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Backchannel, backchannelType, isOver } from './backchannel.ts';
import type { HeardDevice } from './hear-device.step.ts';

interface Dependencies {
  readonly hear: (statement: string, type: 'push-query+jwt') => Promise<HeardDevice>;
  readonly ledger: Pick<Ledger, 'list'>;
  readonly clock: Clock;
}

/** Who is pushed at more often than this at a time is not asked about the rest. */
const MOST_PUSHES = 5;

/** What waits for the person whose device asks, newest first. */
export function listPushes({ hear, ledger, clock }: Dependencies) {
  return async (statement: string): Promise<readonly Backchannel[]> => {
    const { device } = await hear(statement, 'push-query+jwt');
    const { items } = await ledger.list(
      backchannelType,
      { kind: 'PUSHES_OF', name: device.principal },
      { limit: MOST_PUSHES, newestFirst: true },
    );
    const now = epochSeconds(clock);
    return items.filter((call) => call.status === 'pending' && !isOver(call, now));
  };
}
