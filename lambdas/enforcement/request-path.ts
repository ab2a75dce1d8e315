/** What some servers take for an end or a separator, or leave out, and others for a part of the name. */
const AMBIGUOUS = /[\\%;?#]|\p{Cc}|^\s|\s$/u;

/**
 * The segments of an HTTP request's path, decoded; none for `/`. Refused is what servers read in more than one way (RFC
 * 3986 §3.3, §6.2.2): empty segments, dot segments, and separators and escapes that an encoding hides.
 * @param path without its query; `encoded` as it stood in the request line
 * @returns undefined for a path that is ambiguous
 */
export function pathSegments(path: string, form: 'encoded' | 'decoded'): string[] | undefined {
  if (path === '/') return [];
  const [start, ...raw] = path.split('/');
  if (start !== '' || raw.length === 0) return undefined;
  const segments: string[] = [];
  for (const one of raw) {
    const segment = form === 'decoded' ? one : decoded(one);
    if (segment === undefined || ['', '.', '..'].includes(segment)) return undefined;
    if (segment.includes('/') || AMBIGUOUS.test(segment)) return undefined;
    segments.push(segment);
  }
  return segments;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
