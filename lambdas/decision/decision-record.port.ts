import type { Caller } from '../verification/caller.ts';
import type { EvaluationAnswer } from './authzen.routes.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** Where evaluations are recorded: they change nothing, and so have no event in a chain. */
export interface DecisionRecord {
  /** @param request what was asked, where it may be recorded so that it can be asked again */
  decided(caller: Caller, answer: EvaluationAnswer, request: RecordedRequest | undefined): void;
  /** Somebody was denied because their groups are members of each other: nobody's doing but a broken record's. */
  groupsInACycle(principal: string): void;
}
