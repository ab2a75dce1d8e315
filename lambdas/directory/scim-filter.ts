import { type Filter, filter as matcher, parse } from 'scim2-parse-filter';
import { invalidScim, type ScimErrorType } from './scim.ts';
import { attributesOf, findAttribute, type ScimSchema, withoutUrn } from './scim-schemas.ts';

/** A filter of a query (RFC 7644 §3.4.2.2). */
export interface ScimFilter {
  matches(resource: object): boolean;
  /** The text that an attribute must be in whatever matches, as it was written, by the attribute's path in lower case. */
  readonly required: ReadonlyMap<string, string>;
  /** Each path that it asks about, in lower case. */
  readonly paths: readonly string[];
}

const orders = ['gt', 'ge', 'lt', 'le'];

/** @throws Problem 400 `invalidFilter` */
export function scimFilter(schema: ScimSchema, text: string): ScimFilter {
  const filter = withPlainPaths(schema, parseFilter(text, 'invalidFilter'));
  const test = matcher(fold(schema, filter));
  return {
    matches: (resource) => test(foldResource(schema, '', resource)),
    required: new Map(requiredIn(filter)),
    paths: pathsIn(filter),
  };
}

/** @throws Problem 400 of this kind where it is no filter */
export function parseFilter(text: string, scimType: ScimErrorType): Filter {
  try {
    return parse(text);
  } catch {
    throw invalidScim(scimType, 'The filter is not one of RFC 7644 §3.4.2.2, such as: userName eq "erin".');
  }
}

/** Without the URN of the schema before the names of its attributes. */
function withPlainPaths(schema: ScimSchema, filter: Filter): Filter {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { ...filter, filters: filter.filters.map((one) => withPlainPaths(schema, one)) };
    case 'not':
      return { ...filter, filter: withPlainPaths(schema, filter.filter) };
    default:
      return { ...filter, attrPath: withoutUrn(schema, filter.attrPath) };
  }
}

/**
 * With the values of attributes that ignore case in lower case, as is what they are compared with (`foldResource`).
 * @throws Problem 400 for an order of what has none (RFC 7644 §3.4.2.2)
 */
function fold(schema: ScimSchema, filter: Filter, within = ''): Filter {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { ...filter, filters: filter.filters.map((one) => fold(schema, one, within)) };
    case 'not':
      return { ...filter, filter: fold(schema, filter.filter, within) };
    case '[]':
      return { ...filter, valFilter: fold(schema, filter.valFilter, `${filter.attrPath}.`) };
    case 'pr':
      return filter;
    default: {
      const { op, attrPath, compValue } = filter;
      if (typeof compValue === 'boolean' && orders.includes(op))
        throw invalidScim('invalidFilter', `${op} does not compare what is true or false.`);
      const ignoresCase = typeof compValue === 'string' && !isCaseExact(schema, within + attrPath);
      return { ...filter, compValue: ignoresCase ? compValue.toLowerCase() : compValue };
    }
  }
}

function foldResource(schema: ScimSchema, path: string, value: unknown): unknown {
  if (typeof value === 'string') return isCaseExact(schema, path) ? value : value.toLowerCase();
  if (Array.isArray(value)) return value.map((one) => foldResource(schema, path, one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      foldResource(schema, path === '' ? name : `${path}.${name}`, inner),
    ]),
  );
}

function isCaseExact(schema: ScimSchema, path: string): boolean {
  const [name = '', sub] = path.split('.');
  const attribute = findAttribute(attributesOf(schema), name);
  const found = sub === undefined ? attribute : findAttribute(attribute?.subAttributes ?? [], sub);
  return found?.caseExact ?? false;
}

function requiredIn(filter: Filter): (readonly [string, string])[] {
  if (filter.op === 'and') return filter.filters.flatMap(requiredIn);
  if (filter.op === '[]')
    return requiredIn(filter.valFilter).map(([path, value]) => [
      `${filter.attrPath.toLowerCase()}.${path}`,
      value,
    ]);
  if (filter.op !== 'eq' || typeof filter.compValue !== 'string') return [];
  return [[filter.attrPath.toLowerCase(), filter.compValue]];
}

function pathsIn(filter: Filter): string[] {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.filters.flatMap(pathsIn);
    case 'not':
      return pathsIn(filter.filter);
    case '[]':
      return pathsIn(filter.valFilter).map((path) => `${filter.attrPath.toLowerCase()}.${path}`);
    default:
      return [filter.attrPath.toLowerCase()];
  }
}
