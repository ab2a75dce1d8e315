/**
 * A text of a policy with `*` and `?` in it
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
 */
export interface Pattern {
  readonly text: string;
  readonly matches: (value: string) => boolean;
}

export function pattern(text: string, { ignoreCase = false } = {}): Pattern {
  const source = text.replaceAll(/[\\^$.*+?()[\]{}|]/g, (character) => {
    if (character === '*') return '.*';
    return character === '?' ? '.' : `\\${character}`;
  });
  const expression = new RegExp(`^${source}$`, ignoreCase ? 'is' : 's');
  return { text, matches: (value) => expression.test(value) };
}

/** A pattern whose wildcards stay within each of an ARN's parts, as `ArnLike` has it. */
export function arnPattern(text: string): Pattern {
  const parts = partsOf(text).map((part) => pattern(part));
  return {
    text,
    matches: (value) => {
      const values = partsOf(value);
      return (
        parts.length === values.length && parts.every((part, index) => part.matches(values[index] ?? ''))
      );
    },
  };
}

/** The last of an ARN's six parts may hold colons of its own. */
function partsOf(arn: string): string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), ...(parts.length > 5 ? [parts.slice(5).join(':')] : [])];
}
