import type { EventBody, Who } from '../audit/event.ts';
import type { Clock } from './clock.port.ts';
import { timestamp } from './duration.ts';

/** An event of a case, told at this moment. */
export function caseEvent(
  clock: Clock,
  txn: string,
  type: string,
  who: Who,
  details: EventBody['details'],
): EventBody {
  return { type, at: timestamp(clock.nowEpochMilliseconds()), txn, who, details };
}
