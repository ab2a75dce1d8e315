import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import type { ApiAnswer, ApiClient } from '../../../demo/api-client.ts';
import standard from './authorization-api-1.0.json' with { type: 'json' };

type Definition = keyof (typeof standard)['$defs'];

/** A message of the standard; what is part of messages begins with a small letter. */
type Message = { [Name in Definition]: Name extends Capitalize<Name> ? Name : never }[Definition];

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
ajv.addSchema(standard);

/** What of a message is not as the standard has it; nothing, if it is. */
export function departures(message: Message, value: unknown): string[] {
  const validate = ajv.getSchema(`${standard.$id}#/$defs/${message}`);
  if (validate === undefined) throw new Error(`The standard knows no ${message}`);
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message: what }) => `${instancePath} ${what}`);
}

const messages = {
  evaluation: ['EvaluationRequest', 'EvaluationResponse'],
  evaluations: ['EvaluationsRequest', 'EvaluationsResponse'],
  'search/subject': ['SubjectSearchRequest', 'EntitySearchResponse'],
  'search/resource': ['ResourceSearchRequest', 'EntitySearchResponse'],
  'search/action': ['ActionSearchRequest', 'ActionSearchResponse'],
} as const satisfies Record<string, readonly [Message, Message]>;

export type AuthzenEndpoint = keyof typeof messages;
export const authzenEndpoints = Object.keys(messages) as AuthzenEndpoint[];

/** What is asked of an endpoint, and what it answers. */
export function messagesOf(endpoint: AuthzenEndpoint): readonly [asked: Message, answered: Message] {
  return messages[endpoint];
}

/** Asks what the standard permits to be asked, and holds the answer to the standard. */
export async function askByTheStandard(
  client: ApiClient,
  endpoint: AuthzenEndpoint,
  request: object,
  headers?: Record<string, string>,
): Promise<ApiAnswer> {
  const [asked, answered] = messagesOf(endpoint);
  expect(departures(asked, request)).toEqual([]);
  const answer = await client.post(`/access/v1/${endpoint}`, request, headers);
  if (answer.status === 200) {
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(departures(answered, answer.body)).toEqual([]);
  }
  return answer;
}
