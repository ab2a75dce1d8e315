import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import type { SallyportTokenOptions } from '../../demo/persona-token.ts';
import type { PersonaId } from '../../demo/personas.ts';
import { caseIds } from '../../lambdas/requests/access-request.ts';
import { commentRequest, deleteRequest, readRequest } from '../support/access-path.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What the clients live among; all of it outlives Sallyport's process. */
export interface Surroundings {
  readonly ticketingUrl: string;
  as(persona: PersonaId, options?: SallyportTokenOptions): Promise<ApiClient>;
}

/** What Sallyport has answered about one case, and is held to. */
export interface Promises {
  readonly requestId: string;
  readonly votes: Map<PersonaId, 'approve' | 'deny'>;
  /** The credential of each claim that was answered with one. */
  readonly tokens: string[];
  wasReturned: boolean;
}

/** Something that must not be, seen by a client or in what Sallyport keeps. */
export class Violation extends Error {
  override name = 'Violation';
}

/** Shows a credential to the target for what it was granted; what is deleted there is not there. */
export function use(target: ApiClient, permissions: readonly string[], comment: string): Promise<ApiAnswer> {
  if (permissions.includes('tickets:comment'))
    return target.post('/projects/OPS/tickets/OPS-1/comments', { body: comment });
  return permissions.includes('tickets:delete')
    ? target.delete('/projects/OPS/tickets/OPS-0')
    : target.get('/projects/OPS/tickets');
}

interface Plot {
  readonly requester: PersonaId;
  readonly for?: PersonaId;
  readonly request: {
    readonly target: string;
    readonly permissions: readonly string[];
    readonly duration: string;
  };
  readonly voters: readonly PersonaId[];
  /** The vote of the last of them. */
  readonly decision?: 'deny';
  readonly ending: 'gives back' | 'lets it expire';
}

const readAtOnce: Plot = { requester: 'engineer', request: readRequest, voters: [], ending: 'gives back' };
const commentWhenApproved: Plot = {
  requester: 'triage-bot',
  for: 'engineer',
  request: commentRequest,
  voters: ['owner'],
  ending: 'gives back',
};
const deleteWhenApproved: Plot = {
  requester: 'engineer',
  request: deleteRequest,
  voters: ['owner', 'second-owner'],
  ending: 'gives back',
};
/** Long enough to be claimed and used, short enough to end within a few restarts. */
const readForSeconds: Plot = {
  requester: 'deploy-bot',
  request: { ...readRequest, duration: 'PT4S' },
  voters: [],
  ending: 'lets it expire',
};
const commentForSeconds: Plot = {
  ...commentWhenApproved,
  request: { ...commentRequest, duration: 'PT5S' },
  ending: 'lets it expire',
};
const denied: Plot = { ...deleteWhenApproved, decision: 'deny' };

const plots = [
  readAtOnce,
  commentWhenApproved,
  deleteWhenApproved,
  readForSeconds,
  commentForSeconds,
  denied,
] as const;

/** A client that cannot be answered for this long will not be. */
const GIVES_UP_AFTER_MILLISECONDS = 30_000;
const RETRIES_AFTER_MILLISECONDS = 50;
const POLLS_EVERY_MILLISECONDS = 100;
/** The longest that anybody thinks before they go on: longer than from one kill to the next. */
const LONGEST_PAUSE_MILLISECONDS = 3_000;
/** How much of a grant's time must be left for its credential to be expected to work. */
const MARGIN_MILLISECONDS = 1_500;

export interface StoryTools extends Surroundings {
  readonly random: SeededRandom;
  /** Does the next thing when the load is on. Once begun, it is gone through with. */
  turn<Answer>(act: () => Promise<Answer>): Promise<Answer>;
  /** Takes note of an acknowledged request, whose promises it gives. */
  acknowledge(requestId: string): Promises;
  /** Called at once when Sallyport has promised something more. */
  promised(): void;
  commented(body: string): void;
}

/** One case from its request to its end, as a client that does not give up goes through it. */
export class ClientStory {
  readonly #tools: StoryTools;
  readonly #plot: Plot;

  constructor(tools: StoryTools) {
    this.#tools = tools;
    this.#plot = tools.random.oneOf(plots);
  }

  async play(): Promise<void> {
    const promises = await this.#ask();
    await this.#vote(promises);
    if (this.#plot.decision !== 'deny') {
      const expiresAt = await this.#untilGranted(promises.requestId);
      await this.#claim(promises, expiresAt);
      await this.#use(promises, expiresAt);
      await this.#end(promises);
    }
    await this.#untilOver(promises.requestId);
  }

