import type { Attributes, AttributeType } from './compiled-policies.ts';

/** A value as Cedar's JSON form writes it (https://docs.cedarpolicy.com/auth/entities-syntax.html). */
export type AttributeValue =
  | string
  | number
  | boolean
  | AttributeValue[]
  | { __entity: { type: string; id: string } };

/**
 * What the schema declares, of what is said from outside: anything else is not looked at. A value of another type
 * leaves nothing to decide by.
 * @returns undefined where a declared attribute is of another type, or a required one is missing
 */
export function conforming(
  declared: Attributes,
  given: Readonly<Record<string, unknown>>,
): Record<string, AttributeValue> | undefined {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, type] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined || value === null) {
      if (type.required) return undefined;
      continue;
    }
    const known = accepted(type, value);
    if (known === undefined) return undefined;
    attributes[name] = known;
  }
  return attributes;
}

function accepted(type: AttributeType, value: unknown): AttributeValue | undefined {
  switch (type.type) {
    case 'Entity':
      return typeof value === 'string' ? { __entity: { type: type.entityType, id: value } } : undefined;
    case 'Set':
      return Array.isArray(value) && value.every((item) => isA(type.of, item)) ? value : undefined;
    default:
      return isA(type.type, value) ? value : undefined;
  }
}

/** Cedar's numbers are whole (https://docs.cedarpolicy.com/policies/syntax-datatypes.html). */
function isA(type: 'String' | 'Long' | 'Boolean', value: unknown): value is string | number | boolean {
  if (type === 'Long') return Number.isSafeInteger(value);
  return typeof value === (type === 'String' ? 'string' : 'boolean');
}
