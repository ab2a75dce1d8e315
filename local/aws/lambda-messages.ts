import type { SharedTime } from '../clock.ts';

/** What is run, and as what. */
export interface FunctionCode {
  readonly name: string;
  readonly arn: string;
  /** Where its bundle lies. */
  readonly directory: string;
  /** `<file>.<export>`. */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** What Lambda answers when a function throws, times out or cannot be started. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB, for requests and responses. */
export const MOST_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** What the thread of the functions is started with. */
export interface ThreadData {
  /** The time that the functions live in; the machine's if there is none. */
  readonly time: SharedTime | undefined;
}

/** What the thread is asked. */
export type ThreadRequest =
  | {
      readonly kind: 'invoke';
      readonly requestId: string;
      readonly code: FunctionCode;
      /** JSON text. */
      readonly event: string;
    }
  | {
      /** The invocation has timed out: nobody waits for its answer, and its environment is not used again. */
      readonly kind: 'abandon';
      readonly requestId: string;
      readonly functionName: string;
    };

/** What the thread says, in the order in which it came to be. */
export type ThreadReport =
  | { readonly kind: 'begun' | 'abandoned'; readonly requestId: string }
  | { readonly kind: 'written'; readonly functionName: string; readonly text: string }
  | { readonly kind: 'answered'; readonly requestId: string /** JSON text. */; readonly response: string }
  | { readonly kind: 'failed'; readonly requestId: string; readonly error: FunctionError };
