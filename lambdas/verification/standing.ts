import type { Channel } from '../platform/channel.ts';
import type { Target } from '../platform/deployment.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Assurance, assuranceOf, type ProvenFacts } from './assurance.ts';
import { principalsWanted, withOwners } from './directory.ts';
import { isTargetFrozen, targetFreezesWanted } from './freeze.ts';
import { type Ineligibility, ineligibility, type Principal } from './principal.ts';
import {
  isLive,
  type PartyReference,
  type Presence,
  presenceIn,
  provenByActors,
  type Session,
  sessionType,
} from './session.ts';

/** Who asked, as they stand now: in good standing, or why nothing may be granted to them. */
export type Standing =
  | {
      readonly session: Session;
      /** The session in the channel where they asked. */
      readonly presence: Presence;
      readonly assurance: Assurance;
      /** What each person who acts for the principal has proven of themself, by their id. */
      readonly provenByActors: Readonly<Record<string, ProvenFacts>>;
      /** The principal, then those who act for it, nearest first. */
      readonly parties: readonly [Principal, ...Principal[]];
    }
  | {
      readonly refused: Ineligibility | 'session_ended' | 'target_frozen';
      readonly session: Session | undefined;
    };

/**
 * Reads how the parties of a session stand at this moment, and the target that they want if it is named: one read, or
 * two where the owner of an NHI is not among them.
 */
export async function standingOf(
  ledger: Pick<Ledger, 'readAll'>,
  of: {
    readonly session: string;
    readonly principal: PartyReference;
    readonly actors: readonly PartyReference[];
    readonly channel: Channel;
  },
  nowEpochSeconds: number,
  target?: Target,
): Promise<Standing> {
  const ids = [of.principal.id, ...of.actors.map(({ id }) => id)];
  const [stored, ...found] = await ledger.readAll([
    [sessionType, of.session],
    ...principalsWanted(ids),
    ...(target === undefined ? [] : targetFreezesWanted(target)),
  ]);
  const session = stored?.entity;
  const presence = session && presenceIn(session, of.channel, of.actors);
  if (session === undefined || presence === undefined || !isLive(session, nowEpochSeconds))
    return { refused: 'session_ended', session };
  const known = await withOwners(ledger, found);
  const refused = ids.map((id) => ineligibility(id, known)).find((reason) => reason !== undefined);
  if (refused !== undefined) return { refused, session };
  if (target !== undefined && isTargetFrozen(target, found)) return { refused: 'target_frozen', session };
  return {
    session,
    presence,
    assurance: assuranceOf(session, presence, nowEpochSeconds),
    provenByActors: provenByActors(session, presence, nowEpochSeconds),
    parties: ids.flatMap((id) => known.get(id) ?? []) as [Principal, ...Principal[]],
  };
}
