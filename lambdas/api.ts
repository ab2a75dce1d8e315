import type { Route } from './platform/route.ts';

const json = { 200: { description: 'Being written' } } as const;

/** Every route of the HTTP API. */
export const routes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/health',
    function: 'DescribeService',
    summary: 'Ready or not',
    open: true,
    answers: json,
  },
  {
    method: 'POST',
    path: '/v1/access-requests',
    function: 'SubmitAccessRequest',
    summary: 'Ask for access',
    answers: json,
  },
  { method: 'GET', path: '/v1/grants/{id}', function: 'ReadGrants', summary: 'One grant', answers: json },
];
