import { setTimeout as wait } from 'node:timers/promises';
import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { ApiClient } from '../../demo/api-client.ts';
import type { Ticket } from '../../demo/tickets.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { AuditEvent } from '../../lambdas/audit/event.ts';
import { fingerprintOf, hasLiveCredential } from '../../lambdas/minting/grant.ts';
import { readRequest } from '../support/access-path.ts';
import { type CaseState, hasEnded, readCase, unrestOf, violationsOf } from '../support/case-invariants.ts';
import type { ReachedSallyport } from '../support/doomed-sallyport.ts';
import { executionsOf, tableItems } from '../support/system-state.ts';
import { type Promises, type Surroundings, use, Violation } from './client-story.ts';
import type { Load } from './load.ts';

/** What an execution that nobody keeps busy may take to get to where it waits. */
const SETTLES_WITHIN_MILLISECONDS = 15_000;
const LOOKS_EVERY_MILLISECONDS = 30;

/** Compares what Sallyport keeps with what it has told its clients, after each restart and in the end. */
export class Checks {
  readonly #load: Load;
  readonly #surroundings: Surroundings;
  /** When each process was started, in milliseconds since the epoch: what it did is later, and before the next. */
  readonly #startedAt: readonly number[];
  /** The last hash of each case that was found to have ended: nothing may follow. */
  readonly #endings = new Map<string, string | undefined>();

  constructor(load: Load, surroundings: Surroundings, startedAt: readonly number[]) {
    this.#load = load;
    this.#surroundings = surroundings;
    this.#startedAt = startedAt;
  }

