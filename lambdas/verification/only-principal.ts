/** The one principal that the matching rules name; undefined where there is none, or where they disagree. */
export function onlyPrincipal<Rule extends { readonly principal: string }>(
  rules: readonly Rule[],
  matches: (rule: Rule) => boolean,
): string | undefined {
  const named = new Set(rules.filter(matches).map(({ principal }) => principal));
  const [only] = named;
  return named.size === 1 ? only : undefined;
}
