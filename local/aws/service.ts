import type { Access } from '../iam/policy.ts';
import type { Principal } from '../iam/principal.ts';

/** What JSON can carry. */
export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };
export type JsonObject = { [member: string]: Json };

/**
 * One emulated AWS service that speaks AWS JSON 1.0 or 1.1, where `X-Amz-Target: <targetPrefix>.<operation>`
 * names the operation (https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html).
 */
export interface AwsService {
  /** What its calls are signed for and its actions begin with: `kms`, `states`. */
  readonly signingName: string;
  readonly targetPrefix: string;
  readonly contentType: 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1';
  readonly operations: Readonly<Record<string, (input: JsonObject) => Promise<JsonObject>>>;
  /** What a caller needs to be permitted for a call. Empty where the operation has to refuse the call by itself. */
  accesses(operation: string, input: JsonObject): readonly Access[];
}

/**
 * One emulated AWS service that speaks the query protocol
 * (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html). All that is in an input is text.
 */
export interface QueryService {
  readonly signingName: string;
  /** Of the XML that it answers with. */
  readonly namespace: string;
  readonly operations: Readonly<
    Record<string, (input: JsonObject, caller: Principal) => Promise<JsonObject>>
  >;
  accesses(operation: string, input: JsonObject): readonly Access[];
}

/** The error that a service answers with: `code` is the shape's name in the service's model. */
export class AwsError extends Error {
  readonly code: string;
  readonly statusCode: number;

  constructor(code: string, message: string, statusCode = 400) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.statusCode = statusCode;
  }
}
