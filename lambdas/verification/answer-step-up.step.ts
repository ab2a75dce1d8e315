import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement, type Stored } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { notFound, Problem, tooManyAttempts } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { acrOf, assuranceOf } from './assurance.ts';
import {
  type Authenticator,
  authenticatorType,
  secondsUntilTry,
  withFailure,
  withSuccess,
} from './authenticator.ts';
import { type Caller, whoCalls } from './caller.ts';
import { type Evidence, evidenceDocument } from './evidence.ts';
import type { Passkeys } from './passkeys.port.ts';
import { isLive, type Presence, presenceIn, type Session, sessionType, whoIn } from './session.ts';
import type { IssuedToken, IssueSessionToken } from './session-token.ts';
import type { SessionWaiters } from './session-waiters.port.ts';
import { amrOf, isOpen, type StepUp, stepUpType } from './step-up.ts';
import type { StepUpResponse } from './step-ups.routes.ts';
import { stepOfCode } from './totp.ts';
import type { TotpSeeds } from './totp-seeds.port.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly passkeys: Passkeys;
  readonly totpSeeds: TotpSeeds;
  readonly issueToken: IssueSessionToken;
  readonly waiters: SessionWaiters;
  /** This deployment, which vouches for the evidence. */
  readonly issuer: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface AnsweredStepUp {
  readonly token: IssuedToken;
  readonly acr: string | undefined;
  readonly evidence: string;
}

/** What an answer was found to be: whose authenticator gave it, and what it proves. */
interface Shown {
  /** Undefined where the answer names none of those that were asked. */
  readonly authenticator?: Stored<Authenticator> | undefined;
  /** Undefined where it proves nothing. */
  readonly proof?: { readonly changed: Authenticator } & Pick<
    Evidence,
    'method' | 'amr' | 'phishingResistant'
  >;
}

/**
 * Takes the one answer to a step-up. In one transaction the step-up is spent, its authenticator counts the success
 * or the failure, and the session gets its evidence; a token is issued only then. Whatever is wrong with an answer,
 * it is refused alike.
 */
