import type jsonata from 'jsonata';

/** What a field may read of `$states` beyond the input and the context, where it may read more. */
export type Fact = 'result' | 'errorOutput';

/** What a step has found is the context item of these parts of it. */
const OF_A_STEP = new Set(['stages', 'predicate', 'group', 'terms', 'pattern', 'update', 'delete']);

/**
 * What an expression names that Step Functions never gives it, in the words of its validation: a member of a
 * context item (there is none; the input is `$states.input`), the root `$$`, or a member that `$states` has not
 * got in this field (https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html, "Reserved
 * variable: $states").
 */
export function unsupportedReferences(expression: jsonata.ExprNode, fact: Fact | undefined): string[] {
  const readable: unknown[] = ['input', 'context', fact];
  const problems = new Set<string>();

  /** `atTop` is whether a name in the node would be looked up in the context item of the whole expression. */
  function visit(node: unknown, atTop: boolean): void {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const part of node) visit(part, atTop);
      return;
    }
    const { type, value, steps = [], ...parts } = node as Partial<jsonata.ExprNode>;
    if (type === 'name' && atTop) problems.add(`Reference to '${value}' at the top level is not supported.`);
    if (type === 'variable' && value === '$') problems.add("Reference to '$$' is not supported.");
    const [first, second] = steps;
    if (first?.type === 'variable' && first.value === 'states' && second?.type === 'name') {
      if (!readable.includes(second.value)) problems.add(`Field '$states.${second.value}' does not exist.`);
    }
    steps.forEach((step, index) => {
      visit(step, atTop && index === 0);
    });
    for (const [name, part] of Object.entries(parts)) visit(part, atTop && !OF_A_STEP.has(name));
  }

  visit(expression, true);
  return [...problems];
}
