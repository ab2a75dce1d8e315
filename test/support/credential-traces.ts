/** Which of the tokens, or their signatures, are in which of the texts. */
export function tracesOf(
  tokens: readonly string[],
  texts: Readonly<Record<string, string>>,
): { readonly where: string; readonly found: string }[] {
  const parts = tokens.flatMap((token) => [token, token.split('.')[2] ?? token]);
  return Object.entries(texts).flatMap(([where, text]) =>
    parts.filter((part) => text.includes(part)).map((found) => ({ where, found })),
  );
}
