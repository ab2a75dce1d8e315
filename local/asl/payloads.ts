import { AwsError } from '../aws/service.ts';
import { exceedsPayloadLimit, type Json, PAYLOAD_LIMIT_BYTES } from './json.ts';

/** What a caller gives as an execution's input. Throws `InvalidExecutionInput`. */
export function parseInput(text: string): Json {
  checkSize('input', text);
  return parse(
    text,
    (reason) => new AwsError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${reason}'`),
  );
}

/** What a caller gives as a task's output. Throws `InvalidOutput`. */
export function parseOutput(text: string): Json {
  checkSize('output', text);
  return parse(text, (reason) => new AwsError('InvalidOutput', `Invalid Output: '${reason}'`));
}

function checkSize(name: string, text: string): void {
  if (!exceedsPayloadLimit(text)) return;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: ` +
      `Member must have length less than or equal to ${PAYLOAD_LIMIT_BYTES}`,
  );
}

function parse(text: string, errorFor: (reason: string) => AwsError): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw errorFor((error as Error).message);
  }
}
