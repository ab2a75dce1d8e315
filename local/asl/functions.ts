import { createHash } from 'node:crypto';
import jsonata from 'jsonata';

/** Where expressions take time and chance from. */
export interface ExpressionSources {
  /** Milliseconds since the epoch. */
  now(): number;
  /** A number from 0 up to, not including, 1. */
  random(): number;
  uuid(): string;
}

const HASHES = new Map([
  ['MD5', 'md5'],
  ['SHA-1', 'sha1'],
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
]);

const LONGEST_RANGE = 1000;

const formatTime = jsonata('$fromMillis($milliseconds, $picture, $timezone)');

/**
 * Adds the functions that Step Functions has beyond JSONata's own, takes `$eval` away, which it has not, and lets
 * JSONata's time and chance come from the given sources (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html,
 * "JSONata functions provided by Step Functions"). An undefined argument gives an undefined result, as
 * JSONata's own functions do.
 */
export function registerFunctions(expression: jsonata.Expression, sources: ExpressionSources): void {
  expression.assign('eval', undefined);
  const register = expression.registerFunction;
  register('partition', partition, '<an:a>');
  register('range', range, '<nnn:a>');
  register('hash', hash, '<ss:s>');
  register(
    'random',
    (seed?: number) => (seed === undefined ? sources.random() : seededRandom(seed)),
    '<n?:n>',
  );
  register('uuid', () => sources.uuid(), '<:s>');
  register('parse', (text?: string) => (text === undefined ? undefined : JSON.parse(text)), '<s:x>');
  register('millis', () => sources.now(), '<:n>');
  register(
    'now',
    (picture?: string, timezone?: string) =>
      formatTime.evaluate(undefined, { milliseconds: sources.now(), picture, timezone }),
    '<s?s?:s>',
  );
}

function partition(array: unknown[] | undefined, size: number | undefined): unknown[][] | undefined {
  if (array === undefined || size === undefined) return undefined;
  if (!Number.isInteger(size) || size < 1)
    throw new Error('The size of a partition must be a positive integer');
  const chunks: unknown[][] = [];
  for (let start = 0; start < array.length; start += size) chunks.push(array.slice(start, start + size));
  return chunks;
}

function range(
  first: number | undefined,
  last: number | undefined,
  step: number | undefined,
): number[] | undefined {
  if (first === undefined || last === undefined || step === undefined) return undefined;
  if (step === 0) throw new Error('The step of a range must not be 0');
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  if (length > LONGEST_RANGE) throw new Error(`A range must not hold more than ${LONGEST_RANGE} numbers`);
  return Array.from({ length }, (_, index) => first + index * step);
}

function hash(data: string | undefined, algorithm: string | undefined): string | undefined {
  if (data === undefined || algorithm === undefined) return undefined;
  const name = HASHES.get(algorithm);
  if (name === undefined) throw new Error(`The algorithm must be one of ${[...HASHES.keys()].join(', ')}`);
  return createHash(name).update(data).digest('hex');
}

/** The same number for the same seed (not the number that AWS gives for it). */
function seededRandom(seed: number): number {
  const digest = createHash('sha256').update(String(seed)).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
