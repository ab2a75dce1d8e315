import type { z } from 'zod';
import { AwsError, type JsonObject } from './service.ts';

/** Checks an operation's input; throws the ValidationException that AWS answers with. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: JsonObject): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(({ path, message }) => [...path, message].join(': '));
  throw new AwsError('ValidationException', complaints.join('; '));
}
