import { scimPatch as applyPatch, ScimError, type ScimPatchOperation } from 'scim-patch';
import * as z from 'zod';
import { invalidScim } from './scim.ts';
import { parseFilter } from './scim-filter.ts';
import {
  attributesOf,
  findAttribute,
  type ScimAttribute,
  type ScimSchema,
  withoutUrn,
} from './scim-schemas.ts';

const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** How many operations one request has at the most. */
const MOST_OPERATIONS = 500;

/** A change of parts of a resource (RFC 7644 §3.5.2). The case of `op` does not matter to some providers. */
export const PatchBody = z
  .object({
    schemas: z.array(z.string()).refine((schemas) => schemas.includes(PATCH_SCHEMA), {
      message: `must name ${PATCH_SCHEMA}`,
    }),
    Operations: z
      .array(
        z.object({
          op: z
            .string()
            .toLowerCase()
            .pipe(z.enum(['add', 'remove', 'replace'])),
          path: z.string().max(512).optional(),
          value: z.json().optional(),
        }),
      )
      .min(1)
      .max(MOST_OPERATIONS),
  })
  .meta({ id: 'ScimPatch' });
export type PatchOperation = z.infer<typeof PatchBody>['Operations'][number];

/** An operation about one attribute that is kept, which holds nothing but what the attribute's schema knows. */
export interface CleanOperation {
  readonly op: PatchOperation['op'];
  readonly attribute: ScimAttribute;
  /** Which of the values of a multi-valued attribute it is about: all, unless said. */
  readonly filter?: string;
  readonly subAttribute?: ScimAttribute;
  readonly value?: unknown;
}

/**
 * The operations, each about one attribute. What RFC 7643 has and is not kept here falls away, as it does where a whole
 * resource is sent: providers send all that they are told to map, and refuse to go on where one is refused.
 * @param id of the resource, which some providers repeat among the attributes (Okta, where it renames a group)
 * @throws Problem 400 with the `scimType` of RFC 7644 §3.5.2
 */
export function cleanOperations(
  schema: ScimSchema,
  id: string,
  operations: readonly PatchOperation[],
): readonly CleanOperation[] {
  return operations.flatMap(({ op, path, value }) => {
    if (op !== 'remove' && value === undefined)
      throw invalidScim('invalidValue', `The operation ${op} needs a value.`);
    if (path !== undefined) return cleanOperation(schema, op, path, value);
    if (op === 'remove') throw invalidScim('noTarget', 'The operation remove needs a path.');
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw invalidScim('invalidValue', `The operation ${op} without a path needs an object of attributes.`);
    return Object.entries(value).flatMap(([name, one]) =>
      name === 'id' && one === id ? [] : cleanOperation(schema, op, name, one),
    );
  });
}

const PATH = /^(?<name>[a-z$][\w$-]*)(?:\[(?<filter>.*)\])?(?:\.(?<sub>[a-z$][\w$-]*))?$/i;

function cleanOperation(
  schema: ScimSchema,
  op: PatchOperation['op'],
  path: string,
  value: unknown,
): CleanOperation[] {
  const own = withoutUrn(schema, path);
  // An extension's: there is none here (RFC 7643 §3.3).
  if (/^urn:/i.test(own)) return [];
  const { name = '', filter, sub } = PATH.exec(own)?.groups ?? {};
  if (schema.notKept.some((one) => one.toLowerCase() === name.toLowerCase())) return [];
  const attribute = findAttribute(attributesOf(schema), name);
  const subAttribute = sub === undefined ? undefined : findAttribute(attribute?.subAttributes ?? [], sub);
  const isFilterMisplaced = filter !== undefined && !attribute?.multiValued;
  if (attribute === undefined || isFilterMisplaced || (sub !== undefined && subAttribute === undefined))
    throw invalidScim('invalidPath', `${JSON.stringify(path)} is no path into a ${schema.name}.`);
  if (attribute.mutability === 'readOnly') throw invalidScim('mutability', `${attribute.name} is read-only.`);
  if (filter !== undefined) parseFilter(filter, 'invalidPath');
  const isRemoval = op === 'remove' || value === null;
  const isOne = !attribute.multiValued || filter !== undefined;
  const clean =
    value === undefined || value === null ? undefined : cleanValue(attribute, subAttribute, isOne, value);
  return [
    {
      op: isRemoval ? 'remove' : op,
      attribute,
      ...(filter === undefined ? {} : { filter }),
      ...(subAttribute === undefined ? {} : { subAttribute }),
      ...(clean === undefined ? {} : { value: clean }),
    },
  ];
}

/** Only what the schema knows, under the names that it has there: nothing else comes near the resource. */
function cleanValue(
  attribute: ScimAttribute,
  subAttribute: ScimAttribute | undefined,
  isOne: boolean,
  value: unknown,
): unknown {
  if (subAttribute !== undefined || attribute.subAttributes === undefined) {
    if (typeof value === 'object')
      throw invalidScim('invalidValue', `${attribute.name} takes no object there.`);
    return value;
  }
  const values = (Array.isArray(value) ? value : [value]).map((one) => cleanObject(attribute, one));
  if (!isOne) return values;
  if (values.length !== 1) throw invalidScim('invalidValue', `${attribute.name} takes one value there.`);
  return values[0];
}

function cleanObject({ name, subAttributes = [] }: ScimAttribute, value: unknown): object {
  // Some providers send the value alone.
  if (typeof value === 'string') return { value };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidScim('invalidValue', `${name} takes objects with a value.`);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const known = findAttribute(subAttributes, key);
      return known === undefined || known.mutability === 'readOnly' ? [] : [[known.name, inner]];
    }),
  );
}

/**
 * The resource as the operations leave it.
 * @throws Problem 400 `noTarget` where nothing matches what is to be replaced
 */
export function patched(resource: object, operations: readonly CleanOperation[]): object {
  return operations.reduce<Readonly<Record<string, unknown>>>(
    (before, operation) => {
      // What is not there is removed already; the library knows no filter of nothing.
      const isDone = operation.op === 'remove' && before[operation.attribute.name] === undefined;
      return isDone ? before : applied(before, operation);
    },
    { ...resource },
  );
}

function applied(
  resource: Readonly<Record<string, unknown>>,
  operation: CleanOperation,
): Readonly<Record<string, unknown>> {
  try {
    return applyPatch({ ...resource, schemas: [] } as never, [libraryOperation(operation)], {
      mutateDocument: false,
      treatMissingAsAdd: true,
    });
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    throw invalidScim(
      error.scimCode === 'noTarget' ? 'noTarget' : 'invalidValue',
      `The operation does not fit what ${operation.attribute.name} is.`,
    );
  }
}

function libraryOperation({
  op,
  attribute,
  filter,
  subAttribute,
  value,
}: CleanOperation): ScimPatchOperation {
  const path =
    attribute.name +
    (filter === undefined ? '' : `[${filter}]`) +
    (subAttribute === undefined ? '' : `.${subAttribute.name}`);
  return { op, path, ...(value === undefined ? {} : { value }) } as ScimPatchOperation;
}
