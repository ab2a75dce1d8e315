import { setTimeout as wait } from 'node:timers/promises';
import type { RevocationDocument } from '../lambdas/revocation/revocations.routes.ts';
import type { ApiClient } from './api-client.ts';

const LONGEST_WAIT_MILLISECONDS = 20_000;
const POLL_MILLISECONDS = 50;

/** A containment with its items, as far as one page shows them. */
export type FollowedRevocation = RevocationDocument & {
  readonly items: NonNullable<RevocationDocument['items']>;
};

/** Follows a containment until its status is one of these; fails after twenty seconds of the machine's time. */
export async function followRevocation(
  responder: ApiClient,
  id: string,
  until: readonly RevocationDocument['status'][],
): Promise<FollowedRevocation> {
  const givesUpAt = performance.now() + LONGEST_WAIT_MILLISECONDS;
  for (;;) {
    const { body } = await responder.get(`/v1/revocations/${id}?limit=100`);
    if (until.includes(body.revocation.status)) return body.revocation;
    if (performance.now() > givesUpAt)
      throw new Error(`Revocation ${id} has not got there: ${JSON.stringify(body.revocation)}`);
    await wait(POLL_MILLISECONDS);
  }
}
