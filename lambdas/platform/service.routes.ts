import * as z from 'zod';
import type { Route } from './route.ts';

export const healthRoute = {
  method: 'GET',
  path: '/v1/health',
  function: 'DescribeService',
  summary: 'Ready or not, and the version',
  open: true,
  answers: {
    200: { description: 'Ready', schema: z.object({ status: z.literal('ready'), version: z.string() }) },
    503: {
      description: 'Not ready',
      schema: z.object({ status: z.literal('not-ready'), version: z.string() }),
    },
  },
} as const satisfies Route;

export const openApiRoute = {
  method: 'GET',
  path: '/openapi.json',
  function: 'DescribeService',
  summary: 'This description',
  open: true,
  answers: { 200: { description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.string() }) } },
} as const satisfies Route;
