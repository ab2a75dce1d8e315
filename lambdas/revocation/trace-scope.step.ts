import { type Grant, grantType, isOver as isGrantOver, liveUnderList } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { type Deployment, findTarget } from '../platform/deployment.ts';
import { creation, replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { principalType } from '../verification/principal.ts';
import { isLive, sessionType } from '../verification/session.ts';
import {
  ITEMS_A_PAGE,
  pageId,
  type Revocation,
  type RevocationPage,
  revocationPageType,
  revocationType,
  type Trace,
  takesOwnedAlong,
} from './revocation.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

interface TraceOutput {
  /** Whether the pass has been through. The step after it begins another one. */
  outcome: 'more' | 'done';
  dryRun: boolean;
  /** The page that this step has made. */
  grantPage?: number | undefined;
  sessionPage?: number | undefined;
}

/** How many lists one step looks into at most, so that it ends in its time where they are empty. */
const MOST_LOOKS = 24;

/**
 * Finds what a containment concerns, a page a step: the grants that have not ended under its scope, their parts, the
 * sessions. Each list is read from where the step before has left it, so that what is read is in proportion to what is
 * concerned. A step that is made again answers as it did.
 *
 * A leaked credential takes along what else was asked for in its session (`docs/adr/0027`).
 *
 * A later pass looks only for what is active: what became so while the pass before it looked.
 */
export function traceScope({ deployment, ledger, clock }: Dependencies) {
  return async (input: { revocationId: string; step: number }): Promise<TraceOutput> => {
    const stored = await ledger.read(revocationType, input.revocationId);
    if (stored === undefined)
      throw new BrokenInvariant('A workflow runs for a revocation that is not recorded');
    const revocation = stored.entity;
    if (revocation.traced.steps >= input.step) return outputOf(revocation);
    const before: Trace = revocation.trace ?? { pass: revocation.traced.passes + 1, phase: 'grants' };
    const { kind, ids, after, secrets } = await look(revocation, before);
    const found = ids.length === 0 ? undefined : { page: revocation.pages + 1, kind };
    const { trace: _, ...rest } = revocation;
    const next: Revocation = {
      ...rest,
      ...(after === undefined ? {} : { trace: after }),
      traced: {
        steps: input.step,
        passes: after === undefined ? before.pass : revocation.traced.passes,
        ...(found === undefined ? {} : { found }),
      },
      pages: revocation.pages + (found === undefined ? 0 : 1),
      counts: {
        grants: revocation.counts.grants + (kind === 'grant' ? ids.length : 0),
        sessions: revocation.counts.sessions + (kind === 'session' ? ids.length : 0),
      },
      secrets: [
        ...revocation.secrets,
        ...secrets
          .filter((id) => revocation.secrets.every((secret) => secret.id !== id))
          .map((id) => ({ id, status: 'exposed' as const })),
      ],
    };
    const page: RevocationPage | undefined = found && {
      id: pageId(revocation.id, found.page),
      revocation: revocation.id,
      number: found.page,
      kind,
      ids: [...ids],
      told: {},
    };
    await ledger.commit({
      chain: revocation.id,
      event: caseEvent(
        clock,
        revocation.txn,
        'revocation.traced',
        { service: 'trace-scope' },
        {
          pass: before.pass,
          ...(found === undefined
            ? {}
            : { page: found.page, [kind === 'grant' ? 'grants' : 'sessions']: [...ids] }),
        },
      ),
      changes: [
        replacement(revocationType, stored, next),
        ...(page === undefined ? [] : [creation(revocationPageType, page)]),
      ],
    });
    return outputOf(next);
  };

  interface Look {
    readonly kind: RevocationPage['kind'];
    readonly ids: readonly string[];
    /** Managed secrets that were given out under what was found. */
    readonly secrets: readonly string[];
    /** Where the next step goes on; undefined where the pass is through. */
    readonly after: Trace | undefined;
  }

  async function look(revocation: Revocation, from: Trace): Promise<Look> {
    let trace: Trace | undefined = from;
    let { phase } = from;
    const ids = new Set<string>();
    const secrets = new Set<string>();
    for (let looks = 0; looks < MOST_LOOKS && ids.size < ITEMS_A_PAGE && trace !== undefined; looks += 1) {
      // A page holds things of one kind, and what is looked for under a page of grants needs that page to be there.
      if (trace.phase !== phase && ids.size > 0) break;
      phase = trace.phase;
      const room = ITEMS_A_PAGE - ids.size;
      const found: Glance = await glance(revocation, trace, room);
      for (const id of found.ids) ids.add(id);
      for (const id of found.secrets ?? []) secrets.add(id);
      trace = found.after;
    }
    const kind = phase === 'sessions' ? 'session' : 'grant';
    return { kind, ids: [...ids], secrets: [...secrets], after: trace };
  }

  interface Glance {
    readonly ids: readonly string[];
    readonly secrets?: readonly string[];
    readonly after: Trace | undefined;
  }

  function glance(revocation: Revocation, trace: Trace, room: number): Promise<Glance> {
    switch (trace.phase) {
      case 'grants':
        return glanceAtGrants(revocation, trace, room);
      case 'parts':
        return glanceAtParts(revocation, trace, room);
      case 'sessions':
        return glanceAtSessions(revocation, trace, room);
    }
  }

  async function glanceAtGrants(revocation: Revocation, trace: Trace, room: number): Promise<Glance> {
    const root = await rootAfter(revocation, trace.root);
    if (root === undefined) return { ids: [], after: phaseAfterGrants(revocation, trace) };
    const { items, next } =
      root.list !== undefined
        ? await ledger.list(grantType, root.list, {
            limit: room,
            ...(trace.after === undefined ? {} : { after: trace.after }),
          })
        : { items: await single(root.grant), next: undefined };
    const grants = items.filter(
      (grant) => isWanted(grant, trace.pass) && !isUnderAnEarlierRoot(revocation, root.place, grant),
    );
    return {
      ids: grants.map(({ id }) => id),
      secrets: grants.flatMap(secretOf),
      after:
        next === undefined
          ? { pass: trace.pass, phase: trace.phase, root: root.place }
          : { ...trace, after: next },
    };
  }

  async function single(grantId: string): Promise<Grant[]> {
    const stored = await ledger.read(grantType, grantId);
    return stored === undefined ? [] : [stored.entity];
  }

  /** Of each grant that was found, those that are a part of it, which may have been asked for elsewhere. */
  async function glanceAtParts(revocation: Revocation, trace: Trace, room: number): Promise<Glance> {
    const { page = 1, item = 0, lastPage = revocation.pages } = trace;
    if (page > lastPage) return { ids: [], after: { pass: trace.pass, phase: 'sessions' } };
    const grants = (await ledger.read(revocationPageType, pageId(revocation.id, page)))?.entity;
    const parent = grants?.kind === 'grant' ? grants.ids[item] : undefined;
    if (parent === undefined)
      return { ids: [], after: { pass: trace.pass, phase: 'parts', page: page + 1, item: 0, lastPage } };
    const { items, next } = await ledger.list(
      grantType,
      { kind: 'LIVE_UNDER', name: liveUnderList.ancestor(parent) },
      { limit: room, ...(trace.after === undefined ? {} : { after: trace.after }) },
    );
    const parts = items.filter((grant) => isWanted(grant, trace.pass) && !isInScopeItself(revocation, grant));
    const here = { pass: trace.pass, phase: 'parts' as const, page, item, lastPage };
    return {
      ids: parts.map(({ id }) => id),
      secrets: parts.flatMap(secretOf),
      after: next === undefined ? { ...here, item: item + 1 } : { ...here, after: next },
    };
  }

  async function glanceAtSessions(revocation: Revocation, trace: Trace, room: number): Promise<Glance> {
    switch (revocation.scope.kind) {
      // What is known of a target or a secret says nothing against the sessions of those who use it.
      case 'target':
      case 'secret':
        return { ids: [], after: undefined };
      case 'principal':
      case 'owner':
      case 'suspended':
        return glanceAtSessionsOfParties(revocation, trace, room);
      case 'session':
      case 'grant':
      case 'credential':
        return glanceAtSessionsOfGrants(revocation, trace, room);
    }
  }

  async function glanceAtSessionsOfParties(
    revocation: Revocation,
    trace: Trace,
    room: number,
  ): Promise<Glance> {
    const root = await rootAfter(revocation, trace.root);
    if (root === undefined || !('party' in root)) return { ids: [], after: undefined };
    const { items, next } = await ledger.list(
      sessionType,
      { kind: 'SESSIONS_OF', name: root.party },
      { limit: room, ...(trace.after === undefined ? {} : { after: trace.after }) },
    );
    const now = epochSeconds(clock);
    return {
      ids: items.filter((session) => isLive(session, now)).map(({ id }) => id),
      after:
        next === undefined
          ? { pass: trace.pass, phase: trace.phase, root: root.place }
          : { ...trace, after: next },
    };
  }

  /** The sessions that are themselves the scope, then those in which the grants were asked for, a page of them at a time. */
  async function glanceAtSessionsOfGrants(
    revocation: Revocation,
    trace: Trace,
    room: number,
  ): Promise<Glance> {
    const { page = 0, item = 0 } = trace;
    const here = { pass: trace.pass, phase: 'sessions' as const };
    const nextPage = page >= revocation.pages ? undefined : { ...here, page: page + 1 };
    const within = <Thing>(things: readonly Thing[]) => ({
      things: things.slice(item, item + room),
      after: item + room < things.length ? { ...here, page, item: item + room } : nextPage,
    });
    const own = sessionsIn(revocation);
    if (page === 0) {
      const { things, after } = within(own);
      return { ids: await live(things), after };
    }
    const grants = (await ledger.read(revocationPageType, pageId(revocation.id, page)))?.entity;
    if (grants?.kind !== 'grant') return { ids: [], after: nextPage };
    const { things, after } = within(grants.ids);
    const found = await ledger.readAll(things.map((id) => [grantType, id] as const));
    const sessions = new Set(found.flatMap((stored) => stored?.entity.session ?? []));
    const before = await sessionsFoundBefore(revocation);
    return { ids: await live([...sessions].filter((id) => !own.includes(id) && !before.has(id))), after };
  }

  async function sessionsFoundBefore({ id, pages }: Revocation): Promise<ReadonlySet<string>> {
    const found = await ledger.readAll(
      Array.from({ length: pages }, (_, index) => [revocationPageType, pageId(id, index + 1)] as const),
    );
    return new Set(found.flatMap((stored) => (stored?.entity.kind === 'session' ? stored.entity.ids : [])));
  }

  async function live(ids: readonly string[]): Promise<string[]> {
    const now = epochSeconds(clock);
    const found = await ledger.readAll(ids.map((id) => [sessionType, id] as const));
    return found.flatMap((stored) =>
      stored !== undefined && isLive(stored.entity, now) ? [stored.entity.id] : [],
    );
  }

  /** The list of the scope that is read when the one at this place has been read through; undefined after the last. */
  async function rootAfter(revocation: Revocation, read: string | undefined): Promise<Root | undefined> {
    const { kind, id } = revocation.scope;
    switch (kind) {
      case 'principal':
        return read === undefined ? partyRoot(ONLY, id) : undefined;
      case 'owner':
      case 'suspended':
        return read === undefined ? partyRoot(OWNER, id) : ownedAfter(id, read);
      case 'target':
        return read === undefined
          ? { place: ONLY, list: { kind: 'LIVE_UNDER', name: liveUnderList.target(id) } }
          : undefined;
      case 'session':
      case 'credential': {
        const sessions = sessionsIn(revocation);
        const next = read === undefined ? sessions[0] : sessions[sessions.indexOf(read) + 1];
        return next === undefined
          ? undefined
          : { place: next, list: { kind: 'LIVE_UNDER', name: liveUnderList.session(next) } };
      }
      case 'grant':
        if (read === undefined) return { place: ONLY, grant: id };
        return read === ONLY
          ? { place: 'parts', list: { kind: 'LIVE_UNDER', name: liveUnderList.ancestor(id) } }
          : undefined;
      case 'secret':
        return targetOfSecretAfter(id, read ?? '');
    }
  }

  async function ownedAfter(owner: string, read: string): Promise<Root | undefined> {
    const { items } = await ledger.list(
      principalType,
      { kind: 'OWNED_BY', name: owner },
      { limit: 1, ...(read === OWNER ? {} : { after: read }) },
    );
    return items[0] && partyRoot(items[0].id, items[0].id);
  }

  /** The targets that give a managed secret out. */
  function targetOfSecretAfter(secret: string, read: string): Root | undefined {
    const next = deployment.targets
      .filter((target) => target.connector === 'secret' && target.secret === secret && target.id > read)
      .map(({ id }) => id)
      .sort()[0];
    return next === undefined
      ? undefined
      : { place: next, list: { kind: 'LIVE_UNDER', name: liveUnderList.target(next) } };
  }

  function secretOf({ target: id }: Grant): string[] {
    const target = findTarget(deployment, id);
    return target?.connector === 'secret' ? [target.secret] : [];
  }
}

/** One of the lists that a scope stands for, or a grant that is one, by its place among them. */
type Root =
  | { readonly place: string; readonly list: RootList; readonly party: string }
  | { readonly place: string; readonly list: RootList }
  | { readonly place: string; readonly list?: undefined; readonly grant: string };

interface RootList {
  readonly kind: 'LIVE_UNDER';
  readonly name: string;
}

const ONLY = 'only';
/** Before those of whatever the owner answers for, whose places are their ids. */
const OWNER = ' ';

function partyRoot(place: string, party: string): Root {
  return { place, list: { kind: 'LIVE_UNDER', name: liveUnderList.principal(party) }, party };
}

/** What principals and targets have under them, their lists hold whole: whoever has a part of a grant has a part in it. */
function phaseAfterGrants({ scope }: Revocation, { pass }: Trace): Trace {
  const looksForParts = scope.kind === 'session' || scope.kind === 'credential';
  return { pass, phase: looksForParts ? 'parts' : 'sessions' };
}

function isWanted(grant: Grant, pass: number): boolean {
  return pass === 1 ? !isGrantOver(grant) : grant.status === 'active' || grant.status === 'pending';
}

/** What an owner and something of theirs have in common is found under the owner. */
function isUnderAnEarlierRoot({ scope }: Revocation, place: string, { principal, actors }: Grant): boolean {
  return (
    takesOwnedAlong(scope) && place !== OWNER && [principal, ...actors].some(({ id }) => id === scope.id)
  );
}

/**
 * The sessions that a scope stands for. A leaked credential stands for those in which it was given out: whoever had the
 * one very likely had what else was given out there. Its own grant is among what was asked for in them.
 */
function sessionsIn({ scope, sessions }: Revocation): readonly string[] {
  return scope.kind === 'session' ? [scope.id] : sessions;
}

/** Whether a part of a grant is found by the scope itself. */
function isInScopeItself(revocation: Revocation, grant: Grant): boolean {
  return sessionsIn(revocation).includes(grant.session);
}

function outputOf({ trace, traced, dryRun }: Revocation): TraceOutput {
  const { found } = traced;
  return {
    outcome: trace === undefined ? 'done' : 'more',
    dryRun,
    ...(found?.kind === 'grant' ? { grantPage: found.page } : {}),
    ...(found?.kind === 'session' ? { sessionPage: found.page } : {}),
  };
}
