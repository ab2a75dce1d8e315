import * as z from 'zod';

/** The query of a list. */
export const PageQuery = z.object({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/)
    .refine((text) => Number(text) <= 100, { message: 'must be at most 100' })
    .optional(),
  cursor: z.string().max(1024).optional(),
});
export type PageQuery = z.infer<typeof PageQuery>;

const USUAL_LIMIT = 25;

export function limitOf(query: PageQuery): number {
  return query.limit === undefined ? USUAL_LIMIT : Number(query.limit);
}