  async #ask(): Promise<Promises> {
    const { random } = this.#tools;
    const key = randomUUID();
    const submit = async () => {
      const requester = await this.#requester();
      const answer = await requester.post('/v1/access-requests', this.#plot.request, {
        'idempotency-key': key,
      });
      return expectStatus('asking', answer, [202]);
    };
    const { id } = (await this.#insist(submit)).body.task;
    const promises = this.#tools.acknowledge(id);
    await this.#think();
    if (random.chance(0.3)) {
      const again = (await this.#insist(submit)).body.task.id;
      if (again !== id)
        throw new Violation(`one Idempotency-Key was answered with ${id}, then with ${again}`);
    }
    return promises;
  }

  async #vote({ requestId, votes }: Promises): Promise<void> {
    const { voters } = this.#plot;
    if (voters.length > 0)
      await this.#until(requestId, 'asks for approval', (task) => task.approval !== undefined);
    for (const [index, voter] of voters.entries()) {
      await this.#think();
      const decision = index === voters.length - 1 ? (this.#plot.decision ?? 'approve') : 'approve';
      await this.#insist(async () => {
        const approver = await this.#tools.as(voter);
        const path = `/v1/approvals/${caseIds.approvalOf(requestId)}/decision`;
        return expectStatus('voting', await approver.post(path, { decision }), [200]);
      });
      votes.set(voter, decision);
      this.#tools.promised();
    }
  }

  /** @returns when the grant expires, in milliseconds since the epoch */
  async #untilGranted(requestId: string): Promise<number> {
    const { grant } = await this.#until(requestId, 'grants', (task) => task.grant?.expires_at !== undefined);
    return Date.parse(grant.expires_at);
  }

  /** A claim whose answer was lost is spent: its credential was delivered to nobody. */
  async #claim(promises: Promises, expiresAt: number): Promise<void> {
    const { requestId } = promises;
    let tries = 0;
    const claim = async () => {
      tries += 1;
      return (await this.#requester()).post(`/v1/grants/${caseIds.grantOf(requestId)}/credential`);
    };
    const answer = await this.#insist(claim);
    if (answer.status === 200) this.#delivered(promises, answer);
    else if (tries === 1 && Date.now() < expiresAt - MARGIN_MILLISECONDS)
      throw new Violation(`the first claim was answered ${told(answer)}`);
    await this.#think();
    const again = await this.#insist(claim);
    if (again.status === 200) this.#delivered(promises, again);
    else expectStatus('claiming again', again, [409]);
  }

  #delivered({ tokens }: Promises, { body }: ApiAnswer): void {
    tokens.push(body.access_token);
    this.#tools.promised();
  }

  async #use({ requestId, tokens: [token] }: Promises, expiresAt: number): Promise<void> {
    if (token === undefined) return;
    const ticketing = new ApiClient(this.#tools.ticketingUrl, token);
    const answer = await this.#insist(() => use(ticketing, this.#plot.request.permissions, requestId));
    if (answer.status === 201) this.#tools.commented(requestId);
    const isRefused = answer.status === 401 || answer.status === 403;
    if (isRefused && Date.now() < expiresAt - MARGIN_MILLISECONDS)
      throw new Violation(`a credential that was just delivered was answered ${told(answer)}`);
  }

  async #end(promises: Promises): Promise<void> {
    await this.#think();
    if (this.#plot.ending === 'lets it expire') return;
    await this.#insist(async () => {
      const requester = await this.#requester();
      const answer = await requester.delete(`/v1/grants/${caseIds.grantOf(promises.requestId)}`);
      return expectStatus('giving back', answer, [202]);
    });
    promises.wasReturned = true;
    this.#tools.promised();
  }

  #untilOver(requestId: string): Promise<unknown> {
    return this.#until(
      requestId,
      'is over',
      ({ state, grant }) =>
        ['denied', 'failed'].includes(state) || ['ended', 'abandoned', 'unresolved'].includes(grant?.status),
    );
  }

  // biome-ignore lint/suspicious/noExplicitAny: clients look into the task
  async #until(requestId: string, what: string, isSo: (task: any) => boolean): Promise<any> {
    for (let polls = 0; polls * POLLS_EVERY_MILLISECONDS < GIVES_UP_AFTER_MILLISECONDS; polls += 1) {
      const { body } = await this.#insist(async () => {
        const requester = await this.#requester();
        return expectStatus('following', await requester.get(`/access/v1/requests/${requestId}`), [200]);
      });
      if (isSo(body.task)) return body.task;
      await wait(POLLS_EVERY_MILLISECONDS);
    }
    throw new Violation(`${requestId} never got so far that it ${what}`);
  }

  #requester(): Promise<ApiClient> {
    const { requester, for: person } = this.#plot;
    return this.#tools.as(requester, person === undefined ? {} : { for: person });
  }

  /** Tries again, as clients do, where there was no answer, or one that says that it was not Sallyport's day. */
  #insist(call: () => Promise<ApiAnswer>): Promise<ApiAnswer> {
    return this.#tools.turn(() => untilAnswered(call));
  }

  #think(): Promise<void> {
    const { random } = this.#tools;
    return wait(random.chance(0.5) ? 0 : random.upTo(LONGEST_PAUSE_MILLISECONDS));
  }
}

async function untilAnswered(call: () => Promise<ApiAnswer>): Promise<ApiAnswer> {
  const givesUpAt = performance.now() + GIVES_UP_AFTER_MILLISECONDS;
  for (let trouble: unknown; ; ) {
    try {
      const answer = await call();
      if (answer.status < 500) return answer;
      trouble = told(answer);
    } catch (error) {
      if (error instanceof Violation) throw error;
      trouble = error;
    }
    if (performance.now() > givesUpAt) throw new Violation(`a client was never answered: ${trouble}`);
    await wait(RETRIES_AFTER_MILLISECONDS);
  }
}

function expectStatus(doing: string, answer: ApiAnswer, expected: readonly number[]): ApiAnswer {
  if (answer.status >= 500 || expected.includes(answer.status)) return answer;
  throw new Violation(`${doing} was answered ${told(answer)}`);
}

const told = ({ status, body }: ApiAnswer) => `${status} ${JSON.stringify(body ?? '')}`;
