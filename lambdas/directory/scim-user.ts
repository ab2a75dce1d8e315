import * as z from 'zod';
import { timestamp } from '../platform/duration.ts';
import type { Stored } from '../platform/entity.ts';
import type { Person } from '../verification/principal.ts';
import { invalidScim } from './scim.ts';
import { userSchema } from './scim-schemas.ts';

/** What names somebody or something: text without control characters, which no log or page is confused by. */
export const ScimName = z
  .string()
  .trim()
  .min(1)
  .max(128)
  .regex(/^\P{Cc}*$/u, { message: 'must have no control characters' })
  .refine((text) => text.isWellFormed() && text !== '__proto__', { message: 'must be a name' });

/** An attribute without a value may be sent as null (RFC 7643 §2.5). */
export function unlessNull<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => value ?? undefined);
}

export function schemasWith(id: string) {
  return z.array(z.string()).refine((schemas) => schemas.includes(id), { message: `must name ${id}` });
}

/** Some providers write what is true or false as text (Microsoft Entra ID, without its flag `aadOptscim062020`). */
const Truth = z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })]);

/** How many roles a person has at the most. */
const MOST_ROLES = 50;

const attributes = {
  userName: ScimName,
  externalId: unlessNull(ScimName),
  displayName: unlessNull(ScimName),
  name: unlessNull(
    z.object({
      formatted: unlessNull(z.string().trim()),
      givenName: unlessNull(z.string().trim()),
      familyName: unlessNull(z.string().trim()),
    }),
  ),
  active: unlessNull(Truth),
  emails: unlessNull(z.array(z.object({ value: z.email().max(254), primary: unlessNull(Truth) })).max(20)),
  roles: unlessNull(z.array(z.object({ value: ScimName })).max(MOST_ROLES)),
};

/** A person as an identity provider sends them; attributes that are not kept are passed over (RFC 7644 §3.3). */
export const UserBody = z
  .object({ schemas: schemasWith(userSchema.id), ...attributes })
  .meta({ id: 'ScimUser' });
export type UserBody = z.infer<typeof UserBody>;

/** @throws Problem 400 `invalidValue` where what a PATCH has left is no person */
export function userBodyOf(patched: object): UserBody {
  return resourceOf(UserBody, { ...patched, schemas: [userSchema.id] });
}

/** @throws Problem 400 `invalidValue` */
export function resourceOf<Schema extends z.ZodType>(schema: Schema, patched: object): z.infer<Schema> {
  const parsed = schema.safeParse(patched);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalidScim('invalidValue', `It would not be valid: ${issue?.path.join('.')}: ${issue?.message}.`);
}

/** What is kept of it. */
export type PersonFields = Pick<Person, 'name' | 'email' | 'roles'> & {
  readonly userName: string;
  readonly externalId: string | undefined;
  /** Undefined where it is not said: nobody is let in again who was not meant to be. */
  readonly active: boolean | undefined;
};

export function personFields(body: UserBody): PersonFields {
  const { userName, externalId, displayName, name, active, emails = [], roles = [] } = body;
  const wholeName = [name?.givenName, name?.familyName].filter(Boolean).join(' ');
  return {
    userName,
    externalId,
    name: displayName ?? (name?.formatted || wholeName || userName),
    email: (emails.find(({ primary }) => primary) ?? emails[0])?.value,
    roles: [...new Set(roles.map(({ value }) => value))],
    active,
  };
}

/** Of whom no provider has told, the id is the name. */
export function userNameOf({ id, provisioned }: Person): string {
  return provisioned?.userName ?? id;
}

/** What a PATCH works on: what can be changed. */
export function userAttributes(person: Person): Readonly<Record<string, unknown>> {
  const { name, status, email, roles = [], provisioned } = person;
  return {
    userName: userNameOf(person),
    ...(provisioned?.externalId === undefined ? {} : { externalId: provisioned.externalId }),
    displayName: name,
    active: status === 'active',
    ...(email === undefined ? {} : { emails: [{ value: email, type: 'work', primary: true }] }),
    ...(roles.length === 0 ? {} : { roles: roles.map((value) => ({ value })) }),
  };
}

/** @param base the address of the SCIM endpoints */
export function userDocument({ entity: person, version }: Stored<Person>, base: string): object {
  const { id, groups, provisioned } = person;
  return {
    schemas: [userSchema.id],
    id,
    ...userAttributes(person),
    ...(groups.length === 0
      ? {}
      : { groups: groups.map((value) => ({ value, $ref: resourceUrl(base, 'Groups', value) })) }),
    meta: {
      resourceType: 'User',
      ...(provisioned === undefined
        ? {}
        : {
            created: timestamp(provisioned.createdAtEpochMilliseconds),
            lastModified: timestamp(provisioned.changedAtEpochMilliseconds),
          }),
      location: resourceUrl(base, 'Users', id),
      version: weakTag(version),
    },
  };
}

export function resourceUrl(base: string, resource: 'Users' | 'Groups', id: string): string {
  return `${base}/${resource}/${encodeURIComponent(id)}`;
}

/** Weak: it names the state of the resource, not its bytes (RFC 7644 §3.14). */
export function weakTag(version: number): string {
  return `W/"${version}"`;
}