export function answerStepUp(dependencies: Dependencies) {
  const { ledger, passkeys, totpSeeds, issueToken, waiters, issuer, clock, ids } = dependencies;

  return async (caller: Caller, stepUpId: string, response: StepUpResponse): Promise<AnsweredStepUp> => {
    const passed = await rereadOnConflict(() => take(caller, stepUpId, response));
    if (passed === undefined) throw refused();
    const { session, presence, evidence } = passed;
    await waiters.notify(session.id);
    const now = epochSeconds(clock);
    const { aal } = assuranceOf(session, presence, now);
    return { token: await issueToken(session, presence, now), acr: acrOf(aal), evidence: evidence.id };
  };

  /** @returns undefined where the answer was recorded as a failure */
  async function take(
    caller: Caller,
    stepUpId: string,
    response: StepUpResponse,
  ): Promise<{ session: Session; presence: Presence; evidence: Evidence } | undefined> {
    const now = epochSeconds(clock);
    const stepUp = await ledger.read(stepUpType, stepUpId);
    if (stepUp === undefined || !isAskedOf(caller, stepUp.entity)) throw notFound('step-up');
    const [session, ...asked] = await ledger.readAll([
      [sessionType, stepUp.entity.session],
      ...stepUp.entity.authenticators.map((id) => [authenticatorType, id] as const),
    ]);
    const presence = session && presenceIn(session.entity, stepUp.entity.channel, []);
    if (session === undefined || presence === undefined || !isLive(session.entity, now))
      throw notFound('step-up');
    if (!isOpen(stepUp.entity, now)) throw refused();

    const shown = await shownBy(response, stepUp.entity, asked, now);
    if (shown.proof === undefined || shown.authenticator === undefined) {
      await recordFailure(caller, stepUp, shown.authenticator, now);
      return undefined;
    }
    const { changed, ...proof } = shown.proof;
    const evidence: Evidence = {
      ...proof,
      id: ids.next(),
      of: session.entity.principal.id,
      channel: stepUp.entity.channel,
      givenBeside: [],
      issuer,
      authenticator: changed.id,
      observedAtEpochSeconds: now,
      expiresAtEpochSeconds: session.entity.expiresAtEpochSeconds,
    };
    const next: Session = { ...session.entity, evidence: [...session.entity.evidence, evidence] };
    await ledger.commit({
      chain: next.id,
      event: caseEvent(
        clock,
        next.txn,
        'evidence.added',
        whoIn(next, presence, assuranceOf(next, presence, now)),
        { evidence: [evidenceDocument(evidence)], step_up: stepUp.entity.id },
      ),
      changes: [
        replacement(sessionType, session, next),
        replacement(stepUpType, stepUp, { ...stepUp.entity, status: 'passed' }),
        replacement(authenticatorType, shown.authenticator, changed),
      ],
    });
    return { session: next, presence, evidence };
  }

  async function shownBy(
    response: StepUpResponse,
    stepUp: StepUp,
    asked: readonly (Stored<Authenticator> | undefined)[],
    now: number,
  ): Promise<Shown> {
    if (response.method !== stepUp.method) return {};
    if (response.method === 'passkey') {
      const { credential } = response;
      const authenticator = asked.find(
        (one) => one?.entity.kind === 'passkey' && one.entity.credentialId === credential.id,
      );
      const passkey = authenticator?.entity;
      if (passkey?.kind !== 'passkey' || passkey.status !== 'active') return {};
      const verified = await passkeys.verifyAssertion(stepUp.id, credential, passkey);
      if (verified === undefined) return { authenticator };
      const changed = withSuccess({ ...passkey, ...verified });
      return {
        authenticator,
        proof: { changed, method: 'passkey', amr: amrOf(passkey), phishingResistant: true },
      };
    }
    const [authenticator] = asked;
    const totp = authenticator?.entity;
    if (totp?.kind !== 'totp' || totp.status !== 'active') return {};
    const wait = secondsUntilTry(totp, now);
    if (wait > 0) throw tooManyAttempts(wait);
    const step = stepOfCode(await totpSeeds.seedOf(totp.id), response.code, now);
    // A code counts once, and none that is older than one that has counted (RFC 6238 §5.2).
    if (step === undefined || step <= totp.lastStep) return { authenticator };
    const changed = withSuccess({ ...totp, lastStep: step });
    return { authenticator, proof: { changed, method: 'otp', amr: ['otp'], phishingResistant: false } };
  }

  async function recordFailure(
    caller: Caller,
    stepUp: Stored<StepUp>,
    authenticator: Stored<Authenticator> | undefined,
    now: number,
  ): Promise<void> {
    const after = authenticator && withFailure(authenticator.entity, now);
    await ledger.commit({
      chain: stepUp.entity.session,
      event: caseEvent(
        clock,
        caller.txn,
        after?.status === 'locked' ? 'authenticator.locked' : 'step-up.failed',
        whoCalls(caller),
        {
          step_up: stepUp.entity.id,
          ...(after === undefined
            ? {}
            : { authenticator: after.id, consecutive_failures: after.consecutiveFailures }),
        },
      ),
      changes: [
        replacement(stepUpType, stepUp, { ...stepUp.entity, status: 'failed' }),
        ...(authenticator === undefined || after === undefined
          ? []
          : [replacement(authenticatorType, authenticator, after)]),
      ],
    });
  }
}

/** A step-up is answered where it was asked: by its principal, in the same session and channel, by nobody for them. */
function isAskedOf(caller: Caller, stepUp: StepUp): boolean {
  return (
    caller.session === stepUp.session &&
    caller.channel === stepUp.channel &&
    caller.principal.id === stepUp.principal &&
    caller.actors.length === 0
  );
}

function refused(): Problem {
  return new Problem(
    400,
    'step-up-refused',
    'The answer is not accepted',
    'It proves nothing, or the step-up is over. Ask for a new one.',
  );
}
