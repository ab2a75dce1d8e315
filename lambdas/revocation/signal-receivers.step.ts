import { grantType } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment, SignalReceiver } from '../platform/deployment.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { sideBySide } from '../platform/side-by-side.ts';
import type { Signer } from '../platform/signer.port.ts';
import { sessionType } from '../verification/session.ts';
import { type PageInput, type PageOutput, readPage } from './read-page.ts';
import { pageId, type Revocation, type RevocationPage, revocationPageType } from './revocation.ts';
import { credentialRevoked, type SecurityEvent, sessionRevoked } from './security-event.ts';
import type { SignalDelivery } from './signal-delivery.port.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly signer: Signer;
  readonly delivery: SignalDelivery;
  readonly issuer: string;
  readonly clock: Clock;
}

/** A receiver gets so many at a time. */
const MOST_AT_ONCE = 8;
/** A call begins no further delivery after this long, so that it ends within the function's own time. */
const BEGINS_FOR_MILLISECONDS = 6000;

type Tell = (receiver: SignalReceiver) => SecurityEvent;

/**
 * Tells every receiver of a page of sessions and grants that were revoked, one Security Event Token each. What a
 * receiver has confirmed is recorded, and not sent to it again.
 * @returns how many of its receivers have not confirmed all of the page
 */
export function signalReceivers({ deployment, ledger, signer, delivery, issuer, clock }: Dependencies) {
  return async (input: PageInput): Promise<PageOutput> => {
    const { revocation, page } = await readPage(ledger, input);
    const waiting = deployment.signalReceivers.filter(({ id }) => untold(page, id).length > 0);
    if (waiting.length === 0) return { page: input.page, open: 0 };
    const tells = await tellsOf(revocation, page);
    const beginsUntil = clock.nowEpochMilliseconds() + BEGINS_FOR_MILLISECONDS;
    const told = { ...page.told };
    for (const receiver of waiting)
      told[receiver.id] = [
        ...(told[receiver.id] ?? []),
        ...(await deliver(receiver, page, tells, beginsUntil)),
      ];
    await record(revocation, page, told);
    const open = waiting.filter(({ id }) => untold({ ...page, told }, id).length > 0).length;
    return { page: input.page, open };
  };

  /** @returns the places of those that the receiver has confirmed. One that does not answer is not asked on and on. */
  async function deliver(
    receiver: SignalReceiver,
    page: RevocationPage,
    tells: readonly (Tell | undefined)[],
    beginsUntil: number,
  ): Promise<number[]> {
    let answers = true;
    const delivered = await sideBySide(untold(page, receiver.id), MOST_AT_ONCE, async (place) => {
      if (!answers || clock.nowEpochMilliseconds() >= beginsUntil) return [];
      const tell = tells[place];
      // What is not there any more has nobody to be told of.
      if (tell === undefined) return [place];
      const isDelivered = await delivery.deliver(receiver, await signer.sign('secevent+jwt', tell(receiver)));
      answers &&= isDelivered;
      return isDelivered ? [place] : [];
    });
    return delivered.flat();
  }

  async function tellsOf(revocation: Revocation, page: RevocationPage): Promise<(Tell | undefined)[]> {
    const nowEpochSeconds = epochSeconds(clock);
    const told = (receiver: SignalReceiver) => ({ issuer, revocation, receiver, nowEpochSeconds });
    if (page.kind === 'grant') {
      const grants = await ledger.readAll(page.ids.map((id) => [grantType, id] as const));
      return grants.map(
        (stored) => stored && ((receiver) => credentialRevoked(told(receiver), stored.entity)),
      );
    }
    const sessions = await ledger.readAll(page.ids.map((id) => [sessionType, id] as const));
    return sessions.map((stored) => stored && ((receiver) => sessionRevoked(told(receiver), stored.entity)));
  }

  /** In a chain of the page: many pages are told at the same time. */
  async function record(
    revocation: Revocation,
    page: RevocationPage,
    told: RevocationPage['told'],
  ): Promise<void> {
    const stored = await ledger.read(revocationPageType, pageId(revocation.id, page.number));
    if (stored === undefined) throw new BrokenInvariant('A page of a revocation is gone');
    await ledger.commit({
      chain: `${revocation.id}-signals-${page.number}`,
      ...(stored.version === 1 ? { opens: true as const } : {}),
      event: caseEvent(
        clock,
        revocation.txn,
        'receivers.signalled',
        { service: 'signal-receivers' },
        {
          revocation: revocation.id,
          page: page.number,
          delivered: Object.fromEntries(
            Object.entries(told).map(([receiver, places]) => [
              receiver,
              places.map((place) => page.ids[place] ?? ''),
            ]),
          ),
        },
      ),
      changes: [replacement(revocationPageType, stored, { ...stored.entity, told })],
    });
  }
}

function untold({ ids, told }: RevocationPage, receiver: string): number[] {
  const known = told[receiver] ?? [];
  return ids.flatMap((_, place) => (known.includes(place) ? [] : [place]));
}
