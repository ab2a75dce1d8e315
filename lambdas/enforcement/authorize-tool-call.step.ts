import type { Caller } from '../verification/caller.ts';
import { APPROVAL_META, type ToolCallAnswer, type ToolCallBody } from './enforcement.routes.ts';
import { evaluatedQuestion } from './meaning.ts';
import { type EnforcementDependencies, requireMeaning, subjectOf } from './question-asked.ts';
import { mapToolCall } from './tool-mapping.ts';

/** JSON-RPC 2.0 §5.1 leaves -32099 to -32000 to servers. */
const ACCESS_DENIED = -32010;

/**
 * Decides about the call of a tool, for the gateway before an MCP server. A denial brings along the error that tells the
 * agent what is missing, and how to ask for it.
 * @throws Problem 403 where no rule says what the call means
 */
export function authorizeToolCall({ deployment, evaluate }: EnforcementDependencies) {
  return async (caller: Caller, body: ToolCallBody): Promise<ToolCallAnswer> => {
    const { server, request } = body;
    const { name: tool, arguments: given, _meta } = request.params;
    const subject = subjectOf(deployment.roles, caller, body.subject);
    const meant = requireMeaning(mapToolCall(deployment.enforcement.mcp, { server, tool, arguments: given }));
    const approval = _meta?.[APPROVAL_META];
    const context = approval === undefined ? body.context : { ...body.context, approval };
    const answer = await evaluate(caller, {
      subject,
      ...meant,
      ...(context === undefined ? {} : { context }),
    });
    if (answer.decision) return answer;
    return {
      ...answer,
      error: {
        code: ACCESS_DENIED,
        message: 'The policies do not permit this call',
        data: { ...answer.context, evaluated: evaluatedQuestion(subject, meant) },
      },
    };
  };
}
