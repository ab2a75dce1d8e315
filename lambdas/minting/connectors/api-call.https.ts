import { request as requestInClear } from 'node:http';
import { request } from 'node:https';
import { DependencyUnavailable } from '../../platform/failures.ts';

/** One call to a target's API. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object | undefined;
  /** Certificates of the server's authority, PEM; the authorities that Node knows if not said. */
  readonly certificateAuthority?: string | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  /** Undefined where it is not JSON. */
  readonly body: unknown;
}

/** Several calls fit into the time that a function has. */
const TIMEOUT_MILLISECONDS = 4000;
const LONGEST_ANSWER_BYTES = 2 ** 21;

/**
 * Calls a target's API. No redirect is followed: what is sent along is for this target alone.
 * @throws DependencyUnavailable where no whole answer came in time; whether the call had its effect is unknown
 */
export async function callApi({
  method,
  url,
  headers,
  body,
  certificateAuthority,
}: ApiCall): Promise<ApiAnswer> {
  const send = new URL(url).protocol === 'https:' ? request : requestInClear;
  try {
    const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const call = send(url, {
        method,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
        // A function that slept may find a connection that it kept closed.
        agent: false,
        ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
      });
      call.once('error', reject);
      call.once('response', (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > LONGEST_ANSWER_BYTES) call.destroy(new Error('The answer is too long'));
          else chunks.push(chunk);
        });
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      });
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
    return { status: answer.status, body: parsed(answer.text) };
  } catch (cause) {
    throw new DependencyUnavailable('The API of a target did not answer', { cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
