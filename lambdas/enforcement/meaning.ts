import * as z from 'zod';
import type { EvaluationBody } from '../decision/authzen.routes.ts';
import { type Captures, fill, fillValue, placeholdersIn, type Scalar, Template } from './pattern.ts';

/** What a request of an enforcement point means, in AuthZEN's words. */
export const Meaning = z.strictObject({
  action: Template,
  resource: z.strictObject({
    type: z.string().min(1).max(128),
    id: Template,
    /** Said of the resource in the enforcement point's name, whoever wrote it into the request. */
    properties: z.record(z.string(), Template).optional(),
  }),
});
export type Meaning = z.infer<typeof Meaning>;

/** The action and the resource that a question is about. */
export type Meant = Pick<EvaluationBody, 'action' | 'resource'>;

/** The question that a request came to be, for who follows its denial: they know their own request alone. */
export interface Evaluated extends Meant {
  readonly subject: Pick<EvaluationBody['subject'], 'type' | 'id'>;
}

export function evaluatedQuestion({ type, id }: EvaluationBody['subject'], question: Meant): Evaluated {
  return { subject: { type, id }, ...question };
}

/**
 * What a request means: what the first rule says that matches it. `unmapped` is what no rule names. `ambiguous` is what
 * those behind the enforcement point could take for something else than we do.
 */
export type Mapped = Meant | 'unmapped' | 'ambiguous';

/** @returns `ambiguous` where what was captured does not fill the rule's texts */
export function meant({ action, resource }: Meaning, captures: Captures): Meant | 'ambiguous' {
  const name = fill(action, captures);
  const id = fill(resource.id, captures);
  const properties: Record<string, Scalar> = {};
  for (const [property, template] of Object.entries(resource.properties ?? {})) {
    const value = fillValue(template, captures);
    if (value === undefined) return 'ambiguous';
    properties[property] = value;
  }
  if (name === undefined || id === undefined) return 'ambiguous';
  return {
    action: { name },
    resource: {
      type: resource.type,
      id,
      ...(resource.properties === undefined ? {} : { properties }),
    },
  };
}

/** Whether all that a meaning is filled with is captured by these patterns. */
export function isFilledBy({ action, resource }: Meaning, patterns: readonly string[]): boolean {
  const captured = patterns.flatMap(placeholdersIn);
  return [action, resource.id, ...Object.values(resource.properties ?? {})]
    .flatMap(placeholdersIn)
    .every((name) => captured.includes(name));
}

export const NOT_CAPTURED = { message: 'each {name} must stand in what the rule matches, too' } as const;
