import * as z from 'zod';

/** What an argument of a request can be and still fill a place. */
export type Scalar = string | number | boolean;
/** What the placeholders of a rule stood for, by their names. */
export type Captures = Readonly<Record<string, Scalar>>;

const PLACEHOLDER = /\{([a-z][a-z0-9_]{0,31})\}/;
const EVERY_PLACEHOLDER = new RegExp(PLACEHOLDER, 'g');
const MOST_CHARACTERS = 256;

/** The names of the placeholders in a text. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(EVERY_PLACEHOLDER)].map(([, name = '']) => name);
}

const isWhole = (text: string) => /[{}]/.test(text.replaceAll(EVERY_PLACEHOLDER, '')) === false;

/**
 * What a part of a request is compared with: `*` for anything, or a text in which `{name}` stands for one or more
 * characters. Each placeholder ends where the character that follows it comes first, so that there is one way at most
 * to match.
 */
export const Pattern = z
  .string()
  .max(MOST_CHARACTERS)
  .refine(isWhole, { message: 'a placeholder is {name}: small letters, digits and _' })
  .refine((text) => !text.includes('}{'), { message: 'put something between two placeholders' })
  .refine((text) => text === '*' || !text.includes('*'), { message: '* stands alone' });

/**
 * A text whose placeholders are filled with what a rule captured. What has more than one keeps them apart by a slash,
 * which then no value has: two requests never fill it to the same text.
 */
export const Template = z
  .string()
  .min(1)
  .max(MOST_CHARACTERS)
  .refine(isWhole, { message: 'a placeholder is {name}: small letters, digits and _' })
  .refine((text) => !/\}[^/{]*\{/.test(text), { message: 'put a slash between two placeholders' });

/** @returns what the placeholders stood for; undefined where the value does not match, or is not there */
export function match(pattern: string, value: Scalar | undefined): Captures | undefined {
  if (value === undefined) return undefined;
  if (pattern === '*') return {};
  const [start = '', ...parts] = pattern.split(PLACEHOLDER);
  // What is not text has no parts: only a placeholder alone takes it.
  if (typeof value !== 'string')
    return start === '' && parts[0] !== undefined && parts[1] === '' ? { [parts[0]]: value } : undefined;
  if (!value.startsWith(start)) return undefined;
  const captures: Record<string, string> = {};
  let rest = value.slice(start.length);
  for (let place = 0; place < parts.length; place += 2) {
    const [name = '', next = ''] = parts.slice(place, place + 2);
    const end = next === '' ? rest.length : rest.indexOf(next.charAt(0));
    if (end <= 0 || !rest.startsWith(next, end)) return undefined;
    const taken = rest.slice(0, end);
    if ((captures[name] ?? taken) !== taken) return undefined;
    captures[name] = taken;
    rest = rest.slice(end + next.length);
  }
  return rest === '' ? captures : undefined;
}

/** Matches each part of a request; a name that several capture stands for the same in all. */
export function matchAll(
  parts: readonly (readonly [pattern: string, value: Scalar | undefined])[],
): Captures | undefined {
  const captures: Record<string, Scalar> = {};
  for (const [pattern, value] of parts) {
    const found = match(pattern, value);
    if (found === undefined) return undefined;
    for (const [name, taken] of Object.entries(found)) {
      if ((captures[name] ?? taken) !== taken) return undefined;
      captures[name] = taken;
    }
  }
  return captures;
}

/** @returns undefined where a value would make of it what it does not say, or more than a name has */
export function fill(template: string, captures: Captures): string | undefined {
  const names = placeholdersIn(template);
  const values = names.map((name) => String(captures[name] ?? ''));
  if (values.some((value) => value === '' || (names.length > 1 && value.includes('/')))) return undefined;
  const filled = template.replaceAll(EVERY_PLACEHOLDER, (_, name: string) => String(captures[name]));
  return filled.length <= MOST_CHARACTERS && filled.isWellFormed() ? filled : undefined;
}

/** As `fill`, but a placeholder alone keeps the kind of its value: a number stays one. */
export function fillValue(template: string, captures: Captures): Scalar | undefined {
  const [name] = placeholdersIn(template);
  return name !== undefined && template === `{${name}}` ? captures[name] : fill(template, captures);
}
