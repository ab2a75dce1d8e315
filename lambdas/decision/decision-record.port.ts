import type { Caller } from '../verification/caller.ts';
import type { EvaluationAnswer } from './authzen.routes.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** Where evaluations are recorded: they change nothing, and so have no event in a chain. */
export interface DecisionRecord {
  /** @param request what was asked, where it may be recorded so that it can be asked again */
  decided(caller: Caller, answer: EvaluationAnswer, request: RecordedRequest | undefined): void;
}
