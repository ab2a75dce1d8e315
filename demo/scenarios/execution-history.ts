import { GetExecutionHistoryCommand, type HistoryEvent, SFNClient } from '@aws-sdk/client-sfn';
import type { EmbeddedWorld } from '../world.ts';

/** The whole history of a request's execution, as Step Functions shows it to whoever may read it, as text. */
export async function executionHistory(world: EmbeddedWorld, requestId: string): Promise<string> {
  const stepFunctions = new SFNClient(world.runtime.client);
  const machine = world.runtime.resources.find(
    ({ type, ref }) => type === 'AWS::StepFunctions::StateMachine' && /request-access$/.test(ref),
  );
  const executionArn = `${machine?.ref.replace(':stateMachine:', ':execution:')}:${requestId}`;
  const events: HistoryEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await stepFunctions.send(new GetExecutionHistoryCommand({ executionArn, nextToken }));
    events.push(...(page.events ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  stepFunctions.destroy();
  return JSON.stringify(events);
}
