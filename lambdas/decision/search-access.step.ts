import { createHash } from 'node:crypto';
import { gatheredReads } from '../platform/gathered-reads.ts';
import type { Ledger, Page } from '../platform/ledger.port.ts';
import type { PageCursors } from '../platform/page-cursor.port.ts';
import type { Caller } from '../verification/caller.ts';
import { PrincipalKind, principalType } from '../verification/principal.ts';
import type { EvaluationBody } from './authzen.routes.ts';
import { evaluateAccess } from './evaluate-access.step.ts';
import type { PolicyEngine } from './policy-engine.port.ts';
import { requireRightToAsk, saysTooMuch } from './question.ts';
import { findResource, isPermissionOf, TARGET } from './resource.ts';
import type { ActionSearchBody, ResourceSearchBody, SubjectSearchBody } from './search.routes.ts';

/** One page looks at so many candidates, however few of them are permitted: it has its price in reads and time. */
const MOST_CANDIDATES = 100;
const USUAL_LIMIT = 25;

type Evaluating = Parameters<typeof evaluateAccess>[0];
interface Dependencies extends Omit<Evaluating, 'ledger'> {
  readonly ledger: Evaluating['ledger'] & Pick<Ledger, 'list'>;
  readonly cursors: PageCursors;
}

type Search = SubjectSearchBody | ResourceSearchBody | ActionSearchBody;

export interface SearchAnswer<Result> {
  readonly results: readonly Result[];
  readonly page: { readonly next_token: string };
}

/** What may be found: the question that decides it, and its place among the candidates. */
interface Candidate<Result> {
  readonly place: string;
  readonly question: EvaluationBody;
  readonly result: Result;
}

/** The candidates after a place, in the order of their places, at most `MOST_CANDIDATES`. */
type Candidates<Result> = (
  after: string | undefined,
  engine: PolicyEngine,
) => Promise<Page<Candidate<Result>>>;

/**
 * The three searches of AuthZEN: what is found is what an evaluation of the same question permits, a page by the same
 * policies.
 * @throws Problem 403 where somebody asks about others who is no enforcement point; 400 where the page's token is not
 * of this search
 */
export function searchAccess(dependencies: Dependencies) {
  const { deployment, policies, ledger, cursors } = dependencies;

  return {
    /** Who may do this: a page of the principals of a kind. Each is judged with nothing proven. */
    async subjects(caller: Caller, body: SubjectSearchBody) {
      requireRightToAsk(caller, undefined, deployment.roles.enforcementPoints);
      const kind = PrincipalKind.safeParse(body.subject.type).data;
      if (kind === undefined) return nothing;
      return pageOf(caller, 'subject', body, async (after) => {
        const { items, ...more } = await ledger.list(
          principalType,
          { kind: 'PRINCIPALS', name: kind },
          { limit: MOST_CANDIDATES, ...(after === undefined ? {} : { after }) },
        );
        return {
          ...more,
          items: items.map(({ id }) => ({
            place: id,
            question: { ...body, subject: { ...body.subject, id } },
            result: { type: kind, id },
          })),
        };
      });
    },

    /** With what somebody may do this: of all types of resources only targets are known by their ids. */
    async resources(caller: Caller, body: ResourceSearchBody) {
      requireRightToAsk(caller, body.subject, deployment.roles.enforcementPoints);
      if (body.resource.type !== TARGET) return nothing;
      const targets = deployment.targets.map(({ id }) => id);
      return pageOf(caller, 'resource', body, async (after) =>
        candidatesAmong(targets, after, (id) => ({
          question: { ...body, resource: { ...body.resource, id } },
          result: { type: TARGET, id },
        })),
      );
    },

    /** What somebody may do with this. */
    async actions(caller: Caller, body: ActionSearchBody) {
      requireRightToAsk(caller, body.subject, deployment.roles.enforcementPoints);
      const kind = PrincipalKind.safeParse(body.subject.type).data;
      const resource = findResource(deployment, { type: body.resource.type, id: body.resource.id });
      if (kind === undefined || resource === undefined) return nothing;
      return pageOf(caller, 'action', body, async (after, engine) => {
        const actions = engine.actionsOn(resource.type, kind);
        const there = actions.filter((action) => isPermissionOf(resource, action));
        return candidatesAmong(there, after, (name) => ({
          question: { ...body, action: { name } },
          result: { name },
        }));
      });
    },
  };

  async function pageOf<Result>(
    caller: Caller,
    searched: keyof EvaluationBody,
    body: Search,
    candidates: Candidates<Result>,
  ): Promise<SearchAnswer<Result>> {
    if (saysTooMuch(body)) return nothing;
    const search = nameOf(caller, searched, body);
    const { token = '', limit = USUAL_LIMIT } = body.page ?? {};
    const after = token === '' ? undefined : await cursors.open(token, search);
    const engine = await policies.current();
    const { items, next } = await candidates(after, engine);
    const evaluate = evaluateAccess({
      ...dependencies,
      policies: { current: async () => engine },
      ledger: gatheredReads(ledger),
    });
    const answers = await Promise.all(items.map(({ question }) => evaluate(caller, question)));
    const permitted = items.filter((_, place) => answers[place]?.decision === true);
    const shown = permitted.slice(0, limit);
    const last = shown.length < permitted.length ? shown.at(-1)?.place : next;
    return {
      results: shown.map(({ result }) => result),
      page: { next_token: last === undefined ? '' : await cursors.seal(last, search) },
    };
  }
}

const nothing = { results: [], page: { next_token: '' } };

function candidatesAmong<Result>(
  ids: readonly string[],
  after: string | undefined,
  candidate: (id: string) => Omit<Candidate<Result>, 'place'>,
): Page<Candidate<Result>> {
  const rest = ids.filter((id) => after === undefined || id > after).sort();
  const items = rest.slice(0, MOST_CANDIDATES).map((id) => ({ place: id, ...candidate(id) }));
  const last = items.at(-1)?.place;
  return last === undefined || items.length === rest.length ? { items } : { items, next: last };
}

/** A token is good for the same search by the same caller: another one must not go on from it. */
function nameOf(caller: Caller, searched: keyof EvaluationBody, { page: _, ...asked }: Search): string {
  return createHash('sha256')
    .update(JSON.stringify([searched, caller.principal.id, asked]))
    .digest('base64url');
}
