import type { Revokers } from '../../lambdas/minting/connector.port.ts';
import { activate, type GrantIn, grantType } from '../../lambdas/minting/grant.ts';
import type { Ledger } from '../../lambdas/platform/ledger.port.ts';
import { closeSessions } from '../../lambdas/revocation/close-sessions.step.ts';
import { confirmContainment } from '../../lambdas/revocation/confirm-containment.step.ts';
import { endRights } from '../../lambdas/revocation/end-rights.step.ts';
import { freezeScope } from '../../lambdas/revocation/freeze-scope.step.ts';
import { releaseGrants } from '../../lambdas/revocation/release-grants.step.ts';
import { reportContainment } from '../../lambdas/revocation/report-containment.step.ts';
import { type Revocation, revocationType, type Scope } from '../../lambdas/revocation/revocation.ts';
import { revokeGrants } from '../../lambdas/revocation/revoke-grants.step.ts';
import { rotateExposedSecrets } from '../../lambdas/revocation/rotate-exposed-secrets.step.ts';
import { traceScope } from '../../lambdas/revocation/trace-scope.step.ts';
import { freezeType } from '../../lambdas/verification/freeze.ts';
import { clockAt, deployment, endingInVain, inert, NOW, pending, revokersThatFind } from './access-case.ts';
import type { InMemoryLedger } from './in-memory-ledger.ts';

export const REVOCATION_ID = 'rev-1';

export function revocationOf(scope: Scope, more: Partial<Revocation> = {}): Revocation {
  return {
    id: REVOCATION_ID,
    txn: 'txn-1',
    scope,
    sessions: [],
    reason: 'A test',
    dryRun: false,
    startedBy: { principal: { kind: 'user', id: 'olga' }, actors: [] },
    status: 'submitted',
    leg: 1,
    traced: { steps: 0, passes: 0 },
    pages: 0,
    counts: { grants: 0, sessions: 0 },
    secrets: [],
    unresolved: { grants: 0, sessions: 0, secrets: 0, signals: 0 },
    startedAtEpochMilliseconds: NOW * 1000,
    ...more,
  };
}

/** An active grant of a principal, with a live credential. */
export function liveGrant(
  number: number,
  principal: string,
  more: Partial<GrantIn<'active'>> = {},
): GrantIn<'active'> {
  const grant = activate(
    {
      ...pending(),
      id: `grant-${number}`,
      requestId: `req-${number}`,
      principal: { kind: 'user', id: principal },
      session: `session-${principal}`,
    },
    NOW,
  );
  return {
    ...grant,
    credential: {
      status: 'live',
      handle: grant.credential.handle,
      fingerprints: [`fingerprint-${number}`],
      issuedAtEpochSeconds: NOW,
      expiresAtEpochSeconds: NOW + 600,
    },
    ...more,
  };
}

export function seedRevocation(ledger: InMemoryLedger, revocation: Revocation): void {
  ledger.seed(revocationType, revocation);
  const { kind, id } = revocation.scope;
  if (kind === 'principal' || kind === 'owner')
    ledger.seed(freezeType, { id: `principal:${id}`, heldBy: { [kind]: revocation.id } });
}

interface Options {
  readonly revokers?: Revokers;
  readonly clock?: ReturnType<typeof clockAt>;
}

/** What the workflow does, in its order, on any ledger; each page until it is done. */
export async function contain(
  ledger: Ledger,
  { revokers = revokersThatFind('dead'), clock = clockAt() }: Options = {},
) {
  const metrics = { uncontainedIncident: () => {} };
  const each = { revocationId: REVOCATION_ID };
  const { outcome, steps, grantPages, sessionPages } = await freezeScope({ ledger, clock })({
    ...each,
    leg: 1,
  });
  if (outcome === 'over') return;
  const trace = traceScope({ deployment, ledger, clock });
  const dependencies = { deployment, ledger, clock, revokers, ...endingInVain };
  let step = steps;
  let openGrants = 0;
  let openSessions = 0;
  for (const page of grantPages) await endRights(dependencies)({ ...each, page });
  for (let found = true; found; ) {
    found = false;
    for (let done = false; !done; ) {
      step += 1;
      const traced = await trace({ ...each, step });
      done = traced.outcome === 'done';
      if (traced.grantPage !== undefined) grantPages.push(traced.grantPage);
      if (traced.sessionPage !== undefined) sessionPages.push(traced.sessionPage);
      found ||= traced.grantPage !== undefined || traced.sessionPage !== undefined;
    }
    openGrants = 0;
    openSessions = 0;
    for (const page of grantPages) await endRights(dependencies)({ ...each, page });
    for (const page of grantPages) openGrants += (await revokeGrants(dependencies)({ ...each, page })).open;
    for (const page of sessionPages)
      openSessions += (await closeSessions({ ledger, clock })({ ...each, page })).open;
  }
  const { open: secrets } = await rotateExposedSecrets({ ledger, clock, secrets: inert('SecretRotations') })(
    each,
  );
  await confirmContainment({ ledger, clock, metrics })({
    ...each,
    grants: openGrants,
    sessions: openSessions,
    secrets,
  });
  let unreleased = 0;
  for (const page of grantPages)
    unreleased += (await releaseGrants({ ledger, clock, workflow: endingInVain.workflow })({ ...each, page }))
      .open;
  await reportContainment({ ledger, clock, metrics })({ ...each, signals: 0, unreleased });
}

export async function grantStates(ledger: InMemoryLedger, ids: readonly string[]): Promise<string[]> {
  const found = await ledger.readAll(ids.map((id) => [grantType, id] as const));
  return found.map((stored) => stored?.entity.status ?? 'none');
}
