import type { Dialect } from '../platform/dialect.ts';
import { invalidRequest, Problem } from '../platform/problem.ts';

/** What says how a SCIM request is wrong (RFC 7644 §3.12, table 9). */
export type ScimErrorType =
  | 'invalidFilter'
  | 'tooMany'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue';

const ERROR_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** SCIM's own media type and its error document (RFC 7644 §3.1, §3.12); some providers send plain JSON. */
export const scim: Dialect = {
  mediaType: 'application/scim+json',
  alsoAccepted: ['application/json'],
  refusalMediaType: 'application/scim+json',
  refusal: ({ status, detail, extensions }) => ({
    schemas: [ERROR_SCHEMA],
    status: String(status),
    ...scimTypeOf(status, extensions),
    detail,
  }),
};

/** What no step has said of a request that is not valid: its attributes are wrong, or it has none. */
function scimTypeOf(
  status: number,
  { scimType, errors }: Problem['extensions'],
): { readonly scimType?: unknown } {
  if (scimType !== undefined) return { scimType };
  if (status !== 400) return {};
  return { scimType: (errors === undefined ? 'invalidSyntax' : 'invalidValue') satisfies ScimErrorType };
}

/** A request that is not valid; nothing was changed. */
export function invalidScim(scimType: ScimErrorType, detail: string): Problem {
  const { status, title } = invalidRequest(detail);
  return new Problem(status, 'invalid-request', title, detail, { extensions: { scimType } });
}

/** Somebody else has it already (RFC 7644 §3.3). */
export function notUnique(detail: string): Problem {
  return new Problem(409, 'not-unique', 'There is one already', detail, {
    extensions: { scimType: 'uniqueness' satisfies ScimErrorType },
  });
}

/** The resource is not as the caller has seen it (RFC 7644 §3.14). */
export function preconditionFailed(): Problem {
  return new Problem(
    412,
    'changed-meanwhile',
    'It has changed meanwhile',
    'It is no longer the version that If-Match names. Read it again, and send what still has to change.',
  );
}
