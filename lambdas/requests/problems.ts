import { Problem } from '../platform/problem.ts';

const refusals = {
  not_requestable: [400, 'Access is not requestable'],
  invalid_denial_binding: [400, 'The request does not follow from that denial'],
  expired_denial: [410, 'The denial is too old'],
  duplicate_request: [409, 'The key stands for another request'],
  unknown_task: [404, 'Not found'],
  task_expired: [410, 'The task is no longer shown'],
  invalid_task_state: [409, 'The state does not allow this'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

/** An error of the AuthZEN Access Request and Approval Profile (error responses). Nothing was changed. */
export function requestProblem(error: keyof typeof refusals, detail: string): Problem {
  const [status, title] = refusals[error];
  return new Problem(status, error, title, detail, {
    type: `urn:openid:authzen:access-request:error:${error}`,
  });
}

/** What does not exist and what the caller may not see are answered alike. */
export function unknownTask(): Problem {
  return requestProblem('unknown_task', 'There is no such request, or you may not see it.');
}
