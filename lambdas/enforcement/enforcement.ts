import * as z from 'zod';
import { HttpRule } from './http-mapping.ts';
import { Cluster } from './kubernetes-mapping.ts';
import type { Meaning } from './meaning.ts';
import { placeholdersIn } from './pattern.ts';
import { ToolRule } from './tool-mapping.ts';

/**
 * What the requests mean that enforcement points ask about in words of their own. Of each list the first rule that
 * matches counts.
 */
export const Enforcement = z.strictObject({
  kubernetes: z
    .array(Cluster)
    .refine((clusters) => new Set(clusters.map(({ askedBy }) => askedBy)).size === clusters.length, {
      message: 'name each API server once',
    })
    .default([]),
  http: z.array(HttpRule).default([]),
  mcp: z.array(ToolRule).default([]),
});
export type Enforcement = z.infer<typeof Enforcement>;

/** Every meaning that a rule gives. */
export function meaningsIn({ kubernetes, http, mcp }: Enforcement): Meaning[] {
  const rules = [...kubernetes.flatMap(({ resources, paths }) => [...resources, ...paths]), ...http, ...mcp];
  return rules.map(({ means }) => means);
}

/** Whether a text says the same whatever is asked. */
export function isFixed(template: string): boolean {
  return placeholdersIn(template).length === 0;
}
