import { type AttributeValue, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { expect } from 'vitest';
import type { AuditEvent } from '../../lambdas/audit/event.ts';
import { dynamoDbLedger } from '../../lambdas/platform/ledger.dynamodb.ts';
import type { Ledger } from '../../lambdas/platform/ledger.port.ts';
import type { Runtime } from '../../local/runtime.ts';

/** As DynamoDB itself writes it, whatever the product makes of it. */
type Item = Record<string, AttributeValue>;

/** One execution of the workflow, as Step Functions lists it. */
export interface Execution {
  readonly arn: string;
  /** The id of its request. */
  readonly name: string;
  readonly status: string;
}

/** What is needed to look at a Sallyport past its API, also one in another process. */
export type Inspectable = Pick<Runtime, 'client' | 'dynamoDbUrl' | 'resources'>;

/** What there is of the whole system: every item of the table, every execution. */
export interface SystemState {
  readonly items: readonly Item[];
  readonly executions: readonly Execution[];
}

/** Reads past the functions, the counts and the faults. */
export async function systemState(runtime: Inspectable): Promise<SystemState> {
  return { items: await tableItems(runtime), executions: await executionsOf(runtime) };
}

/** Does what must be refused and holds that the table and the executions are what they were. */
export async function changingNothing<Answer>(runtime: Runtime, act: () => Promise<Answer>): Promise<Answer> {
  await runtime.settled();
  const before = await systemState(runtime);
  const answer = await act();
  await runtime.settled();
  expect(await systemState(runtime)).toEqual(before);
  return answer;
}

/** Every item of the table, in the order of its keys. */
export async function tableItems(runtime: Inspectable): Promise<Item[]> {
  const { database } = clientsOf(runtime);
  const items: Item[] = [];
  let start: Item | undefined;
  do {
    const page = await database.send(
      new ScanCommand({
        TableName: resourceOf(runtime, 'AWS::DynamoDB::Table'),
        ConsistentRead: true,
        ExclusiveStartKey: start,
      }),
    );
    items.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  const key = (item: Item) => `${item['pk']?.S}\n${item['sk']?.S}`;
  return items.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The table through the product's own adapter. */
export function ledgerOf(runtime: Inspectable): Ledger {
  return dynamoDbLedger(clientsOf(runtime).database, resourceOf(runtime, 'AWS::DynamoDB::Table'));
}

/** All events of a chain, in their order. */
export async function chainOf(runtime: Inspectable, chain: string): Promise<readonly AuditEvent[]> {
  return ledgerOf(runtime).events(chain, { limit: 1000 });
}

export async function executionsOf(runtime: Inspectable): Promise<Execution[]> {
  const found: Execution[] = [];
  let nextToken: string | undefined;
  do {
    const page = await clientsOf(runtime).stepFunctions.send(
      new ListExecutionsCommand({
        stateMachineArn: resourceOf(runtime, 'AWS::StepFunctions::StateMachine'),
        maxResults: 1000,
        nextToken,
      }),
    );
    for (const { executionArn = '', name = '', status = '' } of page.executions ?? [])
      found.push({ arn: executionArn, name, status });
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}

/** How the execution of a request stands; undefined where it has none. */
export async function executionStatusOf(
  runtime: Inspectable,
  requestId: string,
): Promise<string | undefined> {
  const executionArn = executionArnOf(runtime, requestId);
  try {
    const { status } = await clientsOf(runtime).stepFunctions.send(
      new DescribeExecutionCommand({ executionArn }),
    );
    return status;
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** All that Step Functions keeps of the execution of a request. */
export async function historyOf(runtime: Inspectable, requestId: string): Promise<HistoryEvent[]> {
  const { events = [] } = await clientsOf(runtime).stepFunctions.send(
    new GetExecutionHistoryCommand({ executionArn: executionArnOf(runtime, requestId), maxResults: 1000 }),
  );
  return events;
}

/** An execution is named by its request. */
function executionArnOf(runtime: Inspectable, requestId: string): string {
  const stateMachineArn = resourceOf(runtime, 'AWS::StepFunctions::StateMachine');
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${requestId}`;
}

/** The states that an execution has entered: each is a transition that AWS counts. */
export async function statesEntered(runtime: Inspectable, requestId: string): Promise<string[]> {
  return (await historyOf(runtime, requestId)).flatMap(({ type, stateEnteredEventDetails }) =>
    type?.endsWith('StateEntered') ? (stateEnteredEventDetails?.name ?? '') : [],
  );
}

/** An SDK client takes longer to make than most of what it is asked here. */
const clients = new WeakMap<Inspectable, { database: DynamoDBClient; stepFunctions: SFNClient }>();

function clientsOf(runtime: Inspectable) {
  const made = clients.get(runtime) ?? {
    database: new DynamoDBClient({ ...runtime.client, endpoint: runtime.dynamoDbUrl }),
    stepFunctions: new SFNClient(runtime.client),
  };
  clients.set(runtime, made);
  return made;
}

function resourceOf(runtime: Inspectable, type: string): string {
  const found = runtime.resources.find((resource) => resource.type === type);
  if (found === undefined) throw new Error(`The template has no ${type}`);
  return found.ref;
}
