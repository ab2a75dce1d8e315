import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import { type FreezeHolder, freezeOf } from '../verification/freeze.ts';
import { PartyReference } from '../verification/session.ts';

/** What is known when a containment starts. Of a leaked credential only its fingerprint (SHA-256, hex) is kept. */
export const ScopeKind = z.enum([
  'principal',
  'owner',
  /** A person whom the directory has suspended, with all that they answer for: their status denies them, and no freeze. */
  'suspended',
  'session',
  'grant',
  'target',
  'secret',
  'credential',
]);
export type ScopeKind = z.infer<typeof ScopeKind>;

export const Scope = z.object({ kind: ScopeKind, id: z.string() });
export type Scope = z.infer<typeof Scope>;

/**
 * Where the search for what a containment concerns has got to. It goes through the phases in their order; a pass that
 * has found something is followed by another one, which looks for what came to be meanwhile.
 */
const Trace = z.object({
  pass: z.int().positive(),
  phase: z.enum(['grants', 'parts', 'sessions']),
  /** Which of the lists of the scope is being read, by its place among them. */
  root: z.string().optional(),
  /** The place in that list. */
  after: z.string().optional(),
  /** The page of grants whose parts or sessions are being looked for, and which of them. */
  page: z.int().optional(),
  item: z.int().optional(),
  /** The last page of grants whose parts are looked for: parts of parts are listed under all that they are a part of. */
  lastPage: z.int().optional(),
});
export type Trace = z.infer<typeof Trace>;

/** A managed secret that was exposed, and how far its rotation has got. */
const ExposedSecret = z.object({
  id: z.string(),
  rotation: z.string().optional(),
  status: z.enum(['exposed', 'rotating', 'rotated']),
});
export type ExposedSecret = z.infer<typeof ExposedSecret>;

/** What could not be confirmed, in numbers. */
export const Unresolved = z.object({
  grants: z.int(),
  sessions: z.int(),
  secrets: z.int(),
  /** Pages of what was not told to a receiver. */
  signals: z.int(),
});
export type Unresolved = z.infer<typeof Unresolved>;

export const RevocationStatus = z.enum([
  'submitted',
  'tracing',
  'revoking',
  'unresolved',
  'contained',
  'previewed',
]);
export type RevocationStatus = z.infer<typeof RevocationStatus>;

/** One run of the runbook that contains an incident. */
export const Revocation = z.object({
  id: z.string(),
  txn: z.string(),
  scope: Scope,
  /** Those that a leaked credential was given out in, or is a token of. */
  sessions: z.array(z.string()),
  reason: z.string(),
  dryRun: z.boolean(),
  startedBy: z.object({ principal: PartyReference, actors: z.array(PartyReference) }),
  status: RevocationStatus,
  /** The newest of its executions that is recorded: a run goes on from one to the next, leg by leg. */
  leg: z.int().positive(),
  /** Absent before the first search, and after each. */
  trace: Trace.optional(),
  /** How many calls of the search have been made, and what the last one found: one that is made again is told from the next. */
  traced: z.object({
    steps: z.int(),
    passes: z.int(),
    found: z.object({ page: z.int(), kind: z.enum(['grant', 'session']) }).optional(),
  }),
  /** How many pages of items there are. */
  pages: z.int(),
  counts: z.object({ grants: z.int(), sessions: z.int() }),
  secrets: z.array(ExposedSecret),
  unresolved: Unresolved,
  startedAtEpochMilliseconds: z.int(),
  /** From when on nothing under it was usable. */
  containedAtEpochMilliseconds: z.int().optional(),
  endedAtEpochMilliseconds: z.int().optional(),
  /** Since when its freeze is lifted. */
  liftedAtEpochMilliseconds: z.int().optional(),
});
export type Revocation = z.infer<typeof Revocation>;

