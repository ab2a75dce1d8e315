import * as z from 'zod';

/** Of a session policy, as text (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). */
export const LONGEST_SESSION_POLICY = 2048;

/** One statement of a session policy; what it denies the role already lacks, so there is no `Effect`. */
export const SessionStatement = z.strictObject({
  actions: z.array(z.string().regex(/^[a-z0-9-]+:[A-Za-z0-9*?]+$/)).min(1),
  resources: z.array(z.string().regex(/^(\*|arn:[^\s]+)$/)).min(1),
  conditions: z
    .record(z.string(), z.record(z.string(), z.union([z.string(), z.array(z.string())])))
    .optional(),
});
export type SessionStatement = z.infer<typeof SessionStatement>;

/** Permissions, each with the statements that stand for it. */
type Meanings = Readonly<Record<string, { readonly statements: readonly SessionStatement[] }>>;

/**
 * What a session with these permissions may do of what its role may: their statements and nothing else. Those that
 * differ in their actions alone are written as one, since the text may not be long.
 */
export function sessionPolicy(meanings: Meanings, permissions: readonly string[]): string {
  const alike = new Map<string, SessionStatement>();
  for (const statement of permissions.flatMap((name) => meanings[name]?.statements ?? [])) {
    const { resources, conditions } = statement;
    const reach = JSON.stringify([resources, conditions]);
    const actions = [...(alike.get(reach)?.actions ?? []), ...statement.actions];
    alike.set(reach, { ...statement, actions: [...new Set(actions)] });
  }
  const Statement = [...alike.values()].map(({ actions, resources, conditions }) => ({
    Effect: 'Allow',
    Action: short(actions),
    Resource: short(resources),
    ...(conditions && { Condition: conditions }),
  }));
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

function short(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? (values[0] ?? values) : values;
}