  /**
   * Waits until every acknowledged case is at rest, and checks those that had not ended when they were last
   * looked at. The load is paused. Returns how many executions the newest process took up from one before it.
   */
  async atRest(sallyport: ReachedSallyport): Promise<number> {
    const open = [...this.#load.promises.values()].filter(({ requestId }) => !this.#endings.has(requestId));
    const givesUpAt = performance.now() + SETTLES_WITHIN_MILLISECONDS;
    let takenUp = 0;
    await inParallel(open, async (promises) => {
      const state = await this.#settled(sallyport, promises, givesUpAt);
      if (hasEnded(state)) this.#endings.set(state.requestId, state.events.at(-1)?.hash);
      if (wasTakenUp(state, this.#startedAt.at(-1) ?? 0)) takenUp += 1;
    });
    return takenUp;
  }

  async #settled(sallyport: ReachedSallyport, promises: Promises, givesUpAt: number): Promise<CaseState> {
    for (;;) {
      const state = await readCase(sallyport, promises.requestId);
      const unrest = unrestOf(state, Date.now());
      const givesUp = performance.now() > givesUpAt;
      if (unrest === undefined || givesUp) {
        const wrong = [
          ...(unrest === undefined ? [] : [`it does not come to rest: ${unrest}`]),
          ...violationsOf(state),
          ...brokenPromises(state, promises),
          ...repeatedCalls(state, this.#startedAt),
          ...(await this.#strayCredential(state, promises)),
        ];
        if (wrong.length === 0) return state;
        throw new Violation([state.requestId, ...wrong, ...storyOf(state)].join('\n  '));
      }
      await wait(LOOKS_EVERY_MILLISECONDS);
    }
  }

  /** A credential works as long as its grant holds, and no longer, wherever it is shown. */
  async #strayCredential(state: CaseState, { tokens }: Promises): Promise<string[]> {
    const [token] = tokens;
    if (token === undefined) return [];
    const worksAt = (milliseconds: number) =>
      state.grant !== undefined && hasLiveCredential(state.grant.entity, Math.floor(milliseconds / 1000));
    const before = Date.now();
    const active = await this.#isActive(token);
    const wrong = [];
    if (active ? !worksAt(before) : worksAt(Date.now())) wrong.push(`its credential is active: ${active}`);
    if (hasEnded(state)) {
      const target = new ApiClient(this.#surroundings.ticketingUrl, token);
      const shown = await use(target, state.grant?.entity.permissions ?? [], state.requestId);
      if (shown.status !== 401) wrong.push(`after its end its credential is answered ${shown.status}`);
    }
    return wrong;
  }

  async #isActive(token: string): Promise<boolean> {
    const resourceServer = await this.#surroundings.as('ticketing-api');
    const { status, body } = await resourceServer.postForm('/oauth2/introspect', { token });
    if (status !== 200) throw new Violation(`introspection answers ${status}`);
    return body.active;
  }

  /** When all clients have gone to the end: what is there, and nothing beside it. Returns how many events. */
  async atTheEnd(sallyport: ReachedSallyport): Promise<number> {
    await this.atRest(sallyport);
    const { promises, comments } = this.#load;
    const requests = [...promises.keys()];
    const chains = chainsIn(await tableItems(sallyport));
    const executions = await executionsOf(sallyport);
    const wrong = [
      ...requests.filter((id) => !this.#endings.has(id)).map((id) => `${id} has no end`),
      ...differences(
        'request',
        requests,
        [...chains.keys()].filter((chain) => chain.startsWith('req-')),
      ),
      ...differences(
        'execution',
        requests,
        executions.map(({ name }) => name),
      ),
      ...[...chains].flatMap(([chain, events]) => {
        const verdict = verifyChain(chain, events);
        return verdict.verified ? [] : [`chain ${chain}, event ${verdict.sequence}: ${verdict.reason}`];
      }),
      ...[...this.#endings]
        .filter(([chain, hash]) => chains.get(chain)?.at(-1)?.hash !== hash)
        .map(([chain]) => `${chain} went on after its end`),
    ];
    await inParallel([...promises.values()], async ({ requestId, tokens }) => {
      for (const token of tokens)
        if (await this.#isActive(token)) wrong.push(`the credential of ${requestId} is still active`);
    });
    // The last, since reading them takes a request of its own.
    wrong.push(...differences('comment', comments, await this.#readComments()));
    if (wrong.length > 0) throw new Violation(wrong.join('\n  '));
    return [...chains.values()].flat().length;
  }

  async #readComments(): Promise<string[]> {
    const engineer = await this.#surroundings.as('engineer');
    const { body } = await engineer.post('/v1/access-requests', readRequest);
    const { grant } = await engineer.follow(body.task.id, ({ status }) => status === 'approved');
    const claimed = await engineer.post(`/v1/grants/${grant.id}/credential`);
    const ticketing = new ApiClient(this.#surroundings.ticketingUrl, claimed.body.access_token);
    const { tickets } = (await ticketing.get('/projects/OPS/tickets')).body;
    return tickets.flatMap(({ comments }: Ticket) => comments.map((comment) => comment.body));
  }
}

function wasTakenUp({ execution }: CaseState, startedAt: number): boolean {
  const [first, last] = [execution?.history.at(0), execution?.history.at(-1)];
  const isBefore = (event: HistoryEvent | undefined) => Number(event?.timestamp) < startedAt;
  return isBefore(first) && (execution?.status === 'RUNNING' || !isBefore(last));
}

/** Whether the case is as its client was told. Nothing is under way: what is there has been acknowledged. */
function brokenPromises({ events, grant, request }: CaseState, promises: Promises): string[] {
  const { votes, tokens, wasReturned } = promises;
  const of = (type: string) => events.filter((event) => event.type === type);
  const counted = of('approval.decided').map(
    ({ who, details }) => `${'principal' in who && who.principal.id}: ${details['decision']}`,
  );
  const wrong = differences(
    'vote',
    [...votes].map(([voter, decision]) => `${voter}: ${decision}`),
    counted,
  );
  if (wasReturned !== of('grant.returned').length > 0)
    wrong.push(`its client was ${wasReturned ? '' : 'not '}told that it gave the grant back`);
  if (tokens.length > 1) wrong.push('its credential was delivered twice');
  const issued = of('credential.issued').map(({ details }) => details['fingerprint']);
  if (!tokens.every((token) => issued.includes(fingerprintOf(token))))
    wrong.push('the credential that was delivered is not the one that was issued');
  const wasDenied = [...votes.values()].includes('deny');
  const status = request?.entity.status;
  if (status === 'failed' || (status === 'denied' && !wasDenied)) wrong.push(`its request is ${status}`);
  const reason = grant !== undefined && 'reason' in grant.entity ? grant.entity.reason : undefined;
  if (reason === 'failed' || reason === 'revoked') wrong.push(`its grant ends for it ${reason}`);
  return wrong;
}

/** A call may be made again by another process, which cannot know whether it was answered; never by the same. */
function repeatedCalls({ execution }: CaseState, startedAt: readonly number[]): string[] {
  const wrong: string[] = [];
  let callers = new Set<number>();
  for (const { type = '', id, timestamp } of execution?.history ?? []) {
    if (type.endsWith('Scheduled')) callers = new Set();
    if (type !== 'TaskStarted' && type !== 'LambdaFunctionStarted') continue;
    const caller = startedAt.findLastIndex((time) => time <= Number(timestamp));
    if (callers.has(caller)) wrong.push(`event ${id}, ${type}: one process made the same call twice`);
    callers.add(caller);
  }
  return wrong;
}

/** What happened to a case, for whoever looks for the reason. */
function storyOf({ events, execution }: CaseState): string[] {
  const last = execution?.history.slice(-12) ?? [];
  return [
    `its chain: ${events.map(({ type, at }) => `${type} ${at}`).join(', ')}`,
    `its execution (${execution?.status}): ${last.map(({ type, timestamp }) => `${type} ${timestamp?.toISOString()}`).join(', ')}`,
  ];
}

/** The events in the table, by their chain, in their order. */
function chainsIn(items: Awaited<ReturnType<typeof tableItems>>): Map<string, AuditEvent[]> {
  const chains = new Map<string, AuditEvent[]>();
  for (const { event } of items) {
    if (event?.S === undefined) continue;
    const read = AuditEvent.parse(JSON.parse(event.S));
    chains.set(read.chain, [...(chains.get(read.chain) ?? []), read]);
  }
  return chains;
}

/** What is missing, and what is there but should not be, each as often as it is. */
function differences(what: string, expected: readonly string[], found: readonly string[]): string[] {
  const missing = new Map<string, number>();
  for (const one of expected) missing.set(one, (missing.get(one) ?? 0) + 1);
  for (const one of found) missing.set(one, (missing.get(one) ?? 0) - 1);
  return [...missing].flatMap(([one, times]) => {
    if (times === 0) return [];
    return times > 0 ? [`${what} ${one} is lost`] : [`${what} ${one} is there ${-times} times too often`];
  });
}

const AT_ONCE = 8;

/** A few at a time, so that a check does not wait on itself. */
async function inParallel<Item>(items: readonly Item[], check: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await check(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