/** A run as it is recorded first: nothing has been looked for. */
export function submitted(
  run: Pick<
    Revocation,
    'id' | 'txn' | 'scope' | 'sessions' | 'reason' | 'dryRun' | 'startedBy' | 'startedAtEpochMilliseconds'
  >,
  exposed: readonly string[],
): Revocation {
  return {
    ...run,
    status: 'submitted',
    leg: 1,
    traced: { steps: 0, passes: 0 },
    pages: 0,
    counts: { grants: 0, sessions: 0 },
    secrets: exposed.map((id) => ({ id, status: 'exposed' })),
    unresolved: { grants: 0, sessions: 0, secrets: 0, signals: 0 },
  };
}

/** The list of all runs. */
export const ALL_REVOCATIONS = 'all';

export const revocationType: EntityType<typeof Revocation> = {
  kind: 'REVOCATION',
  schema: Revocation,
  listEntries: (revocation) => [
    {
      kind: 'REVOCATIONS',
      list: ALL_REVOCATIONS,
      place: `${revocation.startedAtEpochMilliseconds}#${revocation.id}`,
      entityId: revocation.id,
    },
    ...(isOver(revocation)
      ? []
      : [
          {
            kind: 'DUE' as const,
            list: 'revocations',
            place: `${Math.floor(revocation.startedAtEpochMilliseconds / 1000)}#${revocation.id}`,
            entityId: revocation.id,
          },
        ]),
  ],
  requireSuccession: (before, after) => {
    if (isOver(before) && after.status !== before.status)
      throw new BrokenInvariant(`A change would open revocation ${before.id} again`);
  },
};

/** Whether nothing is left for it to do. */
export function isOver({ status }: Revocation): boolean {
  return status === 'contained' || status === 'previewed';
}

/** How many grants or sessions a page names: what one call of a function can end. */
export const ITEMS_A_PAGE = 50;

/** A part of what a run concerns. Pages are numbered from 1 without gaps, so that they need no list. */
export const RevocationPage = z.object({
  id: z.string(),
  revocation: z.string(),
  number: z.int().positive(),
  kind: z.enum(['grant', 'session']),
  ids: z.array(z.string()).min(1).max(ITEMS_A_PAGE),
  /** Of each receiver, the items that it has confirmed to have been told of, by their place in the page. */
  told: z.record(z.string(), z.array(z.int())),
});
export type RevocationPage = z.infer<typeof RevocationPage>;

export const revocationPageType: EntityType<typeof RevocationPage> = {
  kind: 'REVOCATION_PAGE',
  schema: RevocationPage,
};

export function pageId(revocationId: string, number: number): string {
  return `${revocationId}.${number}`;
}

/** The last run of a scope: while it is not over, whoever asks for the same is answered with it. */
const RevocationScope = z.object({ id: z.string(), revocation: z.string() });

export const revocationScopeType: EntityType<typeof RevocationScope> = {
  kind: 'REVOCATION_SCOPE',
  schema: RevocationScope,
};

export function scopeId({ kind, id }: Scope, dryRun: boolean): string {
  return `${dryRun ? 'preview' : 'run'}:${kind}:${id}`;
}

/** Whether it takes a person along with every non-human identity that they answer for. */
export function takesOwnedAlong({ kind }: Scope): boolean {
  return kind === 'owner' || kind === 'suspended';
}

/** What a run of this scope freezes. Sessions and grants need no freeze: their end is final. */
export function freezeFor(
  { kind, id }: Scope,
  exposed: readonly string[],
): readonly { readonly id: string; readonly holder: FreezeHolder }[] {
  switch (kind) {
    case 'principal':
      return [{ id: freezeOf.principal(id), holder: 'principal' }];
    case 'owner':
      return [{ id: freezeOf.principal(id), holder: 'owner' }];
    case 'target':
      return [{ id: freezeOf.target(id), holder: 'target' }];
    case 'secret':
    case 'credential':
      return exposed.map((secret) => ({ id: freezeOf.secret(secret), holder: 'secret' }));
    // Whom the directory lets in again is in again: nothing is left behind for a responder to lift.
    case 'suspended':
    case 'session':
    case 'grant':
      return [];
  }
}
