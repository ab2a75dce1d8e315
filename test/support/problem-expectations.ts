import { expect } from 'vitest';
import type { ApiAnswer } from '../../demo/api-client.ts';

/**
 * Holds that an answer is a problem document (RFC 9457) of this status and type. `type` is the part after
 * `urn:sallyport:problem:`, or a whole URN of a profile.
 */
export function expectProblem(answer: ApiAnswer, status: number, type: string): void {
  expect({
    status: answer.status,
    contentType: answer.headers.get('content-type'),
    body: answer.body,
  }).toEqual({
    status,
    contentType: 'application/problem+json',
    body: expect.objectContaining({
      type: type.startsWith('urn:') ? type : `urn:sallyport:problem:${type}`,
      status,
      title: expect.stringMatching(/./),
      detail: expect.stringMatching(/./),
      request_id: expect.stringMatching(/./),
    }),
  });
}
