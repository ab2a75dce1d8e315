/** Of an option that can come several times: all of its values. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
