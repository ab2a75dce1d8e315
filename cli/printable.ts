/**
 * Text from elsewhere, so that it cannot act on the terminal: what others write (a justification, a comment) is shown
 * to approvers and responders. Control characters (ECMA-48: C0, C1, DEL) and those that turn the direction of text
 * (Unicode TR36 §2.5) become visible.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\n' || character === '\t') return ' ';
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Rows in columns as wide as what they hold, each row a line. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of cells)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return cells.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Names and values, one a line; what has no value is left out. */
export function facts(pairs: Readonly<Record<string, string | undefined>>): string[] {
  return columns(
    Object.entries(pairs).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
