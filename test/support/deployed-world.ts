import { setTimeout as wait } from 'node:timers/promises';
import { GetExecutionHistoryCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { connectIdentityProvider } from '../../demo/identity-provider-client.ts';
import { startTargets } from '../../demo/targets.ts';
import { personasAt, type Sallyport, type World } from '../../demo/world.ts';
import type { SharedIssuer } from './self-made-issuer.ts';
import { waitOf } from './system-state.ts';

/** Where a deployed Sallyport is, and what was started for it to live among. */
export interface Surroundings {
  readonly apiUrl: string;
  readonly tableName: string;
  readonly stateMachineArns: readonly string[];
  /** Both are trusted by its deployment document. */
  readonly identityProviderUrl: string;
  readonly selfMadeIssuer: SharedIssuer;
  /** Of the vendor whose keys it rotates, where one was started for it. */
  readonly vendorUrl?: string;
}

/** What a test waits for has come about well before, or never will. */
const LONGEST_WAIT_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 50;

/** A world whose Sallyport was deployed, with the AWS credentials of the environment. */
export async function enterDeployedWorld(surroundings: Surroundings): Promise<World> {
  const sallyport = await reachDeployed(surroundings);
  const personas = personasAt(sallyport.apiUrl, connectIdentityProvider(surroundings.identityProviderUrl));
  const { apiUrl } = sallyport;
  const targets = await startTargets({
    apiUrl,
    token: personas.token,
    ticketingPort: 0,
    paymentsPort: 0,
    accountsPort: 0,
  });
  return { ...personas, ...targets, vendorUrl: surroundings.vendorUrl, sallyport };
}

/** Executions that run already are somebody else's, and are not waited for. */
export async function reachDeployed(surroundings: Surroundings): Promise<Sallyport> {
  const { apiUrl, tableName, stateMachineArns } = surroundings;
  const stepFunctions = new SFNClient();
  const running = async () =>
    (await Promise.all(stateMachineArns.map((arn) => runningExecutions(stepFunctions, arn)))).flat();
  const others = new Set((await running()).map(({ name }) => name));
  const sallyport: Sallyport = {
    apiUrl,
    client: {},
    resources: [
      { type: 'AWS::DynamoDB::Table', ref: tableName },
      ...stateMachineArns.map((ref) => ({ type: 'AWS::StepFunctions::StateMachine', ref })),
    ],
    settled: async () => {
      const givesUpAt = performance.now() + LONGEST_WAIT_MILLISECONDS;
      let before: string | undefined;
      for (;;) {
        const own = (await running()).filter(({ name }) => !others.has(name));
        const places = await Promise.all(own.map(({ arn, name }) => restingPlace(arn, name)));
        const now = places.includes(undefined) ? undefined : places.join();
        // Between two states nothing is at work either: it stays where it is only if it waits there.
        if (now === '' || (now !== undefined && now === before)) return;
        if (performance.now() > givesUpAt) throw new Error('Its executions do not come to rest');
        before = now;
        await wait(POLL_MILLISECONDS);
      }
    },
  };

  /** Where in its history an execution waits for somebody, or for a time; undefined where it does not. */
  const restingPlace = async (executionArn: string, requestId: string): Promise<string | undefined> => {
    const { events: [last] = [] } = await stepFunctions.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 1 }),
    );
    if (last?.type === 'WaitStateEntered') return `${requestId}@${last.id}`;
    const task =
      last?.taskScheduledEventDetails ?? last?.taskStartedEventDetails ?? last?.taskSubmittedEventDetails;
    // The function that is to begin the wait may still be at work: it has begun once the table has its token.
    const waits = task?.resource?.endsWith('.waitForTaskToken') && (await waitOf(sallyport, requestId));
    return waits ? `${requestId}@${last?.id}` : undefined;
  };
  return sallyport;
}

async function runningExecutions(
  stepFunctions: SFNClient,
  stateMachineArn: string,
): Promise<{ readonly arn: string; readonly name: string }[]> {
  const found: { arn: string; name: string }[] = [];
  let nextToken: string | undefined;
  do {
    const page = await stepFunctions.send(
      new ListExecutionsCommand({ stateMachineArn, statusFilter: 'RUNNING', maxResults: 1000, nextToken }),
    );
    for (const { executionArn = '', name = '' } of page.executions ?? [])
      found.push({ arn: executionArn, name });
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}
