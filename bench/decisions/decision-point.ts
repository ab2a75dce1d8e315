import type { Question } from './rules.ts';

/** What answers questions by the rules, in its own language. */
export interface DecisionPoint {
  answer(question: Question): boolean;
}

/** The same behind HTTP on 127.0.0.1, in a process of its own. */
export interface DecisionServer {
  answer(question: Question): Promise<boolean>;
  stop(): Promise<void>;
}
