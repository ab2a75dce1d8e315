/** An attribute as a schema describes it (RFC 7643 §7). What is left out is as there: §2.2. */
export interface ScimAttribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'complex' | 'reference' | 'dateTime';
  readonly description: string;
  readonly multiValued?: true;
  readonly required?: true;
  readonly caseExact?: true;
  readonly mutability?: 'readOnly' | 'immutable';
  readonly uniqueness?: 'server';
  readonly returned?: 'always';
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly ScimAttribute[];
}

export interface ScimSchema {
  readonly id: string;
  readonly name: 'User' | 'Group';
  readonly endpoint: '/Users' | '/Groups';
  readonly description: string;
  readonly attributes: readonly ScimAttribute[];
  /** Attributes that RFC 7643 has beyond these: they are accepted, and not kept. */
  readonly notKept: readonly string[];
}

/** What every resource has (RFC 7643 §3.1), and no schema lists. */
const commonAttributes: readonly ScimAttribute[] = [
  { name: 'schemas', type: 'reference', description: '', multiValued: true, mutability: 'readOnly' },
  { name: 'id', type: 'string', description: '', caseExact: true, mutability: 'readOnly' },
  { name: 'externalId', type: 'string', description: '', caseExact: true },
  {
    name: 'meta',
    type: 'complex',
    description: '',
    mutability: 'readOnly',
    subAttributes: [
      { name: 'resourceType', type: 'string', description: '', caseExact: true },
      { name: 'created', type: 'dateTime', description: '' },
      { name: 'lastModified', type: 'dateTime', description: '' },
      { name: 'location', type: 'reference', description: '', caseExact: true },
      { name: 'version', type: 'string', description: '', caseExact: true },
    ],
  },
];

export const userSchema: ScimSchema = {
  id: 'urn:ietf:params:scim:schemas:core:2.0:User',
  name: 'User',
  endpoint: '/Users',
  description: 'A person',
  attributes: [
    {
      name: 'userName',
      type: 'string',
      description: 'What the person logs in as; no two people share one',
      required: true,
      uniqueness: 'server',
    },
    { name: 'displayName', type: 'string', description: 'The name that people are shown' },
    {
      name: 'name',
      type: 'complex',
      description: 'Read where there is no displayName, which is all that is kept',
      subAttributes: [
        { name: 'formatted', type: 'string', description: 'The whole name' },
        { name: 'givenName', type: 'string', description: 'The given name' },
        { name: 'familyName', type: 'string', description: 'The family name' },
      ],
    },
    {
      name: 'active',
      type: 'boolean',
      description: 'False suspends the person at once, and ends what they hold',
    },
    {
      name: 'emails',
      type: 'complex',
      description: 'Only the primary one is kept, or the first',
      multiValued: true,
      subAttributes: [
        { name: 'value', type: 'string', description: 'The address' },
        { name: 'type', type: 'string', description: 'Always work' },
        { name: 'primary', type: 'boolean', description: 'Always true' },
      ],
    },
    {
      name: 'roles',
      type: 'complex',
      description: 'Roles that policies may speak of',
      multiValued: true,
      subAttributes: [{ name: 'value', type: 'string', description: 'The role', caseExact: true }],
    },
    {
      name: 'groups',
      type: 'complex',
      description: 'The groups that the person is a direct member of; changed at the group',
      multiValued: true,
      mutability: 'readOnly',
      subAttributes: [
        {
          name: 'value',
          type: 'string',
          description: 'The id of the group',
          caseExact: true,
          mutability: 'readOnly',
        },
        {
          name: '$ref',
          type: 'reference',
          description: 'The address of the group',
          caseExact: true,
          mutability: 'readOnly',
          referenceTypes: ['Group'],
        },
      ],
    },
  ],
  notKept: [
    'nickName',
    'profileUrl',
    'title',
    'userType',
    'preferredLanguage',
    'locale',
    'timezone',
    'password',
    'phoneNumbers',
    'ims',
    'photos',
    'addresses',
    'entitlements',
    'x509Certificates',
  ],
};

export const groupSchema: ScimSchema = {
  id: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  name: 'Group',
  endpoint: '/Groups',
  description: 'People and groups under one name, which policies and roles may speak of',
  attributes: [
    { name: 'displayName', type: 'string', description: 'The name that people are shown', required: true },
    {
      name: 'members',
      type: 'complex',
      description: 'People, and groups whose members are members of this one, too',
      multiValued: true,
      subAttributes: [
        {
          name: 'value',
          type: 'string',
          description: 'The id of the person or the group',
          caseExact: true,
          mutability: 'immutable',
        },
        { name: 'type', type: 'string', description: 'User or Group', mutability: 'readOnly' },
        {
          name: '$ref',
          type: 'reference',
          description: 'The address of the member',
          caseExact: true,
          mutability: 'readOnly',
          referenceTypes: ['User', 'Group'],
        },
      ],
    },
  ],
  notKept: [],
};

export const schemas: readonly ScimSchema[] = [userSchema, groupSchema];

/** An attribute by its name, whose case does not matter (RFC 7643 §2.1). */
export function findAttribute(attributes: readonly ScimAttribute[], name: string): ScimAttribute | undefined {
  const wanted = name.toLowerCase();
  return attributes.find((attribute) => attribute.name.toLowerCase() === wanted);
}

export function attributesOf({ attributes }: ScimSchema): readonly ScimAttribute[] {
  return [...commonAttributes, ...attributes];
}

/** A name without the URN of the schema that it is of (RFC 7644 §3.10). */
export function withoutUrn({ id }: ScimSchema, path: string): string {
  return path.toLowerCase().startsWith(`${id.toLowerCase()}:`) ? path.slice(id.length + 1) : path;
}

/** The schema as its own endpoint shows it (RFC 7643 §7). */
export function schemaDocument({ id, name, description, attributes }: ScimSchema, base: string): object {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
    id,
    name,
    description,
    attributes: attributes.map(attributeDocument),
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
  };
}

function attributeDocument(attribute: ScimAttribute): object {
  const { name, type, description, referenceTypes, subAttributes } = attribute;
  return {
    name,
    type,
    multiValued: attribute.multiValued ?? false,
    description,
    required: attribute.required ?? false,
    caseExact: attribute.caseExact ?? false,
    mutability: attribute.mutability ?? 'readWrite',
    returned: attribute.returned ?? 'default',
    uniqueness: attribute.uniqueness ?? 'none',
    ...(referenceTypes === undefined ? {} : { referenceTypes }),
    ...(subAttributes === undefined ? {} : { subAttributes: subAttributes.map(attributeDocument) }),
  };
}

/** RFC 7643 §6. */
export function resourceTypeDocument({ id, name, endpoint, description }: ScimSchema, base: string): object {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    id: name,
    name,
    endpoint,
    description,
    schema: id,
    schemaExtensions: [],
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${name}` },
  };
}

/** The most resources that one answer lists. */
export const MOST_LISTED = 200;

/** RFC 7643 §5. */
export function serviceProviderConfig(base: string): object {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: MOST_LISTED },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Access token of Sallyport',
        description:
          'From POST /oauth2/token, for a token of the machine’s own issuer; it lasts some minutes',
        specUri: 'https://www.rfc-editor.org/info/rfc8693',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  };
}
