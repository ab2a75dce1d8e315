import * as z from 'zod';
import { isFilledBy, type Mapped, Meaning, meant, NOT_CAPTURED } from './meaning.ts';
import { matchAll, Pattern } from './pattern.ts';

/** A path whose segments are patterns; `**` at its end stands for one or more segments. */
export const PathPattern = z
  .string()
  .regex(/^\//, { message: 'must begin with a slash' })
  .max(1024)
  .refine((path) => path === '/' || segmentsOf(path).every(isSegment), {
    message: 'each segment is a pattern without %, ; or \\, and ** stands at the end only',
  });

function isSegment(segment: string, place: number, all: readonly string[]): boolean {
  if (segment === '**') return place === all.length - 1;
  return Pattern.safeParse(segment).success && segment !== '' && !/[%;\\?#]|^\.\.?$|\*./.test(segment);
}

/** The requests to internal APIs that mean one thing. */
export const HttpRule = z
  .strictObject({
    methods: z.array(Pattern.min(1)).min(1),
    /** The host that was asked, in lower case and without a port; any, if not said. */
    host: Pattern.min(1).optional(),
    path: PathPattern,
    means: Meaning,
  })
  .refine(
    (rule) =>
      isFilledBy(rule.means, [...(rule.host === undefined ? [] : [rule.host]), ...segmentsOf(rule.path)]),
    {
      error: NOT_CAPTURED.message,
    },
  );
export type HttpRule = z.infer<typeof HttpRule>;

/** A request to an internal API, as the proxy before it was asked. */
export interface HttpQuestion {
  readonly method: string;
  readonly host: string | undefined;
  /** Decoded; undefined where the path is ambiguous. */
  readonly segments: readonly string[] | undefined;
}

type Parts = readonly (readonly [pattern: string, value: string | undefined])[];

/**
 * What a request to an internal API means. The first rule that matches it whatever the case of its letters must match
 * it as it is: a server behind that does not tell cases apart would serve what another rule is meant to guard. Nor does
 * a request whose host nobody tells come past a rule that is for one host.
 */
export function mapHttp(rules: readonly HttpRule[], { method, host, segments }: HttpQuestion): Mapped {
  if (segments === undefined) return 'ambiguous';
  // A dot at the end is the root's (RFC 1034 §3.1): it is the same host.
  const name = host?.toLowerCase().replace(/\.?(:\d+)?$/, '') || undefined;
  for (const rule of rules) {
    const paths = pathParts(rule.path, segments);
    if (paths === undefined) continue;
    const isHostUntold = rule.host !== undefined && name === undefined;
    const parts: Parts = rule.host === undefined || isHostUntold ? paths : [[rule.host, name], ...paths];
    for (const known of rule.methods) {
      const all: Parts = [[known, method], ...parts];
      if (matchAll(all.map(inLowerCase)) === undefined) continue;
      if (isHostUntold) return 'ambiguous';
      const captures = matchAll(all);
      return captures === undefined ? 'ambiguous' : meant(rule.means, captures);
    }
  }
  return 'unmapped';
}

/** Each segment beside its pattern; undefined where there are more or fewer than the pattern has. */
export function pathParts(path: string, segments: readonly string[]): Parts | undefined {
  const expected = segmentsOf(path);
  const isOpen = expected.at(-1) === '**';
  const fits = isOpen ? segments.length >= expected.length : segments.length === expected.length;
  if (!fits) return undefined;
  const named = isOpen ? expected.slice(0, -1) : expected;
  return named.map((pattern, place) => [pattern, segments[place]]);
}

/** The segments of a path pattern; none for `/`. */
export function segmentsOf(path: string): string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}

function inLowerCase([pattern, value]: Parts[number]): Parts[number] {
  return [pattern.toLowerCase(), value?.toLowerCase()];
}
