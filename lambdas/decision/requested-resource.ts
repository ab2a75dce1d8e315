import * as z from 'zod';

/** A thing at a target as a request or a grant for it holds it: with what was said of it by who guards it. */
export const RequestedResource = z.object({
  type: z.string(),
  id: z.string(),
  properties: z.record(z.string(), z.json()).optional(),
});
export type RequestedResource = z.infer<typeof RequestedResource>;
