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
import type { Sallyport } from '../../demo/world.ts';
import { approvalType } from '../../lambdas/approval/approval.ts';
import type { AuditEvent } from '../../lambdas/audit/event.ts';
import { grantType } from '../../lambdas/minting/grant.ts';
import { dynamoDbLedger } from '../../lambdas/platform/ledger.dynamodb.ts';
import type { Ledger } from '../../lambdas/platform/ledger.port.ts';
import { accessRequestType, caseIds } from '../../lambdas/requests/access-request.ts';
import type { WorkflowName } from '../../workflows/manifest.ts';

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
export type Inspectable = Pick<Sallyport, 'client' | 'dynamoDbUrl' | 'resources'>;

/** What there is of the whole system: every item of the table, every execution. */
export interface SystemState {
  readonly items: readonly Item[];
  readonly executions: readonly Execution[];
}

/** Reads past the functions, the counts and the faults. */
export async function systemState(sallyport: Inspectable): Promise<SystemState> {
  return { items: await tableItems(sallyport), executions: await executionsOf(sallyport) };
}

/** Does what must be refused and holds that the table and the executions are what they were. */
export async function changingNothing<Answer>(
  sallyport: Sallyport,
  act: () => Promise<Answer>,
): Promise<Answer> {
  await sallyport.settled();
  const before = await systemState(sallyport);
  const answer = await act();
  await sallyport.settled();
  const after = await systemState(sallyport);
  expect(withoutBookmarks(after)).toEqual(withoutBookmarks(before));
  return answer;
}

/** Where the reconciler has got to: it comes by in its own time, and no route may write it. */
function withoutBookmarks({ items, executions }: SystemState): SystemState {
  return { items: items.filter(({ pk }) => !pk?.S?.startsWith('BOOKMARK#')), executions };
}

/** Every item of the table, in the order of its keys. */
export async function tableItems(sallyport: Inspectable): Promise<Item[]> {
  const { database } = clientsOf(sallyport);
  const items: Item[] = [];
  let start: Item | undefined;
  do {
    const page = await database.send(
      new ScanCommand({
        TableName: resourceOf(sallyport, 'AWS::DynamoDB::Table'),
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
export function ledgerOf(sallyport: Inspectable): Ledger {
  return dynamoDbLedger(clientsOf(sallyport).database, resourceOf(sallyport, 'AWS::DynamoDB::Table'));
}

/** All events of a chain, in their order. */
export async function chainOf(sallyport: Inspectable, chain: string): Promise<readonly AuditEvent[]> {
  return ledgerOf(sallyport).events(chain, { limit: 1000 });
}

export async function executionsOf(sallyport: Inspectable): Promise<Execution[]> {
  const found: Execution[] = [];
  let nextToken: string | undefined;
  do {
    const page = await clientsOf(sallyport).stepFunctions.send(
      new ListExecutionsCommand({
        stateMachineArn: resourceOf(sallyport, 'AWS::StepFunctions::StateMachine'),
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

/** How the execution of a request, or of what another workflow is for, stands; undefined where it has none. */
export async function executionStatusOf(
  sallyport: Inspectable,
  name: string,
  workflow: WorkflowName = 'request-access',
): Promise<string | undefined> {
  const executionArn = executionArnOf(sallyport, name, workflow);
  try {
    const { status } = await clientsOf(sallyport).stepFunctions.send(
      new DescribeExecutionCommand({ executionArn }),
    );
    return status;
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** All that Step Functions keeps of the execution of a request. */
export async function historyOf(sallyport: Inspectable, requestId: string): Promise<HistoryEvent[]> {
  const { events = [] } = await clientsOf(sallyport).stepFunctions.send(
    new GetExecutionHistoryCommand({ executionArn: executionArnOf(sallyport, requestId), maxResults: 1000 }),
  );
  return events;
}

/** An execution is named by its request. */
function executionArnOf(
  sallyport: Inspectable,
  name: string,
  workflow: WorkflowName = 'request-access',
): string {
  const ofRequests = resourceOf(sallyport, 'AWS::StepFunctions::StateMachine');
  const stateMachineArn = ofRequests.replace(/request-access$/, workflow);
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

/** What a request's workflow waits for: its task token as the table keeps it, sealed, and what that is bound to. */
export async function waitOf(
  sallyport: Inspectable,
  requestId: string,
): Promise<{ readonly sealedTaskToken: string; readonly boundTo: string } | undefined> {
  const [request, grant, approval] = await ledgerOf(sallyport).readAll([
    [accessRequestType, requestId],
    [grantType, caseIds.grantOf(requestId)],
    [approvalType, caseIds.approvalOf(requestId)],
  ]);
  if (request?.entity.status === 'awaiting_step_up' && request.entity.encryptedTaskToken !== undefined)
    return { sealedTaskToken: request.entity.encryptedTaskToken, boundTo: request.entity.id };
  if (grant?.entity.status === 'active' && grant.entity.encryptedHoldToken !== undefined)
    return { sealedTaskToken: grant.entity.encryptedHoldToken, boundTo: grant.entity.id };
  if (approval?.entity.status === 'pending')
    return { sealedTaskToken: approval.entity.encryptedTaskToken, boundTo: approval.entity.id };
  return undefined;
}

/** The states that an execution has entered: each is a transition that AWS counts. */
export async function statesEntered(sallyport: Inspectable, requestId: string): Promise<string[]> {
  return (await historyOf(sallyport, requestId)).flatMap(({ type, stateEnteredEventDetails }) =>
    type?.endsWith('StateEntered') ? (stateEnteredEventDetails?.name ?? '') : [],
  );
}

/** An SDK client takes longer to make than most of what it is asked here. */
const clients = new WeakMap<Inspectable, { database: DynamoDBClient; stepFunctions: SFNClient }>();

function clientsOf(sallyport: Inspectable) {
  const made = clients.get(sallyport) ?? {
    database: new DynamoDBClient({
      ...sallyport.client,
      ...(sallyport.dynamoDbUrl !== undefined && { endpoint: sallyport.dynamoDbUrl }),
    }),
    stepFunctions: new SFNClient(sallyport.client),
  };
  clients.set(sallyport, made);
  return made;
}

function resourceOf(sallyport: Inspectable, type: string): string {
  const found = sallyport.resources.find(
    (resource) =>
      resource.type === type &&
      // Of the workflows it is the one whose executions are requests.
      (type !== 'AWS::StepFunctions::StateMachine' || /request-access$/.test(resource.ref)),
  );
  if (found === undefined) throw new Error(`The template has no ${type}`);
  return found.ref;
}
