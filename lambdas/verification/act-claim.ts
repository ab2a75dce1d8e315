/** The actor chain as RFC 8693 §4.1 nests it: the nearest actor outermost. */
export function actClaim(actors: readonly string[]): { act?: object } {
  const act = actors.reduceRight<object | undefined>(
    (inner, sub) => (inner === undefined ? { sub } : { sub, act: inner }),
    undefined,
  );
  return act === undefined ? {} : { act };
}
