import * as z from 'zod';
import { isFilledBy, type Mapped, Meaning, meant, NOT_CAPTURED } from './meaning.ts';
import { matchAll, Pattern, type Scalar } from './pattern.ts';

/** The calls of an MCP server's tool that mean one thing. */
export const ToolRule = z
  .strictObject({
    /** What the gateway calls the server. */
    server: Pattern.min(1),
    tool: Pattern.min(1),
    /** Arguments that the call must have; others are not looked at. */
    arguments: z.record(z.string(), Pattern).default({}),
    means: Meaning,
  })
  .refine((rule) => isFilledBy(rule.means, [rule.server, rule.tool, ...Object.values(rule.arguments)]), {
    error: NOT_CAPTURED.message,
  });
export type ToolRule = z.infer<typeof ToolRule>;

/** A call of a tool, as an agent has sent it to an MCP gateway. */
export interface ToolCall {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What a call of a tool means. */
export function mapToolCall(rules: readonly ToolRule[], call: ToolCall): Mapped {
  for (const rule of rules) {
    const captures = matchAll([
      [rule.server, call.server],
      [rule.tool, call.tool],
      ...Object.entries(rule.arguments).map(
        ([name, pattern]) => [pattern, argument(call.arguments, name)] as const,
      ),
    ]);
    if (captures !== undefined) return meant(rule.means, captures);
  }
  return 'unmapped';
}

/** Lists and objects fill no place. */
function argument(given: Readonly<Record<string, unknown>>, name: string): Scalar | undefined {
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  return ['string', 'number', 'boolean'].includes(typeof value) ? (value as Scalar) : undefined;
}
